"""Compilers and other packages that serve builds alone."""
