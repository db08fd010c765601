"""Acts of tablets that wait for a person: the board, the decision, and how the tablet hears of it."""
