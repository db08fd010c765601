"""One screen a file, its looks in the .kv of the same name."""
