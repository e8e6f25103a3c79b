"""What shells understand of a RUN, each in its own way."""
