"""What a GitHub workflow runs in front of the images that it builds, in which folder.

GitHub's "Workflow syntax", `jobs.<id>.steps` and `defaults.run`: each job has a checkout of its own, and its steps run
one after the other.
"""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, Any, NamedTuple

from rules.repository import yamls

if TYPE_CHECKING:
    import re
    from collections.abc import Iterator


class Script(NamedTuple):
    """A step's script.

    Attributes:
        text: As written, up to where it builds an image itself for the last time.
        folder: Where it runs in the repository, `` for the root; `None` where that is not known.
    """

    text: str
    folder: str | None


def scripts_before_builds(document: Any, builds: re.Pattern[str]) -> list[Script] | None:
    """Return the scripts that run in a job before it builds its last image; `None` where no job with steps is found.

    Args:
        document: The workflow as it was read.
        builds: What a step says that builds an image.
    """
    workflow = yamls.mapping(document)
    jobs = [yamls.mapping(job) for job in yamls.mapping(workflow.get("jobs")).values()]
    if not any("steps" in job for job in jobs):
        return None
    return [script for job in jobs for script in _of_job(workflow, job, builds)]


def _of_job(workflow: dict[str, Any], job: dict[str, Any], builds: re.Pattern[str]) -> Iterator[Script]:
    steps = [yamls.mapping(step) for step in yamls.sequence(job.get("steps"))]
    said = [f"{yamls.text(step.get('uses'))}\n{yamls.text(step.get('run'))}" for step in steps]
    last = max((at for at, text in enumerate(said) if builds.search(text)), default=-1)
    moved = any("checkout" in yamls.text(step.get("uses")) and _input(step, "path") for step in steps)
    for at, step in enumerate(steps[: last + 1]):
        text = yamls.text(step.get("run"))
        if at == last:
            text = text[: max((match.start() for match in builds.finditer(text)), default=0)]
        folders = (_folder(step), _folder(_defaults(job)), _folder(_defaults(workflow)))
        yield Script(text, None if moved else _plain(next((one for one in folders if one), "")))


def _input(step: dict[str, Any], name: str) -> str:
    return yamls.text(yamls.mapping(step.get("with")).get(name))


def _defaults(node: dict[str, Any]) -> dict[str, Any]:
    return yamls.mapping(yamls.mapping(node.get("defaults")).get("run"))


def _folder(node: dict[str, Any]) -> str:
    return yamls.text(node.get("working-directory"))


def _plain(folder: str) -> str | None:
    path = posixpath.normpath(folder or ".")
    return None if "$" in folder or path.startswith(("/", "..")) else "" if path == "." else path
