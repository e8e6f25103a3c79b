"""See healthcheck_tool_missing.md."""

from collections.abc import Iterator

from rules.api import Category, Command, Confidence, DockerfileChange, Fix, Problem, Severity, fix, quote, replace, rule
from rules.runtime.probes import probe_with_what_is_there, url_of
from rules.runtime.start_instructions import Written, shipped
from rules.runtime.start_text import json_array

_GIVING_UP = frozenset({"exit", "false", "true", "kill", "return", ":"})


@rule(
    "healthcheck-tool-missing",
    severity=Severity.ERROR,
    category=Category.RELIABILITY,
    keywords=("HEALTHCHECK",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """The health check calls a program that nothing puts into the image."""
    names = change.repository.context_names(change.path)
    for found in shipped(change, "HEALTHCHECK"):
        if not found.stage.base_known or found.stage.runtime.is_windows or _has_another_way(found):
            continue
        lacks = found.stage.runtime.lacks
        missing = next((c for c in found.start.commands if c.name and lacks(_program(c), names)), None)
        if missing is not None:
            yield _problem(found, missing)


def _program(command: Command) -> str:
    return command.program.value if command.program is not None else command.name


def _has_another_way(found: Written) -> bool:
    """Whether a command stands behind `||`, or in a condition, that does not just give up."""
    return any(
        (command.before == "||" or command.conditional) and command.name not in _GIVING_UP
        for command in found.start.commands
    )


def _problem(found: Written, command: Command) -> Problem:
    stage = found.stage
    base = quote(stage.root.base_text or "")
    url = url_of(command) if command.name in ("curl", "wget") else None
    words = probe_with_what_is_there(stage, url) if url is not None else None
    place = stage.facts.off_path(command.name) if stage.facts is not None else None
    way_out = (
        f"Ask with what is there: {quote(words[0])} can"
        if words
        else f"Install {quote(command.name)}, or probe without it"
    )
    if place is not None:
        cause, way_out = f"which `PATH` does not find: {base} has it at {quote(place)} only", f"Write {quote(place)}"
    else:
        cause = f"which is not in the image: {base} does not have it and no instruction leaves it there"
    return Problem(
        found.instruction.span,
        f"`HEALTHCHECK` of {stage.label} calls {quote(command.name)}, {cause}. Every probe fails, the container is "
        f"reported unhealthy, and compose and Swarm wait for it or restart it for ever. {way_out}.",
        Confidence.LIKELY,
        doubt="a script or a copied folder may bring it",
        stage=stage.key,
        key=command.name,
        fix=_fix(found, command, words),
    )


def _fix(found: Written, command: Command, words: tuple[str, ...] | None) -> Fix | None:
    instruction = found.instruction
    rest = [c for c in found.start.commands if c is not command]
    alone = (
        all(c.before == "||" and c.name in _GIVING_UP for c in rest) and not command.redirects and not command.wrappers
    )
    if words is None or not alone or "\n" in instruction.text:
        return None
    value = instruction.value_span
    start = instruction.value.split(None, 1)[1]
    begin = value.end - len(start)
    span = instruction.source.span(begin, value.end)
    if instruction.source.text[begin : value.end] != start:
        return None
    return fix(f"Probe with {words[0]}", replace(instruction.source, span, json_array(words)))
