"""See stopsignal_ungraceful.md."""

from collections.abc import Iterator

from rules.api import (
    BY_ARGUMENT,
    Category,
    Confidence,
    DockerfileChange,
    Problem,
    Severity,
    Step,
    fix,
    quote,
    replace,
    rule,
)
from rules.runtime.servers import server_of
from rules.runtime.signals import ABRUPT, signal_name

_FREEZES = "`docker stop` freezes the program and kills it ten seconds later"
_KILLS = "`docker stop` and every rolling update kill the program at once, with requests and writes under way"
_DOCUMENTED = "or what the program documents for a graceful stop"


@rule(
    "stopsignal-ungraceful",
    severity=Severity.WARNING,
    category=Category.RELIABILITY,
    keywords=("STOPSIGNAL",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """`STOPSIGNAL` is a signal that no program can handle, or none at all."""
    for stage in change.stages:
        if stage.runtime.is_windows:
            continue
        for step in stage.steps:
            if step.instruction.keyword == "STOPSIGNAL" and not step.deferred:
                yield from _problem(step)


def _problem(step: Step) -> Iterator[Problem]:
    instruction = step.instruction
    text = step.scope.expand(instruction.value)
    if not text:
        return
    name = signal_name(text)
    variable = "$" in instruction.value
    if name is None:
        fact = f"which is no signal's name ({quote(text)})" if variable else "which is no signal's name"
        then = "The builder or the runtime refuses it"
    elif name in ABRUPT:
        fact = "which no program can catch"
        then = _FREEZES if name == "SIGSTOP" else _KILLS
    else:
        return
    server = server_of(step.stage)
    better = server.signal if server is not None else "SIGTERM"
    way_out = f"with which {quote(server.name)} stops gracefully" if server is not None else _DOCUMENTED
    yield Problem(
        instruction.span,
        f"`STOPSIGNAL` of {step.stage.label} is {quote(instruction.value)}, {fact}. {then}. Use `{better}`, {way_out}.",
        Confidence.LIKELY if variable else Confidence.CERTAIN,
        doubt=BY_ARGUMENT,
        stage=step.stage.key,
        fix=None
        if variable
        else fix(f"Stop with {better}", replace(instruction.source, instruction.value_span, better)),
    )
