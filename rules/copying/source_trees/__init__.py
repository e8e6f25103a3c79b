"""The sources of a project on their way into an image."""
