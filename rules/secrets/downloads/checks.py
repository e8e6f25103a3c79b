"""How a build checks what it downloads: sums and signatures, and whose failure is passed over."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rules.api import once, runs_apart

if TYPE_CHECKING:
    from collections.abc import Collection

    from rules.api import Command, Run, Stage

_SUMS = re.compile(r"(?:sha\d+|md5|b2|b3|ck|x+h\d*|sha3-\d+)sum|shasum|rhash|sha\d+")
_SIGNATURES = frozenset(
    {"gpg", "gpg2", "gpgv", "cosign", "minisign", "signify", "slsa-verifier", "gh", "rsign", "sequoia"}
)
_WINDOWS_HASH = re.compile(r"Get-FileHash|certutil\S*\s+-hashfile|ComputeHash|Get-AuthenticodeSignature", re.IGNORECASE)


def compares_hash(run: Run) -> bool:
    """Tell whether a RUN looks at the hash of a file with the programs of Windows."""
    return bool(_WINDOWS_HASH.search(run.instruction.text))


@once
def checks(run: Run) -> tuple[Command, ...]:
    """Return the commands of a RUN that test a checksum or a signature, those of `forgiven_checks` left out."""
    forgiven = {command.start for command in forgiven_checks(run)}
    return tuple(command for _, command in _tests(run) if command.start not in forgiven)


@once
def forgiven_checks(run: Run) -> tuple[Command, ...]:
    """Return the tests of a RUN whose failure `|| true` passes over, or `|| echo` and nothing more."""
    return tuple(command for at, command in _tests(run) if _is_forgiven(run, command, at))


@once
def _tests(run: Run) -> tuple[tuple[int, Command], ...]:
    """The commands of a RUN that test a checksum or a signature, with the place of each among all."""
    return tuple((at, command) for at, command in enumerate(run.commands) if is_check(command))


def _is_forgiven(run: Run, check: Command, at: int) -> bool:
    last = run.pipelines[check.pipeline][-1]
    if last.after != "||" or last is not check or check.nested or any(one.writes for one in check.redirects):
        return False  # its answer may be read afterwards
    then = run.commands[at + 1] if at + 1 < len(run.commands) else None
    if then is None or check.source.text[last.end : then.start].strip(_JOINS) != "||":
        return False  # a group may decide
    return then.name in ("true", ":") or (then.name in ("echo", "printf") and then.after in ("", ";", "\n"))


def is_check(command: Command) -> bool:
    """Tell whether a command tests a checksum or a signature."""
    if _SUMS.fullmatch(command.name):
        return True
    if command.name in ("rpm", "rpmkeys"):
        return command.has("-K", "--checksig")
    if command.name in _SIGNATURES:
        values = {word.value for word in command.args}
        return command.name in ("gpgv", "slsa-verifier") or bool(
            values & {"--verify", "verify", "-V", "-Vm", "verify-blob", "attestation"}
        )
    if command.name in _INTERPRETERS and command.has("-r", "-c", "-e"):
        return any(_HASHES.search(word.value) for word in command.args)
    return command.name == "openssl" and command.subcommand in ("dgst", "sha256", "sha512")


_SUMS_FILE = re.compile(r"(?:sha\d*|md5|b2|check)[-_]?sums?\b|\.(?:sha\d+|md5|b2)\b", re.IGNORECASE)
"""How the files with sums are named that a publisher puts beside a download."""


def is_tested(run: Run, download: Command) -> bool:
    """Tell whether a RUN tests what a command downloads against what does not come over the same connection.

    Args:
        run: The RUN.
        download: A command of it; what is handed on through a pipe is not tested.
    """
    if download.after in ("|", "|&") or runs_apart(run, download):
        return False
    behind = [check for check in checks(run) if check.start > download.start]
    fetched = (word.value for command in run.calls(download.name) for word in command.args)
    sums = any(map(_SUMS_FILE.search, fetched))
    return any(check.name in _SIGNATURES or not sums for check in behind)


_JOINS = " \t\r\n\\"
"""What stands around an operator: blanks and the continuation of a line."""
_INTERPRETERS = frozenset({"php", "python", "python3", "node", "ruby", "perl"})
_HASHES = re.compile(r"hash|sha(?:1|256|384|512)|digest", re.IGNORECASE)


def last_checks(stage: Stage, names: Collection[str]) -> dict[str | None, int]:
    """Return the place of the last RUN of a stage that checks each downloaded file.

    Args:
        stage: That has the files.
        names: The files' names: a check that names some of them is theirs, and no other's.

    Returns:
        The RUN's place by the file's name; under `None` that of the last check which names no file and may be for any.
    """
    last: dict[str | None, int] = {}
    for run in stage.runs:
        for check in checks(run):
            text = " ".join(str(command) for command in run.pipelines[check.pipeline])
            last.update(dict.fromkeys(_named(text, names) or (None,), run.index))
    return last


_LONGEST_NAME = 40
"""Parts of a file's name between characters that are none of a word."""
_EDGE = re.compile(r"(?<![\w-])|(?![\w-])")


def _named(text: str, names: Collection[str]) -> set[str]:
    """Return those of some names that stand in a text by themselves."""
    edges = [match.start() for match in _EDGE.finditer(text)]
    found = {""} if "" in names and re.search(r"(?<![\w-])(?![\w-])", text) else set()
    for at, start in enumerate(edges):
        ends = edges[at + 1 : at + 1 + 2 * _LONGEST_NAME]
        found.update(part for end in ends if (part := text[start:end]) in names)
    return found
