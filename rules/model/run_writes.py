"""What the commands of a RUN write, as far as the command line tells."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, NamedTuple

from rules.dockerfile.managers.words import without_braces
from rules.dockerfile.shell.nested import SHELLS, inner_script
from rules.lazily import once
from rules.model.archivers import tar_writes, unzip_writes
from rules.model.shell_scope import filled
from rules.model.work_folders import folder_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rules.dockerfile.shell.script import Command
    from rules.model.steps import Run

OPAQUE_HARMLESS = frozenset(
    ": [ a2disconf a2dismod a2dissite a2enconf a2enmod a2ensite addgroup adduser apk apt apt-get apt-key basename "
    "break cat cd chgrp chmod chown command continue cp "
    "curl cut dirname dnf docker-php-ext-configure docker-php-ext-enable docker-php-ext-install dpkg du echo egrep env "
    "exit export false fgrep gpg gpgconf grep groupadd groupmod head "
    "id install ldconfig ln locale-gen ls microdnf mkdir mktemp mv nproc passwd pecl popd printf pushd pwd read "
    "readlink return rm rmdir rpm rustup sed set setcap sha256sum sha512sum shift shopt sleep sort stat sync tail tar "
    "tee test touch tr trap true type ulimit umask uname uniq unlink unset unzip update-ca-certificates useradd "
    "usermod wait wc wget which xargs yes yum zypper".split()
)
"""Commands that write to the system's own folders, or where their command line says; others may write anywhere."""


CARRIERS = frozenset({"cp", "mv", "install"})
"""Commands that put files which are there already elsewhere, under their own or another name."""
INSTALL_VALUED = ("-m", "--mode", "-o", "--owner", "-g", "--group", "-S", "--suffix")
"""Options of `mkdir`, `cp`, `mv` and `install` whose value is no path (coreutils)."""
_TARGET = ("-t", "--target-directory")

_URL = re.compile(r"(?:https?|ftp)://[^/]+/")


class Write(NamedTuple):
    """A path that a command writes.

    Attributes:
        path: Absolute.
        tree: Whether a folder with contents that are not known.
        checkout: Whether it is a checkout of a repository.
        command: The command.
    """

    path: str
    tree: bool
    checkout: bool
    command: Command


def is_opaque(command: Command) -> bool:
    """Tell whether a command may write anywhere: a build tool, a script, an unknown program."""
    return bool(command.name) and command.name not in OPAQUE_HARMLESS and not is_given_script(command)


def is_given_script(command: Command) -> bool:
    """Tell whether a shell is given its script; the commands in there follow it, and tell what it does."""
    return command.name in SHELLS and inner_script(command) is not None


def carried_by(command: Command) -> tuple[str, ...]:
    """Return what `cp`, `mv` or `install` takes, as written: its operands, but for the last where that says whither."""
    operands = tuple(word.value for word in command.operands((*_TARGET, *INSTALL_VALUED)))
    return operands if command.has(*_TARGET) else operands[:-1]


def sent_on(command: Command, path: str) -> str:
    """Return a path that a command names, as written, below the folder that it is told to change to first.

    Both `git -C folder` and `go build -C folder` read all their paths there (git(1), `go help build`).
    """
    folder = command.option("-C") if command.name in ("git", "go") else None
    return posixpath.join(folder, path) if folder else path


@once
def writes_by_command(run: Run) -> dict[int, list[Write]]:
    """Return what a RUN writes by the place where the command begins that writes it."""
    found: dict[int, list[Write]] = {}
    for write in written_by(run):
        found.setdefault(write.command.start, []).append(write)
    return found


@once
def written_by(run: Run) -> tuple[Write, ...]:
    """Return what a RUN writes, `cd` followed from command to command."""
    found: list[Write] = []
    for command in run.commands:
        texts = texts_written(command)
        folder = folder_of(run, command) if texts else None
        found += [
            Write(path, tree, checkout, command)
            for written, tree, checkout in texts
            for text in without_braces(written)  # under a shell that knows none, it is what the author means
            if (path := _join(run, command, folder, text)) is not None
            and not run.is_mounted(path)
            and path != "/dev/null"
        ]
    return tuple(found)


def _join(run: Run, command: Command, folder: str | None, text: str) -> str | None:
    expanded = filled(run, command, text)
    if not expanded or any(mark in expanded for mark in "$`*?"):
        return None
    if not expanded.startswith("/") and folder is None:
        return None
    return run.resolve(expanded if expanded.startswith("/") else f"{folder}/{expanded}")


def texts_written(command: Command) -> tuple[tuple[str, bool, bool], ...]:
    """Return each path that a command writes as text, whether it is a tree, and whether it is a checkout."""
    writer = _WRITERS.get("python" if command.name.startswith("python") else command.name)
    if writer is None and not command.redirects:
        return ()
    return (*_redirected(command), *(writer(command) if writer is not None else ()))


def _redirected(command: Command) -> Iterator[tuple[str, bool, bool]]:
    for redirect in command.redirects:
        if ">" in redirect.operator and redirect.target is not None and not redirect.target.value.isdecimal():
            yield redirect.target.value, False, False


def _all_operands(command: Command) -> Iterator[tuple[str, bool, bool]]:
    for word in command.operands(("-m", "--mode", "-d", "-t", "-r", "--reference")):
        yield word.value, False, False


def _last_operand(command: Command) -> Iterator[tuple[str, bool, bool]]:
    target = command.option(*_TARGET)
    operands = command.operands((*_TARGET, *INSTALL_VALUED))
    if target is not None:
        yield target, True, False
    elif command.name == "install" and command.has("-d", "--directory"):
        for word in operands:
            yield word.value, False, False
    elif len(operands) > 1:
        yield operands[-1].value, True, False


def _download(command: Command) -> Iterator[tuple[str, bool, bool]]:
    """What `curl` and `wget` write: the file that an option names, or one with the last name of the URL."""
    is_curl = command.name == "curl"
    output = command.option(*(("-o", "--output") if is_curl else ("-O", "--output-document")))
    folder = command.option(*(("--output-dir",) if is_curl else ("-P", "--directory-prefix")))
    if output is not None:
        if output != "-":
            yield (f"{folder}/{output}" if is_curl and folder else output), False, False
    elif not is_curl or command.has("-O", "--remote-name", "--remote-name-all"):
        for word in command.args:
            path, question, _ = word.value.partition("?")
            name = "" if question and not is_curl else path.rsplit("/", 1)[-1]  # wget keeps the question in the name
            if _URL.match(word.value) and name:
                yield f"{folder or '.'}/{name}", False, False


def _output_option(command: Command) -> Iterator[tuple[str, bool, bool]]:
    output = command.option("-o", "--output")
    if output is not None and output != "-":
        yield sent_on(command, output), False, False


def _git(command: Command) -> Iterator[tuple[str, bool, bool]]:
    operands = command.operands(
        ("-b", "--branch", "--depth", "-c", "--config", "-C", "-j", "--jobs", "--reference", "-o")
    )
    if operands and operands[0].value == "clone" and len(operands) > 1:
        url = operands[1].value.rstrip("/")
        name = operands[2].value if len(operands) > 2 else url.rsplit("/", 1)[-1].removesuffix(".git")  # noqa: PLR2004 - `clone URL [DIR]`
        yield sent_on(command, name), True, True


_ENVIRONMENT_OPTIONS = ("-p", "--python", "--prompt", "--app-data", "--cache-dir", "--pip", "--setuptools", "--wheel")
"""Those of `venv`, `virtualenv` and `uv venv` that take a value."""


def _venv(command: Command) -> Iterator[tuple[str, bool, bool]]:
    values = [word.value for word in command.operands(("-m", *_ENVIRONMENT_OPTIONS))]
    if command.name.startswith("python"):
        if command.option("-m") not in ("venv", "virtualenv"):
            return
    elif command.name == "uv":
        if values[:1] != ["venv"]:
            return
        values = values[1:] or [".venv"]
    yield from ((value, True, False) for value in values[:1])


_DUMPS = frozenset({"dump-env", "symfony:dump-env", "dotenv:dump"})
"""Commands of Symfony Flex and of Symfony that make one file of all `.env` files (symfony.com/doc, "Configuration")."""


def _symfony(command: Command) -> Iterator[tuple[str, bool, bool]]:
    if any(word.value in _DUMPS for word in command.args) and not command.has("-d", "--working-dir"):
        yield ".env.local.php", False, False


_WRITERS: dict[str, Callable[[Command], Iterator[tuple[str, bool, bool]]]] = {
    **dict.fromkeys(("mkdir", "touch", "tee", "mkfifo"), _all_operands),
    **dict.fromkeys(("cp", "mv", "install", "ln", "rsync"), _last_operand),
    **dict.fromkeys(("curl", "wget"), _download),
    **dict.fromkeys(("gcc", "g++", "cc", "clang", "go", "rustc"), _output_option),
    **dict.fromkeys(("tar", "bsdtar"), tar_writes),
    "unzip": unzip_writes,
    "git": _git,
    **dict.fromkeys(("python", "virtualenv", "pyvenv", "uv"), _venv),
    **dict.fromkeys(("composer", "console", "php"), _symfony),
}
