"""See stopsignal_ungraceful.md."""

import posixpath
from collections.abc import Iterator

from rules.api import (
    BY_ARGUMENT,
    Category,
    Confidence,
    DockerfileChange,
    Problem,
    Severity,
    Stage,
    Step,
    fix,
    quote,
    replace,
    rule,
)
from rules.runtime.servers import server_of
from rules.runtime.signals import ABRUPT, signal_name
from rules.runtime.start_instructions import behind_init

_FREEZES = "`docker stop` freezes the program and kills it ten seconds later"
_KILLS = "`docker stop` and every rolling update kill the program at once, with requests and writes under way"
_WAITS = "`docker stop` waits ten seconds and kills the program, with requests and writes under way"
_CADDYS = frozenset({"caddy", "frankenphp"})
"""Caddy and what is built into it."""
_IGNORED = frozenset({"SIGWINCH"})
"""Apache's signal, which does nothing unless it is asked for; Caddy does not (`trapSignalsPosix` in its source), and
stops gracefully on SIGTERM."""
_DOCUMENTED = "or what the program documents for a graceful stop"


@rule(
    "stopsignal-ungraceful",
    severity=Severity.WARNING,
    category=Category.RELIABILITY,
    keywords=("STOPSIGNAL",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """`STOPSIGNAL` is a signal that no program can handle, or that the server ignores, or none at all."""
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
    elif name in _IGNORED and (caddy := _caddy(step.stage)) is not None:
        fact, then = f"which {quote(caddy)} ignores", _WAITS
    else:
        return
    better, way_out = _better(step.stage)
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


def _better(stage: Stage) -> tuple[str, str]:
    """Return the signal to use, and why."""
    server = server_of(stage)
    signal, name = (server.signal, server.name) if server is not None else ("SIGTERM", _caddy(stage))
    return signal, f"with which {quote(name)} stops gracefully" if name is not None else _DOCUMENTED


def _caddy(stage: Stage) -> str | None:
    """Return the name of the Caddy that the image starts, itself or through a script, which ignores the signal too."""
    starts = (setting.value for setting in stage.image.start_command if setting.value)
    words = (behind_init(start.words if start.form == "exec" else tuple(start.text.split())) for start in starts)
    names = [posixpath.basename(word) for each in words for word in each[:1]]
    return next((name for name in names if name in _CADDYS), None)
