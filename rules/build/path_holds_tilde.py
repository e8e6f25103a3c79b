"""See path_holds_tilde.md."""

import re
from collections.abc import Iterator

from rules.api import (
    Category,
    DockerfileChange,
    Fix,
    Instruction,
    Problem,
    Severity,
    Stage,
    Word,
    fix,
    quote,
    replace,
    rule,
)

_HOME = re.compile(r"(?:^|(?<=:))~(?=/|:|$)")
"""A folder of the list that begins with the tilde by itself; `~name` is another account's."""
_WRITTEN = re.compile(r"(?:^|(?<=[:\"']))~(?=[/:\"']|$)")
"""The same as it is written, with quotes between."""
_QUOTES = re.compile(r"[\"']")
_ROOTS = "/root"


@rule(
    "path-holds-tilde",
    severity=Severity.WARNING,
    category=Category.CORRECTNESS,
    keywords=("ENV",),
    mentions=("~",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """An ENV puts a folder into PATH that begins with `~`, which only bash looks for in the home."""
    for stage in change.stages:
        if stage.runtime.is_windows:
            continue
        for instruction in stage.instructions:
            if instruction.keyword != "ENV":
                continue
            for name, value in instruction.pairs:
                text = _QUOTES.sub("", value.text) if value is not None else ""
                if name.text == "PATH" and value is not None and _is_alone(text):
                    yield _problem(stage, instruction, value, text)


def _is_alone(text: str) -> bool:
    """Whether a folder of the list begins with the tilde, and the list does not name it by its whole path as well."""
    folders = text.split(":")
    return any(
        _HOME.match(one) and not any(other.endswith(one[1:]) for other in folders if other != one) for one in folders
    )


def _problem(stage: Stage, instruction: Instruction, value: Word, text: str) -> Problem:
    folder = next(folder for folder in text.split(":") if _HOME.match(folder))
    right = _HOME.sub(_ROOTS, folder) if _is_roots(stage) else ""
    named = f": {quote(right)}" if right else ", as it is called in the image"
    return Problem(
        value.span,
        f"{stage.label} puts {quote(folder)} into `PATH`: `ENV` leaves the `~` as it is, and of what looks for "
        "programs only bash takes it for the home. `sh`, a command in JSON form and every other program look for a "
        f"folder that is called `~`, and find nothing. Write the whole path{named}.",
        instruction=instruction,
        stage=stage.key,
        key=folder,
        fix=_fix(instruction, value) if right else None,
    )


def _is_roots(stage: Stage) -> bool:
    """Whether the home is surely root's: the base is known to run as root, and nothing switches to another account."""
    switches = any(one.keyword == "USER" for link in stage.chain for one in link.instructions)
    home = stage.image.env.get("HOME")
    if switches or (home is not None and home.set_in_file):
        return False
    return stage.facts is not None and stage.facts.runs_as_root is True


def _fix(instruction: Instruction, value: Word) -> Fix | None:
    right = _WRITTEN.sub(_ROOTS, value.text)
    meant = _HOME.sub(_ROOTS, _QUOTES.sub("", value.text))
    if instruction.source.cut(value.span) != value.text or _QUOTES.sub("", right) != meant:
        return None
    return fix("Write the whole path", replace(instruction.source, value.span, right))
