"""See start_command_doubled.md."""

import posixpath
from collections.abc import Iterator

from rules.api import Category, Confidence, DockerfileChange, Fix, Origin, Problem, Severity, quote, replace, rule
from rules.runtime.start_instructions import Written, is_script_entrypoint, shipped
from rules.runtime.start_text import repeated_words


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
        repeated = repeated_words(entrypoint.words, found.start.words)
        if repeated and not is_script_entrypoint(found.stage):
            yield _problem(found, entrypoint.words, repeated)


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
