"""Telling people and systems what became of a case: messages, letters, webhooks, and the log of exchanges."""
