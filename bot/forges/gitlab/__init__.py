"""GitLab, through python-gitlab: what a review reads there and what it writes."""

from bot.forges.gitlab.accounts import Accounts
from bot.forges.gitlab.adapter import GitLab
from bot.forges.gitlab.door import Door
from bot.forges.gitlab.gate import Gate

__all__ = ["Accounts", "Door", "Gate", "GitLab"]
