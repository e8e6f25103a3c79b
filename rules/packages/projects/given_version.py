"""The version of a Python project that a build gives its backend by a variable: another one with each release."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rules.api import Stage, Step, Word

GIVEN_VERSION = re.compile(r"PRETEND_VERSION|\bPBR_VERSION\b|DYNAMIC_VERSIONING|BUILD_SCM_VERSION")
"""Names of variables that a build backend takes the version of the project from (setuptools-scm, pbr, Poetry, pdm)."""


def given_above(stage: Stage, step: Step) -> str | None:
    """Return the name of such a variable that an instruction above a step fills from another one."""
    instructions = (one.instruction for one in stage.steps if one.index < step.index)
    pairs = (pair for one in instructions if one.keyword in ("ARG", "ENV") for pair in one.pairs)
    found = (name.text for name, value in pairs if GIVEN_VERSION.search(name.text) and _is_filled_in(value))
    return next(found, None)


def _is_filled_in(value: Word | None) -> bool:
    return value is None or "$" in value.text
