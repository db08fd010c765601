"""Handling crews: who may mend what, how far they are, how much they carry, and who is proposed for a case."""
