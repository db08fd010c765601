"""Things on the map: layers of lamps, hydrants, cameras; each layer has its readers and its log."""
