"""Where a container has to write, and whether its account may."""
