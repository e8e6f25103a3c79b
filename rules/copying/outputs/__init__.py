"""What builders make of a project: programs, archives, folders, and where each of them runs."""
