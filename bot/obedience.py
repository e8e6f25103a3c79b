"""`/hullcheck` comments: who may command, and what is answered."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Final

from bot.forges.base import Gone

if TYPE_CHECKING:
    from bot.forges.base import Fence, Forge
    from bot.jobs import Command, Job

MAY_WRITE: Final = frozenset({"write", "admin"})

HELP: Final = """\
Hullcheck reviews the Dockerfiles of a {pull_request}. It obeys comments whose first line is one of these:

| Comment | Where | Who | What happens |
| --- | --- | --- | --- |
| `/hullcheck review` | here | the author, or write access | the newest commit is reviewed again |
| `/hullcheck ignore <reason>` | as an answer to a finding | write access | it is put aside and not said again |
| `/hullcheck help` | here | the author, or write access | this text |

A finding can also be silenced in the file itself, by `# hullcheck ignore=<rule> <reason>` above the instruction.\
"""
PUT_ASIDE: Final = "Put aside. It is not said again on this {pull_request}, and the summary lists it with who and why."


async def obey(job: Job, command: Command, forge: Forge, fence: Fence) -> bool:
    """Carry out a command and tell whether it asks for a review.

    Its author is told by a reaction: eyes when it is obeyed, a confused face when not. A command whose comment is gone
    was taken back.

    Args:
        job: The pull request.
        command: What is asked and by whom; the forge is asked what they may do.
        forge: Where.
        fence: Asked before each write.
    """
    allowed = await _may(job, command, forge)
    with suppress(Gone):
        await fence()
        await forge.acknowledge(job, command, refused=not allowed)
        if allowed and command.name != "review":
            text = HELP if command.name == "help" else PUT_ASIDE
            await fence()
            await forge.reply(job, command, text.format(pull_request=forge.terms.pull_request))
        return allowed and command.name != "help"
    return False


async def _may(job: Job, command: Command, forge: Forge) -> bool:
    """Tell whether a command's author may give it: write access, or for most of them being the author."""
    if await forge.permission(job, command) in MAY_WRITE:
        return True
    if command.name == "ignore":
        return False
    context = await forge.context(job)
    return bool(command.author_id) and context.pull_request.author_id == command.author_id
