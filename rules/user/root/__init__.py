"""Why an image runs as root, and who says so."""
