"""See start_command_doubled.md."""

import posixpath
import re
from collections.abc import Iterator

from rules.api import Category, Confidence, DockerfileChange, Fix, Origin, Problem, Severity, quote, replace, rule
from rules.runtime.start_instructions import Written, behind_init, is_script_entrypoint, shipped

_RUNTIMES = frozenset(
    "node nodejs python java ruby php perl deno bun dotnet npm yarn pnpm flask celery gunicorn uvicorn".split()
)
"""Programs that take their first argument for a file, a module or a command; none has one of its own name."""
_VERSION = re.compile(r"[0-9]+(?:\.[0-9]+)*\Z")


@rule(
    "start-command-doubled",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    keywords=("CMD",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """CMD repeats the program that ENTRYPOINT starts already, and so becomes its argument."""
    for found in shipped(change, "CMD"):
        entrypoint = found.stage.image.entrypoint.value
        if entrypoint is None or found.start.form != "exec" or entrypoint.form != "exec":
            continue
        words = behind_init(entrypoint.words)
        if is_script_entrypoint(found.stage) or not _repeats(words, found.start.words):
            continue
        yield _problem(found, entrypoint.words, _repeated(words, found.start.words))


def _repeats(entrypoint: tuple[str, ...], cmd: tuple[str, ...]) -> bool:
    """Whether the CMD begins as the ENTRYPOINT does, with a program that has no command of its own name."""
    return bool(entrypoint) and _program(entrypoint[0]) in _RUNTIMES and _program(entrypoint[0]) == _program(cmd[0])


def _program(word: str) -> str:
    """Return a program's name without folder and version: `python` for `/usr/bin/python3.13`."""
    return _VERSION.sub("", posixpath.basename(word))


def _repeated(entrypoint: tuple[str, ...], cmd: tuple[str, ...]) -> int:
    """Return how many words of the CMD only say again what the ENTRYPOINT says, `-jar` included."""
    same = 1
    while same < min(len(entrypoint), len(cmd)) and entrypoint[same] == cmd[same]:
        same += 1
    return same


def _problem(found: Written, entrypoint: tuple[str, ...], repeated: int) -> Problem:
    stage, words = found.stage, found.start.words
    from_base = stage.image.entrypoint.origin is Origin.BASE
    whose = f"the `ENTRYPOINT` of {quote(stage.root.base_text or '')}" if from_base else "`ENTRYPOINT`"
    rest = words[repeated:]
    way_out = f"Leave {quote(' '.join(words[:repeated]))} out of `CMD`" if rest else "Drop the `CMD`"
    name = quote(posixpath.basename(words[0]))
    return Problem(
        found.instruction.span,
        f"{stage.label} starts {quote(' '.join((*entrypoint, *words)))}: `CMD` is added to {whose}, "
        f"{quote(' '.join(entrypoint))}, and names the program once more. {name} arrives as an argument, is looked for "
        f"as a file, a module or a command, and the container exits. {way_out}.",
        Confidence.LIKELY if from_base else Confidence.CERTAIN,
        doubt="the entrypoint is that of the tags that are known of the base image",
        stage=stage.key,
        key=words[0],
        fix=_fix(found, repeated) if rest else None,
    )


def _fix(found: Written, repeated: int) -> Fix | None:
    words = found.instruction.exec_form
    if not words or len(words) <= repeated:
        return None
    source = found.instruction.source
    doubled = source.span(words[0].span.start, words[repeated].span.start)
    return Fix("Start it once", (replace(source, doubled, ""),))
