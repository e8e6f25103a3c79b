"""The packages of the distribution that an image had before a change and has not any more."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rules.model.packages import OS_MANAGERS
from rules.packages.package_files import may_come_as_file

if TYPE_CHECKING:
    from rules.api import Installed, Stage

_LETTERS = re.compile(r"[a-z]+")
_A_FAMILY = 4
"""Letters at the beginning of two names that make a new package a relative of an old one: `libldap-common`."""
_NUMBER = re.compile(r"[\d.]+")


def gone_from(stage: Stage, was: Stage) -> list[Installed]:
    """Return what a stage installed before and does not now, in that order.

    Nothing where the image has come to another distribution, or where a file or a command says what to install.
    """
    if was.root.is_scratch or not was.packages.present or not _same_family(stage, was) or _reads_list(stage):
        return []
    return [item for item in was.packages.present if _is_gone(stage, was, item)]


def _reads_list(stage: Stage) -> bool:
    """Whether a file or a command says what to install: `xargs apt-get install < packages`, `$(cat packages)`."""
    calls = (call for _, call in stage.packages.calls if call.action == "install" and call.manager in OS_MANAGERS)
    return any(
        ("xargs" in call.command.wrappers and "xargs" not in str(call.command).split(" install", 1)[-1])
        or any("$(" in package.word.text or "`" in package.word.text for package in call.packages)
        for call in calls
    )


def _same_family(stage: Stage, was: Stage) -> bool:
    """Whether both images come from one distribution, as far as that is known."""
    if stage.root.base_text == was.root.base_text:
        return True
    now, then = stage.runtime.distribution, was.runtime.distribution
    return now is not None and now == then


def _is_gone(stage: Stage, was: Stage, item: Installed) -> bool:
    """Whether no package of that name is installed now, nor another version of it, nor a new one of its family."""
    if (
        not item.name[:1].isalnum()
        or item.manager not in OS_MANAGERS
        or item.package.kind != "name"
        or item.call.command.conditional
    ):
        return False
    stem = _stem(item.name)
    if may_come_as_file(stage, was, stem):
        return False
    family = _LETTERS.match(item.name)
    before = {had.name for had in was.packages.installed}
    for other in stage.packages.installed:
        if other.package.kind == "variable" or _stem(other.name) == stem:
            return False
        related = family is not None and len(family.group()) >= _A_FAMILY and other.name.startswith(family.group())
        if related and other.name not in before:
            return False
    return True


def _stem(name: str) -> str:
    return _NUMBER.sub("", name.removesuffix("t64")).removesuffix("-dev").removesuffix("-")
