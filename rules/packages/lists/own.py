"""A RUN that fetches apt's lists for itself, and takes them out of its layer again."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rules.packages.lists.absent import LISTS
from rules.packages.options import fetching_first
from rules.repairs import append_to_run, as_root, fix

if TYPE_CHECKING:
    from rules.dockerfile.package_calls import PackageCall
    from rules.dockerfile.shell.script import Command
    from rules.model.steps import Run
    from rules.problem import Fix

_BRACES = re.compile(r"(?<!\$)\{[^}]*,")


def fetching_too(run: Run, call: PackageCall) -> Fix | None:
    """Fetch the lists in this RUN as well, and remove them again where its layer ships."""
    first = fetching_first(run, call)
    if first is None or not ships(run) or cleans(run, call):
        return first
    return fix(first.title, *first.edits, append_to_run(run, f"{as_root(call.command)}rm -rf {LISTS}/*"))


def ships(run: Run) -> bool:
    """Tell whether the layer of a RUN is one of an image that ships."""
    return any(run.stage in shipped.chain for shipped in run.stage.model.shipped)


def cleans(run: Run, update: PackageCall) -> bool:
    """Tell whether a RUN removes the lists that a manager fetched in it."""
    return any(
        c.manager == update.manager and c.what == "lists" and not takes_braces_literally(run, c.command)
        for c in run.cleanings
    )


def takes_braces_literally(run: Run, command: Command) -> bool:
    """Tell whether dash, Debian's `sh`, looks for a name with the braces in it: `rm -rf /var/lib/{apt,dpkg}`.

    POSIX, 2.6 "Word Expansions", knows no braces; bash makes two names of them, called as `sh` as well.
    """
    return run.script.dialect in ("sh", "dash") and any(_BRACES.search(word.value) for word in command.args)
