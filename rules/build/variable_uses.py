"""The names of variables that a word of an instruction uses."""

from __future__ import annotations

import re

from rules.dockerfile.expand import variables

_GIVEN = re.compile(r"\$\{(\w+|[@*#?$!-]):?[-+]")
"""A name with a default or an alternative."""


def uses(text: str, escape: str) -> tuple[str, ...]:
    """Return the names of the variables in a word, in order."""
    return tuple(variable.name for variable in variables(text, escape)) if "$" in text else ()


def declarable_uses(text: str, escape: str) -> tuple[str, ...]:
    """Return those that must be set somewhere: an expansion with a default or an alternative need not be."""
    names = uses(text, escape)
    given = set(_GIVEN.findall(text)) if names else ()
    return tuple(name for name in names if name not in given)
