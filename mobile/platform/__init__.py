"""What the tablet needs from the machine it runs on: a port each, with a desktop and an Android adapter."""
