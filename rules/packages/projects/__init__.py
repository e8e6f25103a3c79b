"""The files of a project that an install reads."""
