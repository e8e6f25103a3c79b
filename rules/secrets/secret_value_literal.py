"""See secret_value_literal.md."""

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence

from rules.api import (
    Category,
    Command,
    Confidence,
    DockerfileChange,
    Instruction,
    Note,
    Problem,
    Severity,
    ShellWord,
    Span,
    Stage,
    quote,
    rule,
    script_of,
)
from rules.secrets.credentials import GUESSED, Credential, credentials, is_password

_TYPED = "a password on a command line"
_PASSWORDS = {
    "curl": ("-u", "--user"),
    "wget": ("--password", "--http-password", "--ftp-password"),
    "sshpass": ("-p",),
    "svn": ("--password",),
    "twine": ("-p", "--password"),
    "helm": ("--password",),
    "dotnet": ("--password",),
    "az": ("-p", "--password"),
    **dict.fromkeys(("docker", "podman", "buildah", "skopeo", "oras"), ("-p", "--password")),
}
"""The options that take a password; that of curl follows the account's name and a colon."""
_NAMES = ("password=", "passwd=", "token=", "secret=", "apikey=", "api-key=")
_OPTION = re.compile(r"-[\w.-]*(?:password|passwd|token|secret|api-?key)=(?P<value>[^\s=]{8,})", re.IGNORECASE)
_MADE = re.compile(r"(?=.*[0-9])(?=.*[A-Za-z])[\w!@#%^&*+/=.:-]+\Z")
"""Of letters and digits, as what was made and not typed as an example."""
_FOR_BUILD = "hand the new one to the build as a secret mount: `RUN --mount=type=secret,id=…`"
_FOR_EITHER = f"{_FOR_BUILD}, or to the container when it starts"
_FOR_START = "give the new one to the container when it starts: a secret of the platform, `--env-file`"
_LAST = frozenset({"htpasswd", "composer"})
"""Programs that take a password as their last word."""
_TAKING = (*_PASSWORDS, *_LAST)
_AT_START = ("HEALTHCHECK", "CMD", "ENTRYPOINT")
_NEED_LOGIN = frozenset({"docker", "podman", "buildah", "skopeo", "oras", "az"})


@rule(
    "secret-value-literal",
    severity=Severity.ERROR,
    category=Category.SECURITY,
    aliases=("S6437",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A credential stands in the file."""
    source = change.source
    found = credentials(source)
    for one, *again in _by_text(found):
        at = _stage_at(change, one.start)
        ships = at is not None and at.layers_ship
        way_out = _FOR_START if ships and _is_for_start(change, one.start) else _FOR_EITHER if ships else _FOR_BUILD
        notes = tuple(Note(source.span(other.start, other.end), "the same credential") for other in again)
        yield _problem(one, source.span(one.start, one.end), at, way_out, notes)
    places = [(one.start, one.end) for one in found]
    lower = source.text.lower()
    named = any(name in lower for name in _NAMES)
    for stage in change.stages:
        for command, way_out in _commands(stage, every=named):
            given = {word.start: (word, password) for word, password in _given(command, named=named)}
            for word, password in given.values():
                if not any(start < word.end and word.start < end for start, end in places):
                    one = Credential(_TYPED, password, word.start, word.end)
                    yield _problem(one, word.span, stage, way_out)


def _commands(stage: Stage, *, every: bool) -> Iterator[tuple[Command, str]]:
    """Yield commands of the build and of the container, each with the way out: those that take a password, or every."""
    build = _FOR_EITHER if stage.layers_ship else _FOR_BUILD
    for run in stage.runs:
        yield from ((command, build) for command in (run.commands if every else run.calls(*_TAKING)))
    for instruction in stage.instructions:
        if instruction.keyword in _AT_START:
            script = script_of(instruction)
            yield from ((command, _FOR_START) for command in (script.commands if every else script.named(*_TAKING)))


def _given(command: Command, *, named: bool) -> Iterator[tuple[ShellWord, str]]:
    """Yield the passwords that a command is given, by what the option is called and by what is known of it."""
    if named:
        yield from _named(command)
    yield from _typed(command)


def _typed(command: Command) -> Iterator[tuple[ShellWord, str]]:
    """Yield the passwords that a command is given as arguments, each with its word."""
    if command.name in _LAST:
        words = command.operands(("-C",))
        if _takes_last(command, words) and is_password(words[-1].value) and words[-2].value != words[-1].value:
            yield words[-1], words[-1].value
        return
    options = _PASSWORDS.get(command.name)
    if options is None or (command.name in _NEED_LOGIN and "login" not in [word.value for word in command.args[:3]]):
        return
    found = command.option_word(*options)
    value = found[0] if found is not None else ""
    user, _, password = value.partition(":") if command.name == "curl" else ("", "", value)
    if found is not None and user != password and is_password(password):  # `anonymous:anonymous` opens what is open
        yield found[1], password


def _takes_last(command: Command, words: Sequence[ShellWord]) -> bool:
    """Whether a user and a password stand last: `htpasswd -b`, `composer config http-basic.HOST USER PASSWORD`."""
    if command.name == "htpasswd":
        return command.has("-b") and len(words) > 1
    return len(words) > 3 and words[0].value == "config" and words[-3].value.startswith("http-basic.")  # noqa: PLR2004 - with user and password


def _named(command: Command) -> Iterator[tuple[ShellWord, str]]:
    """Yield what options that are called so give as a password: `-PrepositoryPassword=…`, `--token=…`."""
    for word in (word for word in command.args if word.value.startswith("-")):
        match = _OPTION.fullmatch(word.value)
        if match is not None and is_password(match["value"]) and _MADE.search(match["value"]):
            yield word, match["value"]


def _stage_at(change: DockerfileChange, offset: int) -> Stage | None:
    return next((stage for stage in reversed(change.stages) if stage.from_.span.start <= offset), None)


def _is_for_start(change: DockerfileChange, offset: int) -> bool:
    """Whether a place lies in an instruction that only tells the container something."""
    instructions = change.after.dockerfile.instructions
    at = bisect_right(instructions, offset, key=_start) - 1
    return at >= 0 and offset < instructions[at].span.end and instructions[at].keyword in ("ENV", "CMD", "ENTRYPOINT")


def _start(instruction: Instruction) -> int:
    return instruction.span.start


def _by_text(found: Sequence[Credential]) -> list[list[Credential]]:
    """Put those together that are one credential, written again."""
    groups: dict[tuple[str, str], list[Credential]] = {}
    for one in found:
        groups.setdefault((one.kind, one.text), []).append(one)
    return list(groups.values())


def _problem(found: Credential, span: Span, stage: Stage | None, way_out: str, notes: tuple[Note, ...] = ()) -> Problem:
    place = f"in {stage.label}" if stage is not None else "above the first stage"
    pulls = "" if way_out == _FOR_BUILD else " or pull the image"
    return Problem(
        span,
        f"{found.kind} stands {place}: {quote(found.masked)}. Everyone who can read the repository{pulls} has it, and "
        "deleting the line does not take it out of the history. Replace the credential where it was issued, then "
        f"{way_out}.",
        Confidence.LIKELY if found.kind in GUESSED or found.kind == _TYPED else Confidence.CERTAIN,
        doubt="it may be an example that opens nothing",
        stage=stage.key if stage is not None else "",
        key=f"{found.kind} {found.text[:4]}",
        notes=notes,
    )
