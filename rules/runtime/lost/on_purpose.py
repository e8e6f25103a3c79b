"""What says that a start command went on purpose: a comment that the change adds, or that it ran nothing but tests."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

from rules.model.audience import runs_tests

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rules.change import DockerfileChange
    from rules.dockerfile.nodes import Comment
    from rules.model.settings import Setting, Start
    from rules.model.stage import Stage

_OF_THE_START = re.compile(
    r"\b(?i:no|not|without|instead of|drop(?:s|ped)?|removed?)\s(?:\w+\s)?(?:CMD|ENTRYPOINT)\b|"
    r"\b(?i:(?:start|default)(?:ing|up)?[ -]command|start(?:s|ed)? (?:by|with|from|through|via))\b"
)

_TAKEN_OUT = re.compile(r"(?:CMD|ENTRYPOINT)\s")
_WORDS = 2
"""More may be a sentence."""
_NEXT_LINE = len("\r\n")
"""How far the next line's comment is away."""


_IN_A_CLUSTER = re.compile(rb"^[ \t-]*(?:command|args):", re.MULTILINE)


def is_said_by_manifest(change: DockerfileChange, lost: Iterable[Setting[Start]]) -> bool:
    """Tell whether a manifest of Kubernetes in the repository starts a container by what is gone."""
    ends = [setting.value.text.split()[-1:] for setting in lost if setting.value is not None]
    words = [word.encode() for end in ends for word in end]
    manifests = (data for path, data in change.repository.files.items() if path.endswith((".yaml", ".yml")))
    return any(
        b"containers:" in data and _IN_A_CLUSTER.search(data) and all(word in data for word in words)
        for data in manifests
    )


def is_explained(change: DockerfileChange, stage: Stage) -> bool:
    """Tell whether a comment of the stage that was not there before speaks of what starts the container."""
    if change.before is None:
        return False
    then = {comment.text.strip() for comment in change.before.dockerfile.comments}
    below = [other.from_.span.start for other in stage.model.stages if other.from_.span.start > stage.from_.span.start]
    end = min(below, default=len(change.source.text))
    here = [c for c in stage.model.dockerfile.comments if stage.from_.span.start < c.span.start < end]
    added = [comment for comment in here if comment.text.strip() not in then]
    return any(_OF_THE_START.search(comment.text) for comment in added) or _is_commented_out(added)


def _is_commented_out(added: list[Comment]) -> bool:
    """Whether comments are a start instruction that is taken out, right below one that says why."""
    return any(
        _TAKEN_OUT.match(comment.text) and not _TAKEN_OUT.match(above.text) and len(above.text.split()) > _WORDS
        for above, comment in pairwise(added)
        if comment.span.start - above.span.end <= _NEXT_LINE
    )


def ran_tests(lost: Iterable[Setting[Start]]) -> bool:
    """Tell whether all that is gone ran tests: `CMD ["python", "./runtests.py"]`."""
    starts = [setting.value for setting in lost if setting.value is not None]
    return bool(starts) and all(runs_tests(start.text) for start in starts)
