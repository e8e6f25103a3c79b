"""What a change of the base image, or of its line, brings along."""
