"""Steps that a change moves into a script of the project which a RUN calls: they are done there, and not gone."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from rules.brought import last_put, text_at
from rules.lazily import once
from rules.packages.projects.texts import text_in_image
from rules.packages.scripts_run import READERS, called_script

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from rules.change import DockerfileChange
    from rules.matching.fingerprint import Raised
    from rules.model.stage import Stage

_INSTALLS = re.compile(
    r"\b(?:apk|apt|apt-get|dnf|gem|microdnf|npm|pip[\d.]*|pnpm|yarn|yum|zypper)\b[^\n#]*\s(?:add|ci|install|sync)\b"
)
_ENDINGS = ("", ".sh", ".bash")
_WRAPPERS = frozenset({"configure", "gradlew", "mvnw"})
"""Scripts that stand for the build tool itself, and take no step of the system's."""
_BRINGS = ("COPY", "ADD")
_CONTINUED = re.compile(r"[\\`][ \t]*\r?\n")
_LINK = re.compile(r"\s*(?:&&|;)\s*")
_SURELY = 2
"""Words that tell a command: its program and what that is given."""


def moved_into_scripts(change: DockerfileChange, old: Sequence[Raised], left: Iterable[int]) -> set[int]:
    """Return which problems of before stand in steps that a script now takes, as far as can be seen.

    Args:
        change: The change.
        old: What was wrong with that.
        left: Indexes into `old` of what is wrong with the Dockerfile no more.
    """
    asked = [index for index in left if _is_of_run(old[index])]
    scripts = _scripts_now(change) if asked else ()
    return {index for index in asked if any(text is None or _says(text, old[index]) for text in scripts)}


def is_named_in_new_script(change: DockerfileChange, name: str) -> bool:
    """Tell whether a script that the Dockerfile calls now, and did not before, has a name in it, or was not read."""
    return any(text is None or _names(text, name) for text in _scripts_now(change))


def installs_by_script(change: DockerfileChange, stage: Stage) -> bool:
    """Tell whether a RUN of an image calls a script of the project that installs packages, or that was not read."""
    texts = (text for _, text in _called(change, stage))
    return any(text is None or _INSTALLS.search(text) is not None for text in texts)


@once
def _scripts_now(change: DockerfileChange) -> tuple[str | None, ...]:
    """The texts of the scripts that the Dockerfile calls now and did not before; `None` for one unread."""
    stages = change.before.stages if change.before is not None else ()
    known = {called_script(command) for stage in stages for run in stage.runs for command in run.commands}
    called = (row for stage in change.after.stages for row in _called(change, stage))
    return tuple(text for name, text in called if name not in known)


def _called(change: DockerfileChange, stage: Stage) -> Iterator[tuple[str, str | None]]:
    for run in stage.done_runs:
        for command in run.commands:
            name = called_script(command)
            is_script = posixpath.splitext(name)[1] in _ENDINGS and posixpath.basename(name) not in _WRAPPERS
            place = run.resolve(name) if is_script and ("/" in name or command.name in READERS) else None
            if place is None or "$" in place:
                continue
            text, put = text_in_image(change, run, place), last_put(stage, place)
            if text is not None:
                yield name, text
            elif put is not None and put.kind == "context":
                yield name, text_at(change, stage, place)


def _is_of_run(raised: Raised) -> bool:
    """Whether a problem is about a RUN, or about what one does later with what a COPY brought."""
    return raised.instruction is not None and raised.instruction.keyword in ("RUN", *_BRINGS)


def _says(text: str, raised: Raised) -> bool:
    """Whether a script has the packages that a problem names, the command that it points to, or a copied path."""
    problem, instruction = raised.problem, raised.instruction
    if instruction is None:
        return False
    if instruction.keyword == "RUN" and _names(_flat(text), _last_command(instruction.source.cut(problem.span))):
        return True
    if any(_names(text, name) for name in problem.items):
        return True
    if instruction.keyword in _BRINGS:
        named = problem.key.startswith("/") and re.search(rf"(?<![\w./-]){re.escape(problem.key)}(?![\w.-])", text)
        return bool(named)
    return _has_command(text, instruction.source.text[problem.span.start : instruction.span.end])


def _names(text: str, name: str) -> bool:
    return re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", text) is not None


def _last_command(shown: str) -> str:
    """Return what is meant by a piece of a RUN, which may begin at the instruction's own first word."""
    return _LINK.split(_flat(shown).removeprefix("RUN "))[-1]


def _flat(text: str) -> str:
    return " ".join(_CONTINUED.sub(" ", text).split())


def _has_command(text: str, command: str) -> bool:
    """Whether a script has a line with the program of a command and what that is given first."""
    words = [word for word in command.split() if not word.startswith("-") and word != "\\"][:_SURELY]
    if len(words) < _SURELY or words[0].isupper():
        return False
    program = re.escape(words[0].rstrip("0123456789."))
    return re.search(rf"(?m)(?<![\w-]){program}[\d.]*\s(?:[^\n]*\s)?{re.escape(words[1])}(?!\S)", text) is not None
