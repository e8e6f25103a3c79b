"""The clones of a RUN that an ADD could fetch: what it takes, in which state, and where to."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from rules.api import once
from rules.copying.fetching.fetched_by_add import is_always_run, is_known_outside
from rules.model.work_folders import folder_of, path_of
from rules.secrets.downloads.fetched import is_local, split_url

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.api import Command, Run, ShellWord, Stage

_ALONE = frozenset(
    "--recursive --recurse-submodules --shallow-submodules --no-shallow-submodules --single-branch "
    "--no-single-branch --no-tags -q --quiet -v --verbose --progress".split()
)
_VALUED = frozenset("-b --branch --depth -j --jobs".split())
"""Options of `git clone` for what ADD brings too; with any other it may be told to make something else."""
_PLACE = re.compile(r"(?:https?|git)://(?P<place>[\w.-]+(?::\d+)?/[^\s#@?]+)", re.IGNORECASE)
_FORGES = frozenset({"github.com", "gitlab.com", "codeberg.org", "bitbucket.org"})
"""Forges that answer for a repository with and without `.git` behind its name."""
_CHOOSES = frozenset({"checkout", "switch", "reset"})
_STANDING = frozenset({*_CHOOSES, "clone", "config", "submodule", "apply", "rev-parse", "status", "init", "version"})
"""Subcommands that work with what ADD brings, by `--keep-git-dir`: others want the history, or go on from it."""
_HASH = re.compile(r"[0-9a-f]{7,40}")
_OWN_SETTINGS = re.compile(r"netrc|git-credentials|gitconfig|GIT_(?:ASKPASS|SSL|SSH|CONFIG|PROXY)|askpass")
_CONNECTION = re.compile(r"(?:http|url|credential|core\.(?:sshcommand|askpass|gitproxy))\b.*", re.IGNORECASE)
"""How git gets a password, or another setting for the connection, that the builder does not have."""


class Clone(NamedTuple):
    """A `git clone` that fetches what is public, and nothing that ADD has not.

    Attributes:
        command: The command.
        url: As written, quotes removed.
        place: The repository's host and path.
        ref: The branch, tag or commit, as written; empty for the branch that the repository has chosen.
        is_chosen_later: Whether a `git checkout` behind it says so.
        state: What that comes to: the same with its variables filled in; `None` where it is not known.
        folder: Where it goes, as ADD has to say it; `<folder>` where that is not known.
        path: The same, absolute; `None` where it is not known.
    """

    command: Command
    url: str
    place: str
    ref: str
    is_chosen_later: bool
    state: str | None
    folder: str
    path: str | None

    @property
    def is_commit(self) -> bool:
        """Whether it is a commit by its hash."""
        return self.state is not None and _HASH.fullmatch(self.state) is not None

    @property
    def has_git_suffix(self) -> bool:
        """Whether `.git` may stand behind the name: it does, or the forge is known to take it."""
        host = self.place.partition("/")[0].lower()
        return self.url.endswith(".git") or host in _FORGES


def clones(run: Run) -> Iterator[Clone]:
    """Yield the clones of a RUN that an ADD could make, in order."""
    calls = run.calls("git")
    if run.deferred or not calls or run.instruction.exec_form is not None or _needs_more(run):
        return
    for at, command in enumerate(calls):
        words = _operands(command)
        if words is None or not is_always_run(run, command):
            continue
        url = words[1].value
        found = _PLACE.fullmatch(url)
        if found is None or is_local((split_url(url) or ("", ""))[1]):
            continue
        choices = [one for one in calls[at + 1 : _next_clone(calls, at)] if one.subcommand in _CHOOSES]
        ref, later = command.option("-b", "--branch") or "", bool(choices)
        if choices:
            ref = _chosen(choices[-1])
        if all(is_known_outside(run, text) for text in (url, ref)) and (ref or not later):
            place, state = found["place"].rstrip("/").removesuffix(".git"), run.scope.expand(ref)
            yield Clone(command, url, place, ref, later, state, *_target(run, command))


def _next_clone(calls: tuple[Command, ...], at: int) -> int:
    return next((i for i in range(at + 1, len(calls)) if calls[i].subcommand == "clone"), len(calls))


def _operands(command: Command) -> tuple[ShellWord, ...] | None:
    """Return `clone`, the address and the folder if given; `None` for another subcommand, or with further options."""
    options = [word.value for word in command.args if word.value[:1] == "-"]
    words = command.operands(_VALUED)
    if not words or words[0].value != "clone" or len(words) not in (2, 3):
        return None
    known = all(one in _ALONE or one.partition("=")[0] in _VALUED or one.startswith("-j") for one in options)
    return words if known else None


def _chosen(command: Command) -> str:
    """Return the commit that a `git checkout` behind a clone names; empty where it names files, or nothing plain."""
    words = [word.value for word in command.operands()]
    options = [word.value for word in command.args if word.value[:1] == "-"]
    plain = len(words) == 2 and not set(options) - {"-q", "--quiet", "--hard", "--detach", "--recurse-submodules"}  # noqa: PLR2004 - `checkout COMMIT`
    return words[1] if plain else ""


def _target(run: Run, command: Command) -> tuple[str, str | None]:
    """Return where a clone goes, as ADD has to say it, and as an absolute path."""
    words = command.operands(_VALUED)[1:]
    written = words[1].value if len(words) > 1 else words[0].value.rstrip("/").rpartition("/")[2].removesuffix(".git")
    path = path_of(run, command, written) if written[:1] != "~" and is_known_outside(run, written) else None
    if path is not None and folder_of(run, command) == run.workdir.value:
        return written, path
    return path or "<folder>", path


def _needs_more(run: Run) -> bool:
    """Whether git needs here what ADD does not have: a password, a setting, or the history of what it cloned."""
    mounts = any(mount.type in ("secret", "ssh") for mount in run.mounts)
    return mounts or _is_set_up(run.stage) or run.index <= _last_use(run.stage) or run.index < _last_choice(run.stage)


@once
def _is_set_up(stage: Stage) -> bool:
    """Whether the file sets git up for its connections."""
    configured = (one for other in stage.model.stages for run in other.runs for one in run.calls("git"))
    return _OWN_SETTINGS.search(stage.model.code) is not None or any(
        "config" in (word.value for word in one.args) and any(_CONNECTION.match(word.value) for word in one.args)
        for one in configured
    )


@once
def _last_use(stage: Stage) -> int:
    """Return the index of the last RUN of a stage that works with the history of a repository; -1 without one."""
    used = (r.index for r in stage.runs for c in r.calls("git") if (c.subcommand or "version") not in _STANDING)
    return max(used, default=-1)


@once
def _last_choice(stage: Stage) -> int:
    """Return the index of the last RUN that brings what another one cloned to a commit; -1 without one."""
    return max((run.index for run in stage.runs if _chooses_first(run)), default=-1)


def _chooses_first(run: Run) -> bool:
    calls = (one.subcommand for one in run.calls("git"))
    return next((one for one in calls if one in _CHOOSES or one == "clone"), "clone") != "clone"
