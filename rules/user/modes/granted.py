"""What a file mode grants, as `chmod` (POSIX, and the GNU manual, "File permissions") and `--chmod` read it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from rules.model.found_paths import found_for
from rules.model.run_writes import INSTALL_VALUED
from rules.model.shell_scope import filled
from rules.model.steps import Copy, Run

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.dockerfile.shell.script import Command
    from rules.dockerfile.source import Span
    from rules.model.found_paths import Found
    from rules.model.stage import Stage
    from rules.model.steps import Step

_OCTAL = re.compile(r"[0-7]{1,5}")
_CLAUSE = re.compile(r"([ugoa]*)((?:[-+=](?:[rwxXst]+|[ugo]|))+)")
_OPERATION = re.compile(r"([-+=])([rwxXstugo]*)")
_OTHERS_WRITE, _STICKY, _SETGID, _SETUID = 0o2, 0o1000, 0o2000, 0o4000
_SAFE = {7: 5, 6: 4, 3: 1, 2: 0}


class Mode(NamedTuple):
    """What a mode gives.

    Attributes:
        text: As written, variables filled in.
        everyone_writes: Whether users who are neither owner nor in the group may write.
        sticky: Whether only the owner may delete what is in the folder.
        setuid: Whether the file runs as its owner.
        setgid: Whether the file runs with its group.
    """

    text: str
    everyone_writes: bool
    sticky: bool
    setuid: bool
    setgid: bool


def cause_of(stage: Stage, command: Command) -> str:
    """Name a command that sets modes, for the rules that each see something else in it (`Problem.cause`)."""
    return f"{stage.key} {command.name} {command.start}"


def octal_bits(text: str) -> int | None:
    """Return the bits of an octal mode; `None` for any other text."""
    return int(text, 8) if _OCTAL.fullmatch(text) else None


def read_mode(text: str) -> Mode | None:
    """Read an octal or symbolic mode; `None` when it is none.

    A symbolic mode without a letter for whom (`+w`) gives others nothing, since the umask of a build is 022.
    """
    bits = octal_bits(text)
    if bits is None:
        bits = _symbolic_bits(text)
    if bits is None:
        return None
    return Mode(text, bool(bits & _OTHERS_WRITE), bool(bits & _STICKY), bool(bits & _SETUID), bool(bits & _SETGID))


def _symbolic_bits(text: str) -> int | None:
    clauses = text.split(",")
    matches = [_CLAUSE.fullmatch(clause) for clause in clauses]
    if not text or any(match is None for match in matches):
        return None
    bits = 0
    for match in matches:
        if match is not None:
            bits = _applied(bits, match[1], match[2])
    return bits


def _applied(bits: int, who: str, operations: str) -> int:
    others = "o" in who or "a" in who
    for operator, what in _OPERATION.findall(operations):
        granted = 0
        granted |= _OTHERS_WRITE if others and "w" in what else 0
        granted |= _SETUID if "s" in what and (not who or "u" in who or "a" in who) else 0
        granted |= _SETGID if "s" in what and (not who or "g" in who or "a" in who) else 0
        granted |= _STICKY if "t" in what else 0
        bits = bits & ~granted if operator == "-" else bits | granted
    return bits


def without_others_writing(text: str) -> str | None:
    """Return an octal mode that lets others read and run what they could, but not write; the group likewise.

    `777` becomes `755`, `0666` `0644`; `None` for symbolic modes, and where no right would be left.
    """
    if not _OCTAL.fullmatch(text) or len(text) < 3:  # noqa: PLR2004 - owner, group, others
        return None
    group, others = int(text[-2]), int(text[-1])
    safe = f"{text[:-2]}{_SAFE.get(group, group) if group == others else group}{_SAFE.get(others, others)}"
    return safe if safe.strip("0") else None


class Grant(NamedTuple):
    """A place that sets a mode.

    Attributes:
        mode: The mode.
        span: The mode as it stands in the file.
        paths: What it is set on, as written; of what `find` hands on, the folders that it looks through. Empty where
            another command chooses.
        step: The RUN, COPY or ADD.
        command: The command of a RUN.
        recursive: Whether it holds for everything below, too.
        found: What `find` hands on; its `type` may leave out files or folders below.
        elsewhere: Whether it is set on more than `paths`, of which nothing is to be said.
    """

    mode: Mode
    span: Span
    paths: tuple[str, ...]
    step: Step
    command: Command | None
    recursive: bool
    found: Found | None = None
    elsewhere: bool = False

    def full(self, path: str) -> str | None:
        """Return one of the paths absolute, with the variables that hold there; `None` where it is not known."""
        step = self.step
        if isinstance(step, Run) and self.command is not None:
            return step.resolve(filled(step, self.command, path))
        return step.resolve(step.scope.expand(path))


def shown(grant: Grant) -> Command | None:
    """Return the command that a message shows for a mode: the `find` that calls `chmod` itself."""
    nested = grant.found is not None and grant.command is not None and grant.command.nested
    return grant.found.find if grant.found is not None and nested else grant.command


def grants(step: Step) -> Iterator[Grant]:
    """Yield the modes that a step sets."""
    if isinstance(step, Copy):
        flag = step.instruction.flag("chmod")
        mode = read_mode(step.option("chmod") or "") if flag is not None else None
        if flag is not None and mode is not None:
            yield Grant(mode, flag.value_span, _targets(step), step, None, recursive=True)
    elif isinstance(step, Run):
        for command in step.calls("chmod", "mkdir", "install"):
            grant = _of_command(step, command)
            if grant is not None:
                yield grant


def _targets(copy: Copy) -> tuple[str, ...]:
    """Return what a COPY writes, as written: a single source's own name where the destination is a folder."""
    destination = copy.destination_word.text if copy.destination_word is not None else ""
    names = [source.word.text.rstrip("/").rsplit("/", 1)[-1] for source in copy.sources]
    if destination.endswith("/") and len(names) == 1 and not copy.sources[0].is_root:
        return (destination + names[0],)
    return (destination,)


def _of_command(run: Run, command: Command) -> Grant | None:
    if command.name == "chmod":
        operands = command.operands()
        if not operands:
            return None
        word, paths = operands[0], operands[1:]
        text = word.value
    else:
        option = command.option_word("-m", "--mode")
        if option is None:
            return None
        text, word = option
        paths = command.operands(("-t", *INSTALL_VALUED))
        paths = paths if command.name == "mkdir" or command.has("-d", "--directory") else paths[-1:]
    mode = read_mode(filled(run, command, text) or "")
    if mode is None:
        return None
    at = word.start + max(word.text.rfind(text), 0)
    span = word.source.span(at, at + len(text)) if text in word.text else word.span
    targets = tuple(path.value for path in paths if path.value not in ("{}", ";", "+", "\\;"))
    found = found_for(run, command) if command.name == "chmod" and not targets else None
    if found is not None:
        return Grant(mode, span, found.roots, run, command, recursive=True, found=found)
    return Grant(mode, span, targets, run, command, command.has("-R", "--recursive"))


def lets_owner_write(text: str) -> bool:
    """Tell whether an owner who may write still may below a mode: `g+w` only adds, `775` says so."""
    if text.isdecimal():
        return len(text) > 2 and int(text[-3]) & 2 != 0  # noqa: PLR2004 - owner, group, others
    return "-" not in text and "=" not in text
