"""GitLab, through python-gitlab: what a review reads there and what it writes."""

from bot.forges.gitlab.adapter import GitLab
from bot.forges.gitlab.door import Door

__all__ = ["Door", "GitLab"]
