"""What gives a call of a package manager a property: options, variables, subcommands."""

from __future__ import annotations

from typing import NamedTuple


class Trait(NamedTuple):
    """What gives a call a property.

    Attributes:
        flags: Canonical options; `--omit=dev` asks for that value (or one of a comma-separated list).
        variables: Environment variables; `NODE_ENV=production` asks for that value, a bare name for any but an
            empty one.
        subcommands: Subcommands that have it by nature.
        always: Whether every call has it.
        repeated: Canonical options that count when given twice (`-qq`).
        present: Environment variables that count with any value but an empty one, `false` and `0` included.
        unless: Canonical options that take the property away, whatever else is said: `--include=dev`.
    """

    flags: tuple[str, ...] = ()
    variables: tuple[str, ...] = ()
    subcommands: tuple[str, ...] = ()
    always: bool = False
    repeated: tuple[str, ...] = ()
    present: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()


def trait(
    flags: str = "",
    variables: str = "",
    subcommands: str = "",
    *,
    always: bool = False,
    repeated: str = "",
    present: str = "",
    unless: str = "",
) -> Trait:
    """Describe a property; subcommands of several words are separated by commas, all else by blanks."""
    named = tuple(part.strip() for part in subcommands.split(",") if part.strip())
    return Trait(
        tuple(flags.split()),
        tuple(variables.split()),
        named,
        always,
        tuple(repeated.split()),
        tuple(present.split()),
        tuple(unless.split()),
    )


NEVER = Trait()
ALWAYS = Trait(always=True)
