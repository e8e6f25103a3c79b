"""The command that a container starts: its forms, its files and the folder it works in."""
