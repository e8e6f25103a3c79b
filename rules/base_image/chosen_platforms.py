"""What else in a repository says for which platform an image is built, and whether its base is there for others."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from rules.dockerfile.nodes import is_dockerfile

if TYPE_CHECKING:
    from rules.change import DockerfileChange
    from rules.model.stage import Stage

_NAMES = {"x86_64": "amd64", "x64": "amd64", "aarch64": "arm64"}
_SAYS = re.compile(r"\blinux/(\w+)")
"""`--platform linux/arm64` of a script, `platforms: linux/amd64` of a workflow or of Compose."""
_ARCHITECTURE = re.compile(r"amd64|x86_64|x64|arm64|aarch64", re.IGNORECASE)


def is_chosen_beside(change: DockerfileChange, platform: str) -> bool:
    """Tell whether a file beside the Dockerfile, or one that builds it, names the same platform and no other.

    Args:
        change: The change.
        platform: As the flag has it: `linux/arm64`.
    """
    wanted = {_plain(platform.strip("\"'").lower().removeprefix("linux/").partition("/")[0])}
    repository = change.repository
    folder = posixpath.dirname(change.path)
    building = {build.path for build in repository.builds_of(change.path)}
    near = (
        path
        for path in repository.files
        if not is_dockerfile(path) and (path in building or posixpath.dirname(path) == folder)
    )
    return any(_named(repository.text(path) or "") == wanted for path in near)


def _named(text: str) -> set[str]:
    return {_plain(name.lower()) for name in _SAYS.findall(text) if _ARCHITECTURE.fullmatch(name)}


def _plain(architecture: str) -> str:
    return _NAMES.get(architecture, architecture)


def is_there_for_others(stage: Stage) -> bool:
    """Tell whether a stage has nothing that may exist for one platform alone.

    It stands on an image of the official library, which publishes for several, and fetches nothing by an address.
    """
    facts = stage.root.facts
    brings = (step.instruction for step in stage.steps if step.instruction.keyword in ("ADD", "RUN"))
    fetches = any("://" in instruction.whole_value for instruction in brings)
    return facts is not None and facts.listed is not None and not fetches
