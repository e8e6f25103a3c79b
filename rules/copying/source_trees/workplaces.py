"""Images in which a program is written, tested or built: their sources belong into them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.purpose import starts_tests
from rules.user.root.by_design import is_to_work_in

if TYPE_CHECKING:
    from rules.api import DockerfileChange, Stage


def is_workplace(change: DockerfileChange, stage: Stage) -> bool:
    """Tell whether a stage is for developers or tests, by its name or the file's, what it starts, or who builds it.

    A reloader in what ships is a mistake of its own, and says nothing of whom the image is for.
    """
    if is_to_work_in(stage) or starts_tests(stage):
        return True
    builds = change.builds_of(stage)
    return bool(builds) and all(build.development for build in builds)
