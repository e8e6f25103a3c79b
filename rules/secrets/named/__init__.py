"""Secrets in variables and files, known by their names."""
