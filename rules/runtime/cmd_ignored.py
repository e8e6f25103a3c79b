"""See cmd_ignored.md."""

import posixpath
import re
from collections.abc import Iterator

from rules.api import Category, DockerfileChange, Note, Problem, Severity, Start, quote, rule
from rules.runtime.start_instructions import SHELLS, behind_init, shipped

_READS_ARGUMENTS = re.compile(r"\$\{?[@*#0-9]|\bshift\b|\bgetopts\b|\$BASH_ARGV")
_CODE = 3
"""Words of a shell with code: the shell, its option, the code."""


@rule(
    "cmd-ignored",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    keywords=("ENTRYPOINT",),
    mentions=("cmd",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """CMD is given to a shell that does not look at it, because ENTRYPOINT hands over its code alone."""
    for found in shipped(change, "ENTRYPOINT"):
        cmd = found.stage.image.cmd
        code = _code(found.start)
        if code is None or cmd.instruction is None or not cmd.value or found.stage.runtime.is_windows:
            continue
        if _READS_ARGUMENTS.search(code):
            continue
        how = "in its shell form" if found.start.form == "shell" else "a shell with its code"
        yield Problem(
            cmd.instruction.span,
            f"`CMD` of {found.stage.label} has no effect: the `ENTRYPOINT` in front of it is {how}, which gets "
            f"{quote(cmd.value.text, 60)}, and whatever `docker run` is given, as arguments that it does not read. "
            f"{_way_out(found.start)}.",
            stage=found.stage.key,
            key=cmd.value.text,
            notes=(Note(found.instruction.span, "the ENTRYPOINT"),),
        )


def _code(start: Start) -> str | None:
    """Return what a shell is given to run; `None` where no shell is, or where it is given further arguments."""
    if start.form == "shell":
        return start.text
    words = behind_init(start.words)
    if len(words) != _CODE or posixpath.basename(words[0]) not in SHELLS:
        return None
    return words[2] if re.fullmatch(r"-[a-z]*c", words[1]) else None


def _way_out(start: Start) -> str:
    if start.form == "shell":
        return 'Write it as an array; where it needs a variable, `["sh", "-c", "exec … \\"$@\\"", "sh"]`'
    return (
        'End the code with `"$@"`, and put a word behind it, which becomes `$0`: '
        '`["sh", "-c", "exec … \\"$@\\"", "sh"]`'
    )
