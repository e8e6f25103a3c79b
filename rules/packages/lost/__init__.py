"""Packages that an image had before a change."""
