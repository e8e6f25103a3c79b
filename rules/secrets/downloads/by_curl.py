"""Calls of curl that download: what they fetch, and whether anything looks at what comes."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from rules.api import once
from rules.runtime.scripts.branches import in_branches
from rules.secrets.downloads.checks import is_check
from rules.secrets.downloads.opened_unseen import opens

if TYPE_CHECKING:
    from rules.api import Command, Run, Stage

_VARIABLE = re.compile(r"\$\{?\w+\}?")
_NAMED_ADDRESS = re.compile(r"\$\{?\w*(?:url|uri)\}?", re.IGNORECASE)
"""A variable that is called an address."""
_OWN_ERRORS = re.compile(r"(?:dict|file|ftps?|gophers?|ldaps?|scp|sftp|smbs?|telnet|tftp)://", re.IGNORECASE)
"""Addresses of no web server: where the file is missing there is no page, and curl fails (`man curl`, exit codes)."""
_CONFIGURED = ("-K", "--config")
"""Options that name a file with further ones."""
_TESTS = ("-w", "--write-out", "-I", "--head", "-X", "--request", "-d", "--data")
_INSTALLERS = frozenset({"apt", "apt-get", "dnf", "yum", "microdnf", "zypper", "apk"})
_LOCAL_PACKAGE = re.compile(r"\.(?:deb|rpm|apk)\Z")


def address_of(command: Command) -> str | None:
    """Return what is fetched from a web server: an address, or a variable that is called one."""
    written = (word.value for word in command.args if "://" in word.value and not _OWN_ERRORS.match(word.value))
    named = (word.value for word in command.operands(("-o", "--output")) if _NAMED_ADDRESS.fullmatch(word.value))
    return next(written, next(named, None))


def is_download(command: Command) -> bool:
    """Tell whether a curl fetches a file, once and in any case, and all its options stand on its line."""
    return not command.conditional and _downloads(command)


def is_download_of_branch(run: Run, command: Command) -> bool:
    """Tell the same of a curl that stands first in a branch of an `if`, and in nothing else that decides over it."""
    first = command.conditional and command.before in ("", ";", "\n")
    return first and command.start in in_branches(run) and _downloads(command)


def _downloads(command: Command) -> bool:
    """Whether it asks for no status and sends nothing, and no `||` says what comes after a failure."""
    if command.has(*_TESTS, *_CONFIGURED) or command.after == "||":
        return False
    if address_of(command) is None:
        return False
    bare = (word.value for word in command.operands(("-o", "--output")) if _VARIABLE.fullmatch(word.value))
    return all(map(_NAMED_ADDRESS.fullmatch, bare))  # any other may hold an option


_WRITES = (">", ">>", ">|", "&>", "&>>")
"""Redirections of the standard output to a file; `2>&1` leads to where that one goes."""


def is_saved_to_file(command: Command) -> bool:
    """Tell whether a curl writes a file: by an option, or by the shell."""
    if command.option("-o", "--output") in ("/dev/null", "-"):
        return False
    by_option = command.has("-o", "-O", "--output", "--remote-name", "-J")
    return by_option or any(
        one.operator in _WRITES and one.fd in (None, 1) and (one.target is None or one.target.value != "/dev/null")
        for one in command.redirects
    )


def is_looked_at(run: Run, command: Command) -> bool:
    """Tell whether something tests or unpacks the file, and so stops where it is none of its kind.

    A command behind the download in its RUN, or a later step.
    """
    if command.start < _last_check(run):
        return True
    path = command.option("-o", "--output") or address_of(command) or ""
    return _last_looks(run.stage).get(posixpath.basename(path), -1) > run.index


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
