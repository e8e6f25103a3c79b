"""The programs that a start command names: whether they are there, and may run."""
