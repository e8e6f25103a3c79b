"""The shell scripts of a project that a container starts through."""
