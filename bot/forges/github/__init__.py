"""GitHub, through gidgethub: what a review reads there and what it writes."""

from bot.forges.github.adapter import GitHub
from bot.forges.github.tokens import App

__all__ = ["App", "GitHub"]
