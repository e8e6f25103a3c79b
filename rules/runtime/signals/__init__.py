"""Process 1: who it is, and what becomes of a signal that is sent to it."""
