"""The district's server: intake, routing, the case chain, sync with tablets, console and figures."""
