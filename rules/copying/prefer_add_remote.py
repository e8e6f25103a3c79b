"""See prefer_add_remote.md."""

import re
from collections.abc import Iterator

from rules.api import Category, Command, DockerfileChange, Fix, Problem, Run, Severity, names_read, quote, rule
from rules.copying.fetching.fetched_by_add import above_run, is_plain_place, knows_add, knows_unpack
from rules.copying.fetching.remote_files import Remote, remote_files
from rules.quoting import listed
from rules.secrets.downloads.fetched import FETCHERS, versionless
from rules.secrets.downloads.names import downloaded_name

_MODE = re.compile(r"0?[0-7]{3}")
_RUNNABLE = frozenset({"+x", "a+x", "+rx", "a+rx"})


@rule(
    "prefer-add-remote",
    severity=Severity.INFO,
    category=Category.BUILD_CACHE,
    default="off",
    keywords=("RUN",),
    mentions=("curl", "wget"),
    aliases=("S7026",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A RUN downloads what ADD fetches, tests or unpacks by itself."""
    if not knows_add(change):
        return
    unpacks = knows_unpack(change) is not False
    for stage in change.stages:
        for run in stage.runs if not stage.runtime.is_windows else ():
            found = [one for one in remote_files(run) if unpacks or one.tar is None]
            if found:
                yield _problem(change, run, found)


def _problem(change: DockerfileChange, run: Run, found: list[Remote]) -> Problem:
    stage = run.stage
    every = tuple(dict.fromkeys(_name(one) for one in found))
    names = change.fresh("prefer-add-remote", stage, every)
    told = [one for one in found if _name(one) in names]
    first, more = told[0], len(told) > 1
    return Problem(
        first.command.span,
        f"{stage.label} downloads {listed((quote(one.url) for one in told), 2)} in a `RUN`. "
        f"{'Of the first, ' if more else ''}{quote(f'ADD {_flags(first)} {first.url} {_target(first)}')} "
        f"{_does(first)}.",
        instruction=run.instruction,
        stage=stage.key,
        items=every,
        fix=_fix(run, first) if len(found) == 1 else None,
    )


def _name(one: Remote) -> str:
    return downloaded_name(one.url) or versionless(one.url)


def _flags(one: Remote) -> str:
    flags = ["--unpack=true"] if one.tar is not None else []
    return " ".join(["--checksum=sha256:…", *flags] if one.sum is not None else flags)


def _target(one: Remote) -> str:
    if one.tar is None:
        return one.path or "<file>"
    return f"{one.folder.rstrip('/')}/" if one.folder is not None else "<folder>/"


def _does(one: Remote) -> str:
    """Say what the ADD does in the place of which programs."""
    if one.tar is None:
        return (
            f"tests the SHA-256 as well, without {quote(one.command.name)}, at the same time as other steps, and "
            "again only for another sum"
        )
    programs = f"without {quote(one.command.name)} and `tar`"
    if one.sum is not None:
        return f"tests the SHA-256 and unpacks it, {programs} (Dockerfile frontend 1.17)"
    return (
        f"unpacks it too, {programs}, and again when the server has another file (Dockerfile frontend 1.17); with "
        "`--checksum=sha256:…` no other file"
    )


def _fix(run: Run, one: Remote) -> Fix | None:
    """Fetch a file with ADD; only where the same file with the same mode comes to the same place."""
    if one.tar is not None or one.path is None or not is_plain_place(run, one.command):
        return None
    if len(run.calls(*FETCHERS)) > 1:
        return None  # its test stands for what else is downloaded, too
    known = all(run.scope.get(name) is not None for name in names_read(f"{one.url}{one.sum}"))
    chmod = next((command for command in run.calls("chmod") if _sets_mode_of(run, command, one)), None)
    mode = _mode(chmod) if chmod is not None else "644"
    if not known or mode is None or any(mark in one.path for mark in " $"):
        return None
    text = f"ADD --checksum=sha256:{one.sum} --chmod={mode} {one.url} {one.path}"
    return above_run(run, "Fetch and test it with ADD", text, one.command, *one.test, *([chmod] if chmod else []))


def _sets_mode_of(run: Run, command: Command, one: Remote) -> bool:
    return any(run.resolve(word.value) == one.path for word in command.operands())


def _mode(command: Command) -> str | None:
    """Return the mode that a `chmod` of one new file gives it, as digits; `None` where that is not plain."""
    words = [word.value for word in command.args]
    if len(words) != 2:  # noqa: PLR2004 - the mode and the file
        return None
    return "755" if words[0] in _RUNNABLE else words[0] if _MODE.fullmatch(words[0]) else None
