"""Variables that are for the build alone, and do harm where the container is started with them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.api import Confidence, Problem, quote
from rules.facts.rails import DUMMY_KEY

if TYPE_CHECKING:
    from rules.api import Instruction, Stage


def random_key_of_rails(stage: Stage, instruction: Instruction) -> Problem | None:
    """Say that an ENV, still in force in what ships, has Rails make up its key; `None` where it sets no such thing."""
    if all(name.text != DUMMY_KEY for name, _ in instruction.pairs):
        return None
    final = stage.image.env.get(DUMMY_KEY)
    if final is None or final.instruction is not instruction:
        return None
    return Problem(
        instruction.span,
        f"{stage.label} ships with {quote(DUMMY_KEY)}, which is for the build: with it Rails makes up a key in each "
        "container, and never reads the real one. Each restart logs everybody out, and one container refuses what "
        f"another has signed. Set it in front of the command that needs it: `RUN {DUMMY_KEY}=1 bin/rails …`.",
        Confidence.LIKELY,
        doubt="what starts the container may take it away",
        stage=stage.key,
        key=DUMMY_KEY,
        instruction=instruction,
    )
