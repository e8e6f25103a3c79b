"""Names that a release has no package of, and how that is said."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from rules.quoting import listed, quote

if TYPE_CHECKING:
    from rules.api import DockerfileChange, Dropped, Package

_NUMBERS = re.compile(r"\d+(?:\.\d+)*")
_ADDING = ("add-apt-repository", "apt-add-repository")


class Missing(NamedTuple):
    """A package that the release does not have.

    Attributes:
        package: The package.
        gone: What became of it.
        literal: Whether it is written out, and not named by a variable.
    """

    package: Package
    gone: Dropped
    literal: bool


def say_why(told: list[Missing]) -> tuple[str, str]:
    """Say what became of them, and what to do."""
    several = len(told) > 1
    if told[0].gone.command:
        return _of_commands(told)
    beside = [quote(one.gone.beside) for one in told if one.gone.beside is not None]
    if beside:
        there, them = listed(list(dict.fromkeys(beside))), "them" if several else "it"
        return f", which has {there} instead", f"Name what is there, or take {them} from another release or source."
    if told[0].gone.home:
        such = "such packages: the names are" if several else "such package: the name is"
        why = f", which has no {such} {told[0].gone.home}'s"
    elif told[0].gone.virtual:
        these = "each of these names" if several else "that name"
        why = f": several packages provide {these} there, and apt chooses none"
    else:
        why = f", which no longer has {'them' if several else 'it'}"
    heirs = [(one.package.name, one.gone.instead) for one in told if one.gone.instead is not None]
    if not heirs:
        has = f"Another release or source has {'them' if several else 'it'}."
        return why, "Take the name that it has here, or leave it out." if told[0].gone.home else has
    others = [old for old, new in heirs if is_other_library(old, new)]
    proviso = ""
    if others:
        linked = listed(list(map(quote, others)))
        proviso = f" What is linked with {linked} needs another build, for the new one has another name."
    if not several:
        return why, f"Install {quote(heirs[0][1])}.{proviso}"
    names = listed([f"{quote(new)} for {quote(old)}" for old, new in heirs])
    return why, f"Install {names}.{proviso}"


def _of_commands(told: list[Missing]) -> tuple[str, str]:
    """Say that a name is that of a command, and of no package, and how the command comes to be there."""
    several = len(told) > 1
    names = "packages of these names: they are commands" if several else "package of that name: it is a command"
    brought: dict[str, list[str]] = {}
    for one in told:
        brought.setdefault(one.gone.instead or "", []).append(quote(one.package.name))
    if told[0].gone.there:
        way_out = (
            f"The image has {'these commands' if several else 'the command'}: leave {'them' if several else 'it'} out."
        )
    elif len(brought) == 1:
        way_out = f"Install {quote(next(iter(brought)))}, which brings {'them' if several else 'it'}."
    else:
        way_out = f"Install {listed([f'{quote(package)} for {listed(names)}' for package, names in brought.items()])}."
    return f", which has no {names}", way_out


def is_other_library(old: str, new: str) -> bool:
    """Whether a library goes by another number: what was linked with `libssl.so.1.1` does not load `libssl.so.3`."""
    if not (old.startswith("lib") and new.startswith("lib")) or old.endswith("-dev"):
        return False
    return _NUMBERS.findall(old) != _NUMBERS.findall(new.removesuffix("t64"))


def without_repositories(change: DockerfileChange, told: list[Missing]) -> str:
    """Say how to do without the package of `add-apt-repository`, which many install for nothing."""
    if [one.package.name for one in told] != ["software-properties-common"]:
        return ""
    called = next((name for name in _ADDING if name in change.source.text), None)
    if called is None:
        return f"It brings {quote(_ADDING[0])}, which nothing here calls: leave it out."
    return f"Write the source into a file of `/etc/apt/sources.list.d` instead of calling {quote(called)}."
