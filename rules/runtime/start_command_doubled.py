"""See start_command_doubled.md."""

import posixpath
from collections.abc import Iterator

from rules.api import Category, Confidence, DockerfileChange, Fix, Origin, Problem, Severity, quote, replace, rule
from rules.copying.python.packages import CONSOLE_SCRIPTS
from rules.runtime.starts.instructions import Written, behind_init, is_script_entrypoint, shipped
from rules.runtime.starts.text import repeated_words, runs_first_argument

_OF_KNOWN_TAGS = "the entrypoint is that of the tags that are known of the base image"

_OF_OPERANDS = "the program may want a word there, and see to what it is given"
"""Why a program that is no interpreter may not mind its own path."""

_INTERPRETERS = frozenset({"node", "nodejs", "python", "java", "ruby", "perl", "php"})
_PLAIN_OPTIONS = frozenset({"-u", "-B", "-OO", "-O", "-jar"})
_PROGRAMS = (
    frozenset({"npm", "npx", "yarn", "pnpm", "sh", "bash", "node", "python", "python3", "java"}) | CONSOLE_SCRIPTS
)
"""Names that stand for a program, and for no file that an interpreter could run."""


@rule(
    "start-command-doubled",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    keywords=("CMD",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """CMD names a program although ENTRYPOINT starts one already, and so becomes its argument."""
    for found in shipped(change, "CMD"):
        entrypoint = found.stage.image.entrypoint.value
        if entrypoint is None or found.start.form != "exec" or entrypoint.form != "exec":
            continue
        repeated = repeated_words(entrypoint.words, found.start.words)
        if is_script_entrypoint(found.stage):
            continue
        if repeated:
            yield _problem(found, entrypoint.words, repeated)
        elif _is_taken_for_file(found, entrypoint.words):
            yield _problem_of_file(found, entrypoint.words)


def _is_taken_for_file(found: Written, entrypoint: tuple[str, ...]) -> bool:
    """Whether an interpreter gets the name of another program, and nothing puts a file of that name."""
    words, name = behind_init(entrypoint), found.start.words[0]
    if posixpath.basename(words[0] if words else "").rstrip("0123456789.") not in _INTERPRETERS:
        return False
    if not set(words[1:]) <= _PLAIN_OPTIONS or name not in _PROGRAMS:
        return False
    return all(name not in map(posixpath.basename, (put.path, put.source)) for put in found.stage.files.puts)


def _problem_of_file(found: Written, entrypoint: tuple[str, ...]) -> Problem:
    stage, words = found.stage, found.start.words
    from_base = stage.image.entrypoint.origin is Origin.BASE
    whose = f"the `ENTRYPOINT` of {quote(stage.root.base_text or '')}" if from_base else "`ENTRYPOINT`"
    interpreter = quote(posixpath.basename(behind_init(entrypoint)[0]))
    full = quote(" ".join((*entrypoint, *words)))
    return Problem(
        found.instruction.span,
        f"{stage.label} starts {full}: `CMD` is added to {whose}. {interpreter} takes "
        f"{quote(words[0])} for a file that it is to run, finds none, and the container exits. Name the file in "
        f"`CMD`, or {'set an `ENTRYPOINT` of your own' if from_base else 'change the `ENTRYPOINT`'}.",
        Confidence.LIKELY,
        doubt=_OF_KNOWN_TAGS if from_base else "the working folder may have a file of that name",
        stage=stage.key,
        key=words[0],
    )


def _problem(found: Written, entrypoint: tuple[str, ...], repeated: int) -> Problem:
    stage, words = found.stage, found.start.words
    from_base = stage.image.entrypoint.origin is Origin.BASE
    whose = f"the `ENTRYPOINT` of {quote(stage.root.base_text or '')}" if from_base else "`ENTRYPOINT`"
    rest = words[repeated:]
    way_out = f"Leave {quote(' '.join(words[:repeated]))} out of `CMD`" if rest else "Drop the `CMD`"
    name = quote(posixpath.basename(words[0]))
    known = runs_first_argument(entrypoint) is not None
    program = next((word for word in behind_init(entrypoint)[1:] if not word.startswith("-")), None)
    if program is not None:
        known = False
        then = f"{name} and what follows it are arguments of {quote(program)}, which may refuse them or pass them over"
    elif known:
        then = f"{name} arrives as an argument, is looked for as a file, a module or a command, and the container exits"
    else:
        then = f"{name} gets its own path for an argument: it may refuse it, {_overlooked(rest)}or pass it over"
    return Problem(
        found.instruction.span,
        f"{stage.label} starts {quote(' '.join((*entrypoint, *words)))}: `CMD` is added to {whose}, "
        f"{quote(' '.join(entrypoint))}, and names the program once more. {then}. {way_out}.",
        Confidence.LIKELY if from_base or not known else Confidence.CERTAIN,
        doubt=_OF_KNOWN_TAGS if from_base else _OF_OPERANDS,
        stage=stage.key,
        key=words[0],
        fix=_fix(found, repeated) if rest else None,
        severity=None if known else Severity.WARNING,
    )


def _overlooked(rest: tuple[str, ...]) -> str:
    """Name what becomes of options behind a word that is none.

    Go's `flag` stops at it ("Flag parsing stops just before the first non-flag argument"); GNU's `getopt_long` reads
    on (getopt(3): "permutes the contents of argv as it scans").
    """
    return "overlook the options behind it, " if any(word.startswith("-") for word in rest) else ""


def _fix(found: Written, repeated: int) -> Fix | None:
    words = found.instruction.exec_form
    if not words or len(words) <= repeated:
        return None
    source = found.instruction.source
    doubled = source.span(words[0].span.start, words[repeated].span.start)
    return Fix("Start it once", (replace(source, doubled, ""),))
