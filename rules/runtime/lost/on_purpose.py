"""What says that a start command went on purpose: a comment that the change adds, or that it ran nothing but tests."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

from rules.comments import is_on_purpose
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

_TAKEN_OUT = re.compile(
    r"(?:CMD|ENTRYPOINT)\s+(?:\[|exec\s|[\w.-]*/|(?!is\b|was\b|has\b|and\b|or\b|will\b|by\b)\w+(?=\s|$))"
)
_WHY = re.compile(
    r"\b(?:temporar\w*|disabled?|unused|unneeded|(?:not|no longer) (?:needed|used)|because|since|for now|"
    r"(?:start|run|execut|launch|given|set)\w* (?:by|from|in|through|via)|kubernetes|k8s|compose|helm|systemd)\b",
    re.IGNORECASE,
)
"""A reason in few words, or in a comment that stood there before."""
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
    return any(_OF_THE_START.search(comment.text) for comment in added) or _is_commented_out(here, added)


def _is_commented_out(here: list[Comment], added: list[Comment]) -> bool:
    """Whether a comment that is new is a start instruction that is taken out, right below one that says why."""
    return any(
        comment in added and _TAKEN_OUT.match(comment.text) and not _TAKEN_OUT.match(above.text)
        for above, comment in pairwise(here)
        if comment.span.start - above.span.end <= _NEXT_LINE and _says_why(above, is_new=above in added)
    )


def _says_why(comment: Comment, *, is_new: bool) -> bool:
    """Whether a comment gives a reason: a sentence that came with the change, or the words of one."""
    if is_new and len(comment.text.split()) > _WORDS:
        return True
    return bool(_WHY.search(comment.text)) or is_on_purpose(comment.text)


def is_left_as_comment(stage: Stage, lost: Iterable[Setting[Start]]) -> bool:
    """Tell whether what is gone stands in the file as a comment, over which nobody is to put it back."""
    texts = {" ".join(str(one.instruction).split()) for one in lost if one.instruction is not None}
    return any(" ".join(comment.text.split()) in texts for comment in stage.model.dockerfile.comments)


def ran_tests(lost: Iterable[Setting[Start]]) -> bool:
    """Tell whether all that is gone ran tests: `CMD ["python", "./runtests.py"]`."""
    starts = [setting.value for setting in lost if setting.value is not None]
    return bool(starts) and all(runs_tests(start.text) for start in starts)
