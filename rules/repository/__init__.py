"""What the rules know of a repository: its files, and what in them builds and starts images."""

from rules.repository.tree import Repository

__all__ = ["Repository"]
