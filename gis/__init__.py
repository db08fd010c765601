"""Boundary files in, checked, versioned and loaded; points routed in bulk; packages for tablets out."""
