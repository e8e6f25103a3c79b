"""The command `hullcheck`: the server, and the same review without a forge."""

from bot.cli.commands import main

__all__ = ["main"]
