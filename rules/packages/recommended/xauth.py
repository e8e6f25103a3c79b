"""`xvfb-run` without `xauth`: Debian's script looks for it first of all, and its package only recommends it.

The script ends with “xvfb-run: error: xauth command not found” and starts nothing (xvfb-run(1), package `xvfb`).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rules.facts.brought_along import brings_along
from rules.facts.distributions import DEBIAN_FAMILY
from rules.model.carried import brings_programs, fills_root
from rules.packages.scripts import runs_scripts
from rules.quoting import quote
from rules.repairs import fix, insert

if TYPE_CHECKING:
    from rules.model.packages import Installed
    from rules.model.stage import Stage
    from rules.problem import Fix

STARTER = "xvfb-run"
_NEEDS = "xauth"
_LEAF = re.compile(r"(?:lib|fonts-|ttf-|language-pack-)")
"""Packages that bring no program of X's along, whichever release has them."""
_BRINGS_MORE = re.compile(r"xauth|install-deps|with-deps")
"""What says that it comes otherwise; Playwright installs packages by itself."""


def xvfb_without_xauth(stage: Stage) -> Installed | None:
    """Return the install of `xvfb` in an image that is known to lack `xauth`; `None` for any other image."""
    facts = stage.facts
    if facts is None or not facts.is_plain or facts.full or facts.distro not in DEBIAN_FAMILY:
        return None
    if stage.squashed is not None or stage.files.has_unreadable_run or runs_scripts(stage):
        return None
    if any(fills_root(put) or brings_programs(put) for put in stage.files.puts):
        return None
    if any(_BRINGS_MORE.search(run.instruction.whole_value) for run in stage.done_runs):
        return None
    installed = [item for item in stage.packages.installed if item.manager == "apt"]
    xvfb = next((item for item in installed if item.name == "xvfb" and item.call.no_recommends), None)
    return xvfb if xvfb is not None and all(map(_brings_none, installed)) else None


def _brings_none(item: Installed) -> bool:
    if item.package.kind != "name":
        return False
    known = brings_along(item.call, item.name, _NEEDS, item.run.stage.runtime.release)
    return known is False or (known is None and _LEAF.match(item.name) is not None)


def cause_of(item: Installed) -> str:
    """Return what the rules have in common that see it in a RUN and at the start."""
    return f"xauth {item.call.command.start}"


def said_without_xauth(stage: Stage, item: Installed, verb: str) -> str:
    """Say what becomes of it; `verb` is what the stage does with `xvfb-run`."""
    return (
        f"{stage.label} {verb} {quote(STARTER)}, which needs `xauth`: `xvfb` only recommends that, and line "
        f"{item.call.command.line} installs without recommended packages. It starts nothing: “xauth command not "
        "found”. Install `xauth` as well."
    )


def name_xauth(item: Installed) -> Fix | None:
    """Name the package beside the other one."""
    source, span = item.run.instruction.source, item.package.word.span
    plain = source.cut(span) == item.name
    return fix("Install xauth as well", insert(source, span.end, f" {_NEEDS}")) if plain else None
