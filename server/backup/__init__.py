"""Backup and restore: database and photos of an installation as one consistent set, there and back."""
