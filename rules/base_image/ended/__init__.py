"""Release lines that are over, and the way to one that is not."""
