"""The map without tiles: grids, a light basemap and cases, panned by two shader uniforms."""

from mobile.ui.widgets.map.view import MapView, Mark

__all__ = ["MapView", "Mark"]
