"""Failures of a RUN's commands that the build passes over."""
