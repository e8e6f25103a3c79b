"""Packages that only developers need: which they are, and whether a shipped image gets or needs them."""
