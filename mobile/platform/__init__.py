"""What the tablet needs from the machine it runs on: a port each, with an adapter for the desktop."""
