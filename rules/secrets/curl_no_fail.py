"""See curl_no_fail.md."""

import posixpath
import re
from collections.abc import Iterator

from rules.api import (
    Category,
    Command,
    Confidence,
    DockerfileChange,
    Problem,
    Run,
    Severity,
    Stage,
    fix,
    insert_after,
    once,
    quote,
    rule,
)
from rules.secrets.download_checks import is_check
from rules.secrets.downloaded_names import downloaded_name
from rules.secrets.downloads import versionless
from rules.secrets.opened_unseen import opens

_VARIABLE = re.compile(r"\$\{?\w+\}?")
_NAMED_ADDRESS = re.compile(r"\$\{?\w*(?:url|uri)\}?", re.IGNORECASE)
"""A variable that is called an address."""
_OWN_ERRORS = re.compile(r"(?:dict|file|ftps?|gophers?|ldaps?|scp|sftp|smbs?|telnet|tftp)://", re.IGNORECASE)
"""Addresses of no web server: where the file is missing there is no page, and curl fails (`man curl`, exit codes)."""
_FAILS = ("-f", "--fail", "--fail-with-body", "--fail-early")
_INSTALLERS = frozenset({"apt", "apt-get", "dnf", "yum", "microdnf", "zypper", "apk"})
_LOCAL_PACKAGE = re.compile(r"\.(?:deb|rpm|apk)\Z")
_CONFIGURED = ("-K", "--config")
"""Options that name a file with further ones."""
_TESTS = ("-w", "--write-out", "-I", "--head", "-X", "--request", "-d", "--data")


@rule(
    "curl-no-fail",
    severity=Severity.INFO,
    category=Category.RELIABILITY,
    default="info",
    keywords=("RUN",),
    mentions=("curl",),
    aliases=("DF035",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A download keeps the error page when the server answers with an error."""
    if "curlrc" in change.after.code:
        return  # options that every call takes from there may hold `fail`
    for stage in change.stages:
        for run in stage.runs:
            careless = [
                command
                for command in run.calls("curl")
                if _keeps_any_answer(run, command) and not _is_checked_below(stage, run, command)
            ]
            if careless:
                yield _problem(stage, run, careless)


def _keeps_any_answer(run: Run, command: Command) -> bool:
    """Whether curl saves or pipes what it gets without `--fail`, and nothing looks at the status."""
    if command.has(*_FAILS, *_TESTS, *_CONFIGURED) or command.conditional or command.after == "||":
        return False
    if _address(command) is None:
        return False
    if command.option("-o", "--output") in ("/dev/null", "-"):
        return False
    bare = (word.value for word in command.operands(("-o", "--output")) if _VARIABLE.fullmatch(word.value))
    if not all(map(_NAMED_ADDRESS.fullmatch, bare)):
        return False  # which may hold the option
    saved = command.has("-o", "-O", "--output", "--remote-name", "-J") or any(
        ">" in r.operator for r in command.redirects
    )
    return saved and command.start >= _last_check(run)


def _address(command: Command) -> str | None:
    """Return what is fetched: an address, or a variable that is called one."""
    written = (word.value for word in command.args if "://" in word.value and not _OWN_ERRORS.match(word.value))
    named = (word.value for word in command.operands(("-o", "--output")) if _NAMED_ADDRESS.fullmatch(word.value))
    return next(written, next(named, None))


def _is_checked_below(stage: Stage, run: Run, command: Command) -> bool:
    """Whether a later step tests or unpacks the file, and so stops at an error page."""
    path = command.option("-o", "--output") or _address(command) or ""
    return _last_looks(stage).get(posixpath.basename(path), -1) > run.index


@once
def _last_looks(stage: Stage) -> dict[str, int]:
    """The place of the last RUN of a stage that tests or unpacks a file, by the file's name."""
    return {
        posixpath.basename(word.value): run.index
        for run in stage.runs
        for command in run.commands
        if _notices(command) or _unpacks_a_file(run, command)
        for word in command.args
    }


@once
def _last_check(run: Run) -> int:
    """Where the last command starts that fails when a file is none of its kind, -1 without one."""
    return max((c.start for c in run.commands if _notices(c) or _unpacks_a_file(run, c)), default=-1)


def _notices(command: Command) -> bool:
    """Whether a command stops at an error page: it tests a sum or a signature, or reads a key."""
    return is_check(command) or command.name == "gpg"


def _unpacks_a_file(run: Run, command: Command) -> bool:
    """Whether an archive or a package is opened that was saved, and not one that comes down a pipe."""
    if command.before == "|" and run.pipelines[command.pipeline][0].name in ("curl", "wget"):
        return False
    return opens(command) or (
        command.name in _INSTALLERS and any(_LOCAL_PACKAGE.search(word.value) for word in command.args)
    )


def _problem(stage: Stage, run: Run, careless: list[Command]) -> Problem:
    source, command = run.instruction.source, careless[0]
    url = _address(command) or ""
    programs = [one.program for one in careless if one.program is not None]
    repair = fix("Fail on an error answer", *(insert_after(source, program, " --fail") for program in programs))
    return Problem(
        command.span,
        f"{stage.label} saves whatever {quote(url)} answers: without `--fail`, `curl` ends well on a 404 and the "
        "error page becomes the file. Add `--fail`.",
        Confidence.CERTAIN if "://" in url else Confidence.LIKELY,
        doubt="the variable may hold no address of a web server",
        instruction=run.instruction,
        stage=stage.key,
        key=downloaded_name(url) or versionless(url),
        fix=repair,
    )
