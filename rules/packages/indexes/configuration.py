"""Configuration files of package managers that a Dockerfile writes: by a RUN, or by a COPY of a here-document."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from rules.facts.names import canonical_name
from rules.lazily import once

if TYPE_CHECKING:
    from rules.model.stage import Stage
    from rules.model.steps import Run


_SAY_YES = re.compile(r"docker\.io/(?:cimg|circleci)/.+")
"""CircleCI's images set `APT::Get::Assume-Yes` in `/etc/apt/apt.conf.d/90circleci` (cimg-base's `Dockerfile.template`;
before those circleci-images' `Dockerfile-basic.template`). GitHub's `actions-runner` does not (`images/Dockerfile`)."""


def assumes_yes(stage: Stage, manager: str) -> bool:
    """Tell whether a stage's base image configures apt to take every question for answered."""
    reference = stage.root.reference
    return manager == "apt" and reference is not None and _SAY_YES.fullmatch(canonical_name(reference)) is not None


class Written(NamedTuple):
    """An instruction that may write a configuration file.

    Attributes:
        at: Its place, as in `Step`.
        text: All of it, here-documents included, in lower case.
    """

    at: tuple[int, int]
    text: str


@once
def _written(stage: Stage) -> tuple[Written, ...]:
    keywords = ("RUN", "COPY", "ADD")
    steps = (step for step in stage.all_steps if step.instruction.keyword in keywords)
    texts = (Written(step.at, step.instruction.text.lower()) for step in steps)
    return tuple(written for written in texts if "conf" in written.text or "/etc/" in written.text)


def written_until(run: Run) -> tuple[str, ...]:
    """Return, in lower case, the instructions up to a RUN, itself included, that may write a configuration file."""
    return tuple(written.text for written in _written(run.stage) if written.at <= run.at)
