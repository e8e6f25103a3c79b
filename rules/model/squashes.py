"""Stages that an empty image takes over whole, which leaves their layers behind."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.model.steps import Copy, Run

if TYPE_CHECKING:
    from rules.model.stage import Stage


def squashed_by(stage: Stage) -> Stage | None:
    """Return the stage of whose files a stage makes one layer: `FROM scratch`, then `COPY --from=base / /`.

    The packages, accounts and tools of that stage are there; its layers are not, nor what it configures (`ENV`, `USER`,
    `CMD`). `None` where something else comes first, or where that stage starts from nothing itself.
    """
    first = next((step for step in stage.steps if isinstance(step, (Copy, Run))), None) if stage.is_scratch else None
    if not isinstance(first, Copy) or first.from_stage is None or first.destination != "/":
        return None
    whole = any(first.source_path(source) in ("/", "/*") for source in first.sources)
    return first.from_stage if whole and not first.from_stage.root.is_scratch else None
