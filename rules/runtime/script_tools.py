"""What a start script becomes in the end: the program in its last, unconditional `exec`."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rules.runtime.start_scripts import start_script

if TYPE_CHECKING:
    from rules.api import DockerfileChange, Span
    from rules.runtime.start_instructions import Written

_BECOMING = frozenset({"gosu", "su-exec", "tini", "dumb-init", "catatonit"})
"""Small programs that scripts hand over with, and that few images bring (their READMEs)."""


class HandedOver(NamedTuple):
    """The program that a script cannot end without.

    Attributes:
        name: As written.
        script: The script's path in the repository.
        span: Where it stands there.
    """

    name: str
    script: str
    span: Span


def hands_over_with(change: DockerfileChange, found: Written) -> HandedOver | None:
    """Return the program with which the script of a start command hands over, whatever it is given."""
    script = start_script(change, found)
    if script is None or script.shell is None:
        return None
    _, parsed = script.script()
    outer = [command for command in parsed.commands if not command.nested and command.words]
    last = outer[-1] if outer else None
    if parsed.errors or last is None or last.conditional or last.before in ("|", "||", "&&"):
        return None
    words = [word.value for word in last.words]
    if len(words) < 2 or words[0] != "exec" or words[1] not in _BECOMING:  # noqa: PLR2004 - `exec` and a program
        return None
    return HandedOver(words[1], script.path, last.span)
