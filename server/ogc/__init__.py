"""The layers as OGC API – Features: QGIS and GDAL open them read-only with a token."""
