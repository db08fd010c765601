"""Simulated tablets: the real core over a wire that can be as bad as a basement's, many at a time."""
