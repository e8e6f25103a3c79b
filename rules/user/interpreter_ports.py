"""A port above 1023 in the place of one that needed a capability."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rules.problem import Edit
from rules.repairs import delete_command, delete_word, fix

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.dockerfile.nodes import Instruction
    from rules.dockerfile.shell import Command
    from rules.model.stage import Stage
    from rules.model.steps import Run
    from rules.problem import Fix

_PRIVILEGED = 1024
_OFFSET = 8000
_TOOLS = frozenset({"libcap2-bin", "libcap", "libcap-utils", "libcap-setcap"})
_STARTS = ("CMD", "ENTRYPOINT", "HEALTHCHECK")


def without_capability(stage: Stage, run: Run, command: Command) -> Fix | None:
    """Delete the `setcap` and its package, and move the one low port that the stage exposes to a high one.

    `None` where the port is not written out where the program gets it from.
    """
    low = {p.number for p in stage.image.ports if p.number is not None and p.number < _PRIVILEGED and p.instruction}
    if len(low) != 1:
        return None
    old = low.pop()
    ports = [edit for i in stage.instructions for edit in _moved(i, old, old + _OFFSET)]
    told = {edit.span.line for edit in ports} - {i.line for i in stage.instructions if i.keyword == "EXPOSE"}
    if not told:
        return None
    package = _package_word(stage) if sum(len(r.calls("setcap")) for r in stage.all_runs) == 1 else None
    return fix(
        f"Listen on {old + _OFFSET} without the capability", delete_command(run, command), *ports, *package or ()
    )


def _moved(instruction: Instruction, old: int, new: int) -> Iterator[Edit]:
    """Yield an edit for each place where an instruction names the port."""
    if instruction.keyword == "EXPOSE":
        words = instruction.words
    elif instruction.keyword in _STARTS:
        words = instruction.exec_form or instruction.words
    elif instruction.keyword == "ENV":
        words = tuple(value for name, value in instruction.pairs if value is not None and name.text.endswith("PORT"))
    else:
        return
    source = instruction.source
    for word in words:
        for match in re.finditer(rf"(?<![\d.]){old}(?![\d.])", source.cut(word.span)):
            start = word.span.start + match.start()
            yield Edit(source.span(start, start + len(match[0])), str(new))


def _package_word(stage: Stage) -> tuple[Edit, ...] | None:
    """Return the deletion of the package that only `setcap` needed, where others are installed with it."""
    for item in stage.packages.installed:
        if item.name in _TOOLS and len(item.call.packages) > 1 and item.removed_by is None:
            return (delete_word(item.package.word.source, item.package.word.span),)
    return None
