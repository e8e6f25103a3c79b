"""See prefer_add_archive.md."""

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator

from rules.api import (
    ROOT_NAMES,
    Category,
    Command,
    Copy,
    Dockerfile,
    DockerfileChange,
    Edit,
    Fix,
    Origin,
    Problem,
    Run,
    Severity,
    Stage,
    delete_command,
    delete_instruction,
    fix,
    once,
    quote,
    replace,
    rule,
)
from rules.copying.fetching.tar_calls import file_name, names_read_by, unpacks_all

_UNPACKED = re.compile(r"\.(?:tar|tgz|tbz2?|txz|tar\.(?:gz|bz2|xz))$", re.IGNORECASE)
"""What ADD unpacks (reference, "ADD"); a `.gz` that is no tar it copies as it is."""
_BETWEEN_NAMES = re.compile(r"[\s/\\\"'=,:;|&()<>]+")


@rule(
    "prefer-add-archive",
    severity=Severity.INFO,
    category=Category.SIZE,
    default="off",
    keywords=("COPY", "ONBUILD"),
    mentions=("tar",),
    aliases=("DL3010", "DF067"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """An archive is copied in and unpacked by a later RUN, which ADD does in one step."""
    for stage in change.stages:
        if stage.runtime.is_windows:
            continue
        for copy in stage.copies:
            found = _unpacking(stage, copy) if not copy.is_add and copy.from_context else None
            if found is not None:
                yield _problem(change, copy, *found)


def _names(copy: Copy) -> set[str]:
    """The names that the archives have in the image, as written: of a Windows path too."""
    target = file_name(copy.destination_word.text) if copy.destination_word is not None else ""
    if _UNPACKED.search(target):
        return {target}
    return {name for source in copy.sources if _UNPACKED.search(name := file_name(source.word.text))}


def _unpacking(stage: Stage, copy: Copy) -> tuple[Run, Command] | None:
    """Return the command of a later RUN that unpacks all of an archive."""
    found = []
    for name in _names(copy):
        uses = _unpacked(stage).get(name, [])
        below = bisect_right(uses, copy.index, key=lambda use: use[0].index)
        found += uses[below : below + 1]
    return min(found, key=lambda use: use[1].start, default=None)


@once
def _unpacked(stage: Stage) -> dict[str, list[tuple[Run, Command]]]:
    """Return the commands of a stage that unpack all of an archive, by its name."""
    found: dict[str, list[tuple[Run, Command]]] = {}
    for run in stage.runs:
        for command in run.calls("tar"):
            for name in names_read_by(run, command) if unpacks_all(command) else ():
                found.setdefault(name, []).append((run, command))
    return found


def _problem(change: DockerfileChange, copy: Copy, run: Run, command: Command) -> Problem:
    name = ", ".join(map(quote, sorted(_names(copy) & names_read_by(run, command))))
    return Problem(
        copy.instruction.span,
        f"{copy.stage.label} copies {name} and unpacks it in line {command.line}, so its layers hold both the archive "
        "and what was in it. `ADD` unpacks a local archive in one step and keeps nothing else.",
        instruction=copy.instruction,
        stage=copy.stage.key,
        fix=_fix(change, copy, run, command),
    )


def _fix(change: DockerfileChange, copy: Copy, run: Run, command: Command) -> Fix | None:
    """Unpack with ADD; only where the archive has no other use and the same files come to the same place."""
    folder = _folder(run, command)
    word = copy.destination_word
    if folder is None or word is None or not _is_plain(copy, run) or not _has_no_other_use(change, copy, run, command):
        return None
    keyword = copy.instruction.keyword_span
    lower = change.source.cut(keyword).islower()
    return fix(
        "Unpack it with ADD",
        replace(change.source, keyword, "add" if lower else "ADD"),
        replace(change.source, word.span, f"{folder.rstrip('/')}/"),
        *_without(run, command),
    )


def _folder(run: Run, command: Command) -> str | None:
    """Where `tar xf ARCHIVE [-C FOLDER]` unpacks to, absolute; `None` where the text does not tell.

    In front of it only `mkdir` may stand, which ADD does by itself.
    """
    match [word.value for word in command.args]:
        case [options, _]:
            folder = run.workdir.value
        case [options, _, "-C" | "--directory", written]:
            folder = run.resolve(written)
        case _:
            return None
    plain = re.fullmatch(r"-?[xzjJvpf]*f", options) is not None and all(word.literal for word in command.args)
    before = run.commands[: run.commands.index(command)]
    alone = all(other.name == "mkdir" for other in before) and not command.nested and not command.conditional
    return folder if plain and alone else None


def _is_plain(copy: Copy, run: Run) -> bool:
    """Whether ADD does at its place what tar does at its own: as root, with nothing in between."""
    between = copy.stage.steps[copy.index + 1 : run.index]
    as_root = run.user.origin is Origin.ABSENT or run.user.value in ROOT_NAMES
    still = not any(isinstance(step, (Run, Copy)) or step.instruction.keyword == "USER" for step in between)
    ours = not (run.deferred or copy.deferred or run.instruction.flags or copy.instruction.flags)
    return as_root and still and ours and run.instruction.exec_form is None and not run.instruction.comments


def _has_no_other_use(change: DockerfileChange, copy: Copy, run: Run, command: Command) -> bool:
    """Whether the file names the archive for the COPY, the tar and the rm behind it only."""
    if len(copy.sources) != 1 or copy.heredocs or copy.target_of(copy.sources[0]) != run.resolve(command.args[1].value):
        return False
    name = file_name(command.args[1].value)
    words = [copy.sources[0].word.text, *(word.text for word in (copy.destination_word,) if word is not None)]
    words += [word.value for one in (command, *_removing(run, command)) for word in one.args]
    return _mentioned(change.after.dockerfile)[name] == sum(file_name(word) == name for word in words)


@once
def _mentioned(dockerfile: Dockerfile) -> Counter[str]:
    """How often each name stands in the file."""
    return Counter(_BETWEEN_NAMES.split(dockerfile.source.text))


def _removing(run: Run, command: Command) -> list[Command]:
    return [one for one in run.calls("rm") if any(w.value == command.args[1].value for w in one.args)]


def _without(run: Run, command: Command) -> list[Edit | None]:
    """The edits that take the tar away, and the rm of the archive behind it."""
    gone = [command, *_removing(run, command)]
    if len(gone) == len(run.commands):
        return [delete_instruction(run.instruction)]
    return [delete_command(run, one) for one in gone]
