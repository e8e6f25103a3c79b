"""Libraries of the system: the headers of a build, and what the program needs of them when it runs."""
