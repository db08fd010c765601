"""One file a figure (or two that share all but a number); `FIGURES` lists its classes."""
