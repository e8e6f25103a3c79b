"""Where a server listens, and where it is asked for."""
