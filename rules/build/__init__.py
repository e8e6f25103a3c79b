"""Rules about how a Dockerfile is written, what the builder makes of it, and how well its cache works."""
