"""What a build downloads, and where to."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from rules.api import once

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from rules.api import Command, Copy, DockerfileChange, Run, ShellWord, Span, Stage

FETCHERS = frozenset({"curl", "wget", "aria2c", "axel", "lwp-download"})
"""Programs that save what a URL answers."""

SENDING = (
    *("-d", "--data", "--data-binary", "--data-raw", "--data-urlencode", "-F", "--form", "--json"),
    *("-T", "--upload-file"),
)
"""Options by which curl sends something to a server (curl(1))."""
CLEARTEXT = frozenset({"http", "ftp"})
"""Schemes under which nothing says who answered."""
_URL = re.compile(r"(?P<scheme>https?|ftps?)://(?:[^/@\s]*@)?(?P<host>\[[^\]]*\]|[^/:\s?#]*)", re.IGNORECASE)
_OUTPUT = {"wget": ("-O", "--output-document")}
"""How a program is told the file, where it is not `-o`: that is the log of wget."""
_REMOTE_NAME = ("-O", "--remote-name", "--remote-name-all")
_LOCAL = re.compile(
    r"localhost|127\.[\d.]+|0\.0\.0\.0|\[?(?:::1|0:0:0:0:0:0:0:1)\]?|10\.[\d.]+|192\.168\.[\d.]+|172\.(?:1[6-9]|2\d|3[01])\.[\d.]+|"
    r"169\.254\.[\d.]+|[^.]*|.*\.(?:internal|local|lan|localhost|localdomain|test|corp|home\.arpa|svc|svc\.cluster\.local|intra(?:net)?)",
    re.IGNORECASE,
)

_HIDDEN_HOST = re.compile(r"\$|(?:https?|ftps?)://[^/]*\$", re.IGNORECASE)
_NO_SOURCE = re.compile(
    r"-[xeHA]|--(?:pre)?proxy|--socks\w*(?:-hostname)?|--referer|--keyserver|--header|--user-agent|"
    r"(?i:(?!\S*:/)\S*proxy|\S*\.(?:push)?insteadof)"
)
"""What stands before an address that nothing is fetched from: a proxy's, in an option or in the settings of npm, yarn,
pip or git, and the one that git is to write another in the place of (git-config(1), `url.<base>.insteadOf`)."""
_NUMBER = re.compile(r"(?:\d+|\$(?:\w+|\{[^{}]*\}))(?:\.(?:\d+|x\b|\$(?:\w+|\{[^{}]*\})))*")
"""A version in an address: numbers, and variables that the shell fills in."""
_VARIABLE = re.compile(r"\$(?:\{(?P<indirect>!?)(\w+)\}|(\w+))")
"""A variable, or by bash's `${!NAME}` the one whose name it holds (bash's manual, Shell Parameter Expansion)."""
_LONGEST_ADDRESS = 2000
"""Characters of an address that is put together from variables, so that none doubles without end."""
_POWERSHELL = re.compile(
    r"\b(?:Invoke-WebRequest|iwr|Invoke-RestMethod|irm|Start-BitsTransfer|DownloadFile|DownloadString)\b[^|;&]*?"
    r"(?P<url>(?:https?|ftp)://[^\s'\"`),;]+)",
    re.IGNORECASE,
)
_PHP = re.compile(r"\b(?:readfile|copy|file_get_contents|fopen)\s*\(\s*\\?['\"](?P<url>(?:https?|ftp)://[^\s'\"\\]+)")
"""PHP's functions that fetch an address: `php -r "copy('…', 'setup.php');"`."""
_PHP_SAVES = re.compile(
    r"\bcopy\s*\(\s*\\?['\"](?P<url>(?:https?|ftp)://[^\s'\"\\]+)\\?['\"]\s*,\s*\\?['\"](?P<path>[^'\"\\]+)"
)


def stages_that_count(change: DockerfileChange) -> Iterator[Stage]:
    """Yield the stages that what ships is made of; a stage for tests beside others is left out, even as the last.

    One that something else which ships is made of counts, whatever it is called.
    """
    needed = change.after.needed_by_shipped
    for stage in change.stages:
        if stage.index in needed and not (
            len(change.stages) > 1 and change.after.is_for_developers(stage, copied=True)
        ):
            yield stage


class Url(NamedTuple):
    """An address in a command.

    Attributes:
        text: As written, quotes removed.
        scheme: In lower case.
        host: In lower case; may hold a variable.
        word: Where it stands.
        command: The command.
    """

    text: str
    scheme: str
    host: str
    word: ShellWord
    command: Command

    @property
    def is_local(self) -> bool:
        """Whether it stays on this machine or in a private network, or its host is not known."""
        return is_local(self.host)


def is_local(host: str) -> bool:
    """Tell whether a host is this machine, in a private network, or a variable."""
    return "$" in host or bool(_LOCAL.fullmatch(host))


def versionless(url: str) -> str:
    """Return what tells an address from others: another version of a download is no other download, nor is `https`."""
    return _NUMBER.sub("#", url.partition("://")[2] or url)


def split_url(text: str) -> tuple[str, str] | None:
    """Return the scheme and the host of a text that begins as a URL, both in lower case."""
    match = _URL.match(text)
    return (match["scheme"].lower(), match["host"].lower()) if match is not None else None


def urls(command: Command, run: Run | None = None) -> Iterator[Url]:
    """Yield the addresses among a command's words, those of proxies and referrers left out.

    Args:
        command: The command.
        run: Its RUN, to fill in the variables of an address whose scheme or host they hold.
    """
    if command.name == "php":
        yield from _copied_by_php(command)
        return
    skip = False
    for word in command.args:
        if skip:
            skip = False
            continue
        skip = _NO_SOURCE.fullmatch(word.value) is not None
        name, _, given = word.value.partition("=") if word.value.startswith("--") else ("", "", "")
        value = given or word.value
        if run is not None and _HIDDEN_HOST.match(value):
            value = _filled(run, command, value)
        found = split_url(value)
        if found is not None and not _NO_SOURCE.fullmatch(name):
            yield Url(value, *found, word, command)


def _copied_by_php(command: Command) -> Iterator[Url]:
    """Yield the address that the code of a `php -r` copies to a file."""
    for word in command.args if command.has("-r", "--run") else ():
        match = _PHP_SAVES.search(word.value)
        found = split_url(match["url"]) if match is not None else None
        if match is not None and found is not None:
            yield Url(match["url"], *found, word, command)


def _filled(run: Run, command: Command, text: str) -> str:
    """Put in the variables whose values are known: those of the stage, and those that the script set before."""
    return _put_in({name: value for start, name, value in _set_by_script(run) if start < command.start}, run, text)


def _put_in(local: Mapping[str, str | None], run: Run, text: str) -> str:
    def known(name: str) -> object:
        return local[name] if name in local else run.scope.lookup(name)

    def value(match: re.Match[str]) -> str:
        found = known(match[2] or match[3])
        if match["indirect"]:
            found = known(found) if isinstance(found, str) else None
        return found if isinstance(found, str) else match[0]

    return _VARIABLE.sub(value, text)


@once
def _set_by_script(run: Run) -> tuple[tuple[int, str, str | None], ...]:
    """Return where a script sets which variable, and to what; `None` where that is not known.

    Of an address that the script puts together (`url=https://host/tool-$V.tgz`) the variables whose values are not
    known stay as written.
    """
    found: list[tuple[int, str, str | None]] = []
    values: dict[str, str | None] = {}
    for command in run.commands:
        for name, word in command.assignments:
            values[name] = None if command.conditional else _value(values, run, word)
            found.append((command.start, name, values[name]))
    return tuple(found)


def _value(values: Mapping[str, str | None], run: Run, word: ShellWord) -> str | None:
    if word.literal:
        return word.value
    filled = _put_in(values, run, word.value) if "'" not in word.text and len(word.value) <= _LONGEST_ADDRESS else ""
    return filled if split_url(filled) is not None and len(filled) <= _LONGEST_ADDRESS else None


def php_urls(run: Run) -> Iterator[tuple[str, Span]]:
    """Yield the addresses that the code of a `php -r` fetches, each with its place; none where PHP tests a hash."""
    if "hash" in run.instruction.text:
        return
    for command in run.calls("php"):
        source = command.source
        for match in _PHP.finditer(source.text, command.start, command.end) if command.has("-r", "--run") else ():
            yield match["url"], source.span(match.start("url"), match.end("url"))


def powershell_urls(run: Run) -> Iterator[tuple[str, Span]]:
    """Yield the addresses that a RUN fetches by PowerShell's own commands, each with its place.

    PowerShell is not read; the names of its commands are like no others'.
    """
    instruction = run.instruction
    if run.commands and not run.calls("powershell", "pwsh", "powershell.exe"):
        return
    for match in _POWERSHELL.finditer(instruction.text):
        start = instruction.span.start + match.start("url")
        yield match["url"], instruction.source.span(start, start + len(match["url"]))


def saved_name(url: Url) -> str:
    """Return the name of the file that a download is saved under, else the URL's last part."""
    path = saved_path(url.command)
    if path is None or "://" in path or path.startswith("-"):
        path = url.text.partition("?")[0]
    return path.rstrip("/").rpartition("/")[2]


def saved_path(command: Command) -> str | None:
    """Return the path that a download is written to, by an option or by the shell; `None` where neither says one."""
    if command.name == "php":
        return next((match["path"] for word in command.args if (match := _PHP_SAVES.search(word.value))), None)
    path = command.option(*_OUTPUT.get(command.name, ("-o", "--output", "--out")))
    if path is not None and path != "-":
        return path
    if command.has(*_REMOTE_NAME) or (command.name != "curl" and path is None):
        return None  # the file is called as in the address, whatever becomes of what the program prints
    return next((one.writes for one in command.redirects if one.writes and one.fd in (None, 1)), None)


def in_the_clear(addresses: Iterable[str], at: Span) -> str:
    """Return the `Problem.cause` of a fetch without encryption, empty where one of its addresses is encrypted.

    Args:
        addresses: All that the problem is about, as written.
        at: Where they are fetched: the RUN, or the word of an ADD.
    """
    schemes = {found[0] for address in addresses if (found := split_url(address)) is not None}
    return f"without encryption at {at.start}" if schemes and schemes <= CLEARTEXT else ""


def keeps_nothing(command: Command) -> bool:
    """Tell whether a program asks a server and keeps nothing of a file: it takes the headers, or throws all away."""
    asks = command.name == "curl" and command.has("-I", "--head")
    return asks or (command.name == "wget" and command.has("--spider")) or saved_path(command) == "/dev/null"


def is_in_substitution(command: Command) -> bool:
    """Tell whether another program reads what a command prints as a file that has no name: `tar xz <(curl …)`."""
    return command.source.text[max(command.start - 20, 0) : command.start].rstrip().endswith("<(")


def is_saved(url: Url) -> bool:
    """Tell whether the command line says that the address becomes a file: by a path, or by the name in the address."""
    return saved_path(url.command) is not None or (url.command.name == "curl" and url.command.has(*_REMOTE_NAME))


def added_name(copy: Copy, url: str) -> str:
    """Return the name under which an ADD stores what an address answers."""
    path = copy.destination or ""
    return (url.partition("?")[0] if path.endswith(("/", ".")) else path).rpartition("/")[2]
