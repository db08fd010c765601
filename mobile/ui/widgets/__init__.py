"""The pieces that screens are made of; each file's looks are in the .kv of the same name."""
