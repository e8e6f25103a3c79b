"""Where `pip` puts packages for one account alone: its user base (PEP 370), by `--user` or for want of other rights."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, NamedTuple

from rules.lazily import once
from rules.model.puts import meet, within
from rules.model.search_path import DEFAULT_PATH, path_folders
from rules.user.accounts.running import changes_user, name_of, runs_as_root

if TYPE_CHECKING:
    from rules.api import Copy, PackageCall, Run, Stage

_ELSEWHERE = ("--target", "-t", "--prefix", "--root", "--python")
_SITE = "/usr/local"
"""Where the official images of Python have their packages, as root's."""


class UserInstall(NamedTuple):
    """A `pip install` into the home of the account that it runs as.

    Attributes:
        base: The user base, absolute; `None` where the home is not known.
        run: The RUN.
        call: The call.
        asked: Whether `--user` asks for it, rather than missing rights.
        copy: What brings the user base from the stage that made it; `None` where it is made here.
    """

    base: str | None
    run: Run
    call: PackageCall
    asked: bool
    copy: Copy | None = None


@once
def user_installs(stage: Stage) -> tuple[UserInstall, ...]:
    """Return the installs of a chain that go to a user base, in order.

    As an ordinary user `pip` turns there by itself, since it may not write to the system's packages (pip, "User
    installs"); of that, only the official images of Python are known to leave no other way.
    """
    found = []
    for run in stage.done_runs:
        for call in run.package_calls:
            if call.manager == "pip" and call.action == "install" and not call.has(*_ELSEWHERE):
                asked = call.has("--user") or call.is_set("PIP_USER")
                if not _is_in_environment(stage, run, call) and (asked or _falls_back(stage, run, call)):
                    found.append(UserInstall(_base(stage, run, call), run, call, asked))
    return tuple(found)


@once
def user_calls(stage: Stage) -> frozenset[int]:
    """Return the ids of the calls among them."""
    return frozenset(id(one.call) for one in user_installs(stage))


@once
def copied_user_installs(stage: Stage) -> tuple[UserInstall, ...]:
    """Return the installs of other stages whose user base a COPY brings: `COPY --from=build /root/.local …`."""
    found = []
    for copy in stage.all_copies:
        if copy.from_stage is None or copy.deferred or len(copy.sources) != 1 or copy.destination is None:
            continue
        source = copy.source_path(copy.sources[0])
        for made in user_installs(copy.from_stage):
            if source is not None and source != "/" and made.base is not None and within(made.base, source):
                there = posixpath.normpath(posixpath.join(copy.destination, posixpath.relpath(made.base, source)))
                found.append(made._replace(base=there, copy=copy))
    return tuple(found)


def _is_in_environment(stage: Stage, run: Run, call: PackageCall) -> bool:
    """Whether a virtual environment, or another place that a variable names, may take it."""
    program = call.command.program
    if program is None or "/" in program.value or {"VIRTUAL_ENV", "PIP_TARGET", "PIP_PREFIX"} & set(call.env):
        return True
    path = stage.image.env.get("PATH")
    if path is not None and path.set_in_file and not _is_of_user_bases(stage):
        return True  # it may lead to an environment first
    return any(word in run.instruction.text for word in ("activate", "PATH="))


def _is_of_user_bases(stage: Stage) -> bool:
    """Whether the search path leads to the system's folders and to those of user bases alone."""
    folders = path_folders(stage)
    return folders is not None and all(one in DEFAULT_PATH or one.endswith("/.local/bin") for one in folders)


def _falls_back(stage: Stage, run: Run, call: PackageCall) -> bool:
    facts = stage.facts
    if facts is None or facts.name != "python" or runs_as_root(run) is not False or changes_user(run, call.command):
        return False
    return not any(
        row.path is None or meet(row.path, _SITE) for row in stage.files.attribute_changes if row.step.at <= run.at
    )


def _base(stage: Stage, run: Run, call: PackageCall) -> str | None:
    if "PYTHONUSERBASE" in call.env:
        return call.env["PYTHONUSERBASE"] or None
    home = call.env.get("HOME")
    if not home and not changes_user(run, call.command):  # `su` sets `HOME` to the other account's
        home = "/root" if runs_as_root(run) else home_of(stage, name_of(run.user.value or ""))
    return posixpath.join(home, ".local") if home is not None and home.startswith("/") else None


def home_of(stage: Stage, user: str) -> str | None:
    """Return the home of an account, as its making or the base image's custom has it."""
    made = next((one for one in stage.users.created if user in (one.name, one.uid)), None)
    if made is not None:
        written = made.command.option("-d", "--home", "--home-dir") or (
            made.command.option("-h") if made.command.name == "adduser" else None
        )
        home = made.run.scope.expand(written) if written and "$" in written else written
        return home if home or written else f"/home/{made.name}"
    known = stage.facts is not None and user in stage.facts.users and not user.isdecimal()
    return f"/home/{user}" if known else None
