"""The downloads of a RUN that an ADD could make: files whose SHA-256 is tested, archives that are unpacked whole."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from rules.api import once, written_by
from rules.copying.fetching.fetched_by_add import is_always_run, is_known_outside, leaves_no_layer
from rules.copying.fetching.tar_calls import names_read_by, unpack_folder, unpacks_all
from rules.model.work_folders import path_of
from rules.secrets.downloads.fetched import keeps_nothing, urls

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.api import Command, Run

_SHORT = {"curl": re.compile(r"-[fgLsSOvZ#4]*(?:o.*|[OmC].*)?"), "wget": re.compile(r"-(?:n[vc]|[qvc4]*(?:[OPtT].*)?)")}
_LONG = {
    "curl": frozenset(
        "--fail --fail-early --silent --show-error --location --output --output-dir --remote-name --create-dirs "
        "--retry --retry-delay --retry-max-time --retry-connrefused --retry-all-errors --connect-timeout --max-time "
        "--proto --proto-redir --tlsv1.2 --tlsv1.3 --progress-bar --no-progress-meter --globoff --http1.1".split()
    ),
    "wget": frozenset(
        "--quiet --no-verbose --verbose --progress --show-progress --output-document --directory-prefix --https-only "
        "--tries --timeout --waitretry --retry-connrefused --secure-protocol --no-clobber --inet4-only --max-redirect "
        "--no-hsts --continue".split()
    ),
}
"""Options that say how a file is fetched and where to: with a header, a password or a proxy ADD is another client."""
_SUM = re.compile(r"(?P<sum>[0-9a-fA-F]{64}|\$\w+|\$\{\w+\})[ \t]+\*?(?P<file>\S+)(?:\\n)?")
_BEYOND = re.compile(
    r"--(?:zstd|lzma|lzip|lzop|compress|uncompress|use-compress-program|no-same-\w+|owner|group|mode)\b|-[a-zA-Z]*[IZ]"
)
"""How a tar is told a format that ADD does not unpack, which knows gzip, bzip2 and xz (reference, "ADD"), or other
owners than the archive's."""
_OTHER_FORMAT = re.compile(r"\.(?:zip|zst|lz4?|lzma|7z|Z)$")


class Remote(NamedTuple):
    """A download that an ADD could make.

    Attributes:
        command: The program that fetches it.
        url: As written, quotes removed.
        path: Where it is saved, absolute; `None` where it goes down a pipe.
        sum: The SHA-256 that it is tested with, as written; `None` without a test.
        test: The commands of that test.
        tar: The command that unpacks it; `None` where it stays a file.
        folder: Where that unpacks to; `None` where that is not known.
    """

    command: Command
    url: str
    path: str | None
    sum: str | None
    test: tuple[Command, ...] = ()
    tar: Command | None = None
    folder: str | None = None


def remote_files(run: Run) -> Iterator[Remote]:
    """Yield the downloads of a RUN that an ADD could make, in order."""
    if run.deferred or run.instruction.exec_form is not None:
        return
    for command in run.calls("curl", "wget"):
        found = _read(run, command) if is_always_run(run, command) and not keeps_nothing(command) else None
        if found is not None and not _is_used_up(run, found):
            yield found


def _read(run: Run, command: Command) -> Remote | None:
    addresses = list(urls(command))
    if len(addresses) != 1 or addresses[0].is_local or not addresses[0].scheme.startswith("http"):
        return None
    url = addresses[0].text
    if not _has_plain_options(command) or not is_known_outside(run, url):
        return None
    if len(run.pipelines[command.pipeline]) > 1:
        return _piped(run, command, url)
    path = next((write.path for write in written_by(run) if write.command == command and not write.tree), None)
    return _saved(run, command, url, path) if path is not None else None


def _has_plain_options(command: Command) -> bool:
    words = [word.value for word in command.args if word.value[:1] == "-" and word.value != "-"]
    short, long = _SHORT[command.name], _LONG[command.name]
    return all(word.partition("=")[0] in long if word[:2] == "--" else short.fullmatch(word) for word in words)


def _piped(run: Run, command: Command, url: str) -> Remote | None:
    """Read `curl … | tar x`, and nothing else in the pipe."""
    first, *rest = run.pipelines[command.pipeline]
    if first is not command or len(rest) != 1 or not _unpacks(run, rest[0]) or _OTHER_FORMAT.search(url):
        return None
    return Remote(command, url, None, None, tar=rest[0], folder=unpack_folder(run, rest[0]))


def _saved(run: Run, command: Command, url: str, path: str) -> Remote | None:
    test, written = _tested(run).get(path, ((), None))
    name = path.rpartition("/")[2]
    later = [one for one in run.commands if one.start > command.start and one not in test]
    using = [one for one in later if one.name != "rm" and any(name in word.value for word in one.args)]
    unpacking = [one for one in using if one.name == "tar" and _unpacks(run, one) and name in names_read_by(run, one)]
    if len(using) == 1 and unpacking and len(run.pipelines[using[0].pipeline]) == 1 and not _OTHER_FORMAT.search(name):
        tar = unpacking[0]
        return Remote(command, url, path, written, test, tar, unpack_folder(run, tar))
    return Remote(command, url, path, written, test) if written is not None else None


def _unpacks(run: Run, command: Command) -> bool:
    if command.name != "tar" or not is_always_run(run, command) or not unpacks_all(command):
        return False
    return not any(_BEYOND.match(word.value) for word in command.args)


@once
def _tested(run: Run) -> dict[str, tuple[tuple[Command, ...], str]]:
    """Return the tests of a RUN whose SHA-256 an ADD could take, by the file: `echo "SUM  FILE" | sha256sum -c`."""
    found: dict[str, tuple[tuple[Command, ...], str]] = {}
    for check in run.calls("sha256sum", "shasum"):
        echo, *rest = run.pipelines[check.pipeline]
        if rest != [check] or echo.name not in ("echo", "printf") or not is_always_run(run, check):
            continue
        if not check.has("-c", "--check") or (check.name == "shasum" and check.option("-a", "--algorithm") != "256"):
            continue
        line = _SUM.fullmatch(" ".join(word.value for word in echo.args if word.value not in ("-e", "%s\\n")))
        path = path_of(run, check, line["file"]) if line is not None else None
        if line is not None and path is not None and is_known_outside(run, line["sum"]):
            found[path] = ((echo, check), line["sum"])
    return found


def _is_used_up(run: Run, found: Remote) -> bool:
    """Whether the file or what is unpacked is gone, or another, by the end of the RUN, and an ADD would leave both."""
    if found.tar is not None:
        return leaves_no_layer(run, found.tar, found.folder, aside=found.path)
    return leaves_no_layer(run, found.command, found.path, but=run.calls("chmod"))
