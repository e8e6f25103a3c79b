"""A suggestion that installs again what a change has dropped."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.repairs import fix, insert_after

if TYPE_CHECKING:
    from rules.api import Fix, Installed, Stage


def restored(stage: Stage, item: Installed) -> Fix | None:
    """Add the package to an install that is still there."""
    for run in reversed(stage.done_runs):
        for call in run.package_calls:
            if (
                call.manager == item.manager
                and call.action == "install"
                and call.packages
                and call.virtual is None
                and run.stage is stage
            ):
                word = call.packages[-1].word
                if run.instruction.source.cut(word.span) == word.value and run.instruction.exec_form is None:
                    return fix("Install it again", insert_after(run.instruction.source, word, f" {item.name}"))
    return None
