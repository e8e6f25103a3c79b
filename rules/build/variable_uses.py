"""The names of variables that a word of an instruction uses."""

from __future__ import annotations

from rules.dockerfile.expand import variables


def uses(text: str, escape: str) -> tuple[str, ...]:
    """Return the names of the variables in a word, in order."""
    return tuple(variable.name for variable in variables(text, escape)) if "$" in text else ()


def declarable_uses(text: str, escape: str) -> tuple[str, ...]:
    """Return those that must be set somewhere: an expansion with a default or an alternative need not be."""
    return tuple(
        name for name in uses(text, escape) if not any(f"${{{name}{mark}" in text for mark in (":-", "-", ":+", "+"))
    )
