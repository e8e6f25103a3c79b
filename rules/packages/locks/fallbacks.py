"""What a script does where an install fails: `uv sync || pip install .`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.api import Edit, quote
from rules.build.failures.pipes import is_caught
from rules.model.command_lists import command_behind, end_of_list

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


def strict_before(run: Run, call: PackageCall) -> PackageCall | None:
    """Return the install that holds to the lock file, and upon whose failure another is made: `npm ci || npm install`.

    Args:
        run: A RUN.
        call: The other one.
    """
    if call.command.before != "||":
        return None
    before = [other for other in run.commands if other.end < call.command.start and not other.nested]
    calls = (other for other in run.package_calls if before and other.command is before[-1])
    return next((other for other in calls if other.manager == call.manager and other.frozen), None)


def without_fallback(run: Run, strict: PackageCall, call: PackageCall) -> Edit | None:
    """Delete what is done where a strict install fails, with its `||`; `None` where more hangs on the two."""
    source = run.instruction.source
    joint = source.text[strict.command.end : call.command.start]
    if run.instruction.exec_form is not None or joint.strip(" \t\r\n\\") != "||" or call.command.after in ("|", "||"):
        return None
    return Edit(source.span(strict.command.end, call.command.end), "")
