"""Variables in the here-documents that COPY and ADD write: the builder fills them in, as the shell would."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from rules.api import Edit, Fix, quote
from rules.build.variables.uses import declarable_uses, uses

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.api import Heredoc, Instruction, Step

_QUOTES = {ord("'"): "_", ord('"'): "_"}
_OF_THE_SHELL = re.compile(r"\d+|[@*#?$!-]")
"""What only a running shell has: its arguments and its state."""


class CopiedText(NamedTuple):
    """A here-document in which the builder finds variables that are not set.

    Attributes:
        heredoc: The here-document.
        names: The variables, in order.
        of_the_shell: Those of them that nothing but a running shell can set.
        fix: Puts the delimiter in quotes, where the text needs no value of the builder's.
    """

    heredoc: Heredoc
    names: tuple[str, ...]
    of_the_shell: tuple[str, ...]
    fix: Fix | None


def copied_texts(step: Step) -> Iterator[CopiedText]:
    """Yield the texts that a COPY or an ADD writes and that lose variables on the way."""
    instruction = step.instruction
    if instruction.keyword not in ("ADD", "COPY"):
        return
    for heredoc in instruction.heredocs:
        if not heredoc.expands or "$" not in heredoc.body:
            continue
        body = heredoc.body.translate(_QUOTES)
        names = tuple(dict.fromkeys(n for n in declarable_uses(body, "\\") if step.scope.get(n) is None))
        if names:
            own = any(step.scope.get(name) is not None for name in uses(body, "\\"))
            plain = not own and "\\" not in body
            fix = _quoted(instruction, heredoc) if plain else None
            of_the_shell = tuple(name for name in names if _OF_THE_SHELL.fullmatch(name))
            yield CopiedText(heredoc, names, of_the_shell, fix)


def _quoted(instruction: Instruction, heredoc: Heredoc) -> Fix | None:
    opener = "<<-" if heredoc.strips_tabs else "<<"
    word = next((word for word in instruction.words if word.text == f"{opener}{heredoc.name}"), None)
    if word is None:
        return None
    return Fix(f"Put {quote(heredoc.name)} in quotes", (Edit(word.span, f"{opener}'{heredoc.name}'"),))
