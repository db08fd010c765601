"""Boundaries as the office changes them: drafts that are looked at, touched cases and people, confirmed or dropped."""
