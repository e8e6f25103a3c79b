"""See jvm_options_after_jar.md."""

import posixpath
import re
from collections.abc import Iterator

from rules.api import Category, Confidence, DockerfileChange, Fix, Problem, Severity, fix, quote, replace, rule
from rules.quoting import listed
from rules.runtime.starts.instructions import Written, behind_init, executes_cmd, shipped

_OF_THE_MACHINE = re.compile(r"-X(?:m[snx]|ss)\d+\w?|-XX:[+-]?\w\S*|-(?:javaagent|agentlib|agentpath):\S+")
"""Options that the virtual machine alone knows: `-D` and `--add-opens` may be meant for the program."""
_MOST = 4
"""Options that are named."""


@rule(
    "jvm-options-after-jar",
    severity=Severity.WARNING,
    category=Category.CORRECTNESS,
    keywords=("CMD", "ENTRYPOINT"),
    mentions=("-jar",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """Options for the virtual machine stand behind the program's archive, where they are the program's arguments."""
    for found in shipped(change):
        if found.stage.runtime.is_windows:
            continue
        misplaced = _misplaced(_words(found), found.start.words if found.start.form == "exec" else ())
        if misplaced:
            yield _problem(found, misplaced)


def _words(found: Written) -> tuple[str, ...]:
    """Return the command line that an instruction ends: of a shell form the call of `java` alone."""
    if found.start.form != "exec":
        calls = [one for one in found.start.commands if posixpath.basename(one.name) == "java" and not one.nested]
        return ("java", *(word.value for word in calls[-1].args)) if len(calls) == 1 else ()
    entrypoint = found.stage.image.entrypoint.value
    if found.instruction.keyword == "CMD" and entrypoint is not None and not executes_cmd(found.stage):
        return (*behind_init(entrypoint.words), *found.start.words) if entrypoint.form == "exec" else ()
    return behind_init(found.start.words)


def _misplaced(words: tuple[str, ...], own: tuple[str, ...]) -> list[str]:
    """Return the options behind the archive, of an array those that it holds itself."""
    if not words or posixpath.basename(words[0]) != "java" or "-jar" not in words:
        return []
    behind = words[words.index("-jar") + 2 :]
    return [word for word in behind if _OF_THE_MACHINE.fullmatch(word) and (not own or word in own)]


def _problem(found: Written, misplaced: list[str]) -> Problem:
    several = len(misplaced) > 1
    named = listed([quote(word) for word in misplaced], _MOST)
    return Problem(
        found.instruction.span,
        f"{found.stage.label} starts `java` with {named} behind `-jar`: from there on all words are the program's "
        f"arguments, and the virtual machine never sees {'them' if several else 'it'}. The program runs without "
        f"{'these settings' if several else 'this setting'}. Write {'them' if several else 'it'} in front of `-jar`.",
        Confidence.LIKELY,
        doubt="the program may start another Java with what it is given",
        stage=found.stage.key,
        key=misplaced[0].partition(":")[0],
        instruction=found.instruction,
        fix=_fix(found, misplaced),
    )


def _fix(found: Written, misplaced: list[str]) -> Fix | None:
    """Move them within an array of one line that holds the whole command."""
    words = found.instruction.exec_form or ()
    texts = [word.text.strip('"') for word in words]
    if "-jar" not in texts or not words or words[0].span.line != words[-1].span.end_line:
        return None
    at = texts.index("-jar")
    moved = [word for word, text in zip(words[at + 2 :], texts[at + 2 :], strict=True) if text in misplaced]
    kept = [word for word in words if word not in moved]
    cut = found.instruction.source.cut
    ordered = [*kept[:at], *moved, *kept[at:]]
    edits = [
        replace(found.instruction.source, old.span, cut(new.span))
        for old, new in zip(words, ordered, strict=True)
        if old is not new
    ]
    return fix("Write them in front of -jar", *edits)
