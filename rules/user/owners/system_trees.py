"""Folders of the base image itself that a recursive `chown` or `chmod` takes as a whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.model.users import is_root_name
from rules.problem import Confidence, Problem
from rules.quoting import quote
from rules.user.accounts.running import name_of
from rules.user.layers import place
from rules.user.modes.granted import read_mode
from rules.user.owners.named import owner_of
from rules.user.root.by_design import is_to_work_in

if TYPE_CHECKING:
    from rules.model.files import Attributes
    from rules.model.stage import Stage
    from rules.model.steps import Run

_PROGRAMS = frozenset({"/", "/usr", "/usr/bin", "/usr/lib", "/usr/libexec", "/usr/sbin", "/usr/share"})
"""Where a system has its programs and what they read. `/bin` and `/lib` are links, which `chown -R` leaves alone."""
_OF_LANGUAGES = frozenset({"/usr/local", "/usr/local/lib"})
_IN_LOCAL = frozenset("golang node perl php python ruby rust".split())
"""Official images whose language lies below `/usr/local` (their Dockerfiles)."""
_SETTINGS = "/etc"


def is_of_base(stage: Stage, row: Attributes) -> bool:
    """Tell whether a change is of a whole tree of the base image, and gives it to another account or another mode.

    What root keeps stays as it is. What everyone may write is told of as that (world-writable-permissions).
    """
    path = (row.path or "").rstrip("/") or "/"
    if stage.root.is_scratch or row.path is None or not row.recursive or row.command.conditional:
        return False
    if row.kind == "chmod":
        mode = read_mode(row.value)
        if mode is None or mode.everyone_writes or mode.setuid or not row.value.isdecimal() or path == _SETTINGS:
            return False
    elif not (owner := name_of(owner_of(row))) or is_root_name(stage.users.uid_of(owner) or owner):
        return False
    local = path in _OF_LANGUAGES and stage.facts is not None and stage.facts.name in _IN_LOCAL
    return path in _PROGRAMS or local or path == _SETTINGS


def problem_of_base(stage: Stage, run: Run, row: Attributes) -> Problem:
    """Speak of such a change."""
    path, owner = (row.path or "").rstrip("/") or "/", quote(name_of(owner_of(row)))
    shown = row.find if row.find is not None and row.command.nested else row.command
    return Problem(
        place(run, shown),
        f"{stage.label} {_said(row, path, quote(str(shown)), owner)}",
        Confidence.LIKELY if row.kind == "chmod" else Confidence.CERTAIN,
        doubt="files that have this mode already are not stored again",
        stage=stage.key,
        instruction=run.instruction,
        key=f"base {path}",
        untold=is_to_work_in(stage),
    )


def _said(row: Attributes, path: str, shown: str, owner: str) -> str:
    """Say what is changed, what comes of it, and the way out."""
    if path == _SETTINGS:
        return (
            f"gives {owner} the whole of the base image's `/etc`: {shown}. Whoever owns `/etc/passwd` can become root. "
            "Leave it to root, and give away the one file that is written."
        )
    stored = f"stores the base image's {quote(path)} once more: {shown} changes each file"
    layer = "and a layer that changes a file holds it in full"
    if row.kind == "chmod":
        return (
            f"{stored} that has another mode, {layer}; programs lose their setuid bit, too. Set the mode of the files "
            "that need another one."
        )
    return (
        f"{stored} of it, {layer}. {owner} may then replace what root runs. Give it a folder of its own, or the one "
        "that it writes to."
    )
