"""What a script does where an install fails: `uv sync || pip install .`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.build.pipe_failures import is_caught
from rules.model.command_lists import command_behind, end_of_list
from rules.quoting import quote

if TYPE_CHECKING:
    from rules.api import PackageCall, Run


def stops_instead(run: Run, call: PackageCall, what: str) -> str:
    """Say what stops where an install insists on its lock file: not the build, where the script has an answer to it.

    Args:
        run: A RUN.
        call: An install of it.
        what: What stops where the build does not: `the install stops instead`.
    """
    other = _install_instead(run, call)
    if other is not None:
        return f"{what}, and the script goes on with {quote(str(other.command), 60)}: take that out as well"
    return f"{what}, and the build too where nothing passes its failure over"


def _install_instead(run: Run, call: PackageCall) -> PackageCall | None:
    """Return the install behind the `||` that an install leads to where it fails."""
    end = end_of_list(run, call.command)
    then = command_behind(run, end) if end is not None and is_caught(run, call.command) else None
    calls = (other for other in run.package_calls if other.command is then)
    return next((other for other in calls if other.action == "install" or other.verb == "sync"), None)
