"""`python -m gis`: one file a command."""
