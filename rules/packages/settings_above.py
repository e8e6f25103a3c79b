"""The repair of an ENV that stands below the step which reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.api import fix, move_below

if TYPE_CHECKING:
    from rules.api import Fix, Instruction, Run, Stage


def set_above(stage: Stage, env: Instruction, run: Run, title: str) -> Fix | None:
    """Return the fix that moves an ENV above a RUN of its stage; `None` where its values use another variable.

    Args:
        stage: The stage of both.
        env: The ENV.
        run: The RUN.
        title: Of the fix.
    """
    if any(value is not None and "$" in value.text for _, value in env.pairs):
        return None
    above = [stage.from_, *stage.instructions]
    first = next((i for i, instruction in enumerate(above) if instruction is run.instruction), 0)
    return fix(title, *move_below(env, above[first - 1])) if first else None
