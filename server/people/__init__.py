"""People, their offices and their ways in: organisations, memberships, API tokens, tablets, their codes."""
