"""Rules about packages: what is installed, how, and what is left behind."""
