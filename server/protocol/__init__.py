"""What tablet and server both import: the transition table, commands, records and the wire. Standard library only."""
