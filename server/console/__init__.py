"""The desk's face: server-made pages for command centre, street office, community and crew; scripts only decorate."""

from server.console.wiring import install, router

__all__ = ["install", "router"]
