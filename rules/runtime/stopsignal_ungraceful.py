"""See stopsignal_ungraceful.md."""

import posixpath
import re
from collections.abc import Iterator

from rules.api import (
    BY_ARGUMENT,
    Category,
    Confidence,
    DockerfileChange,
    Instruction,
    Problem,
    Severity,
    Stage,
    Step,
    fix,
    quote,
    replace,
    rule,
)
from rules.runtime.signals.names import ABRUPT, signal_name
from rules.runtime.signals.servers import server_of
from rules.runtime.starts.instructions import behind_init

_FREEZES = "`docker stop` freezes the program and kills it ten seconds later"
_KILLS = "`docker stop` and every rolling update kill the program at once, with requests and writes under way"
_WAITS = "`docker stop` waits ten seconds and kills the program, with requests and writes under way"
_CADDYS = frozenset({"caddy", "frankenphp"})
"""Caddy and what is built into it."""
_IGNORED = frozenset({"SIGWINCH"})
"""Apache's signal, which does nothing unless it is asked for; Caddy does not (`trapSignalsPosix` in its source), and
stops gracefully on SIGTERM."""
_SAYS_WHY = re.compile(
    r"\bSIG(?:TERM|INT|QUIT|WINCH)\b|\b(?:grace\w*|shut\w* ?down|hangs?|stuck|ignor\w+|at once|immediate\w*|faster)\b",
    re.IGNORECASE,
)
"""What a comment says that gives the reason for a signal, and not its name alone (`# set stop signal`)."""
_DOCUMENTED = "or what the program documents for a graceful stop"


@rule(
    "stopsignal-ungraceful",
    severity=Severity.WARNING,
    category=Category.RELIABILITY,
    keywords=("STOPSIGNAL",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """`STOPSIGNAL` is a signal that no program can handle, or that the server ignores, or none at all."""
    in_force = {id(stage.image.stopsignal.instruction): stage for stage in reversed(change.after.shipped)}
    for stage in change.stages:
        if stage.runtime.is_windows:
            continue
        for step in stage.steps:
            if step.instruction.keyword == "STOPSIGNAL" and not step.deferred:
                yield from _problem(step, in_force.get(id(step.instruction), step.stage))


def _problem(step: Step, stage: Stage) -> Iterator[Problem]:
    """Speak of a signal that is none, or that ends badly what the stage starts that ships with it."""
    instruction = step.instruction
    text = step.scope.expand(instruction.value)
    name = signal_name(text) if text else None
    variable = "$" in instruction.value
    if text and name is None:
        fact = f"which is no signal's name ({quote(text)})" if variable else "which is no signal's name"
        told: tuple[str, str] | None = (fact, "The builder or the runtime refuses it")
    else:
        told = _ends_badly(stage, name) if name is not None else None
    if told is None:
        return
    better, way_out = _better(stage)
    sure = name is None or way_out != _DOCUMENTED
    edit = replace(instruction.source, instruction.value_span, better)
    yield Problem(
        instruction.span,
        f"`STOPSIGNAL` of {step.stage.label} is {quote(instruction.value)}, {told[0]}. {told[1]}. Use `{better}`, "
        f"{way_out}.",
        _confidence(instruction, sure=sure and not variable),
        doubt=BY_ARGUMENT if variable else "its author may know that the program ends on no other signal",
        stage=step.stage.key,
        fix=None if variable else fix(f"Stop with {better}", edit),
    )


def _confidence(instruction: Instruction, *, sure: bool) -> Confidence:
    """Leave to the summary what the author gives a reason for, right above."""
    if any(_SAYS_WHY.search(comment.text) for comment in instruction.comments):
        return Confidence.POSSIBLE
    return Confidence.CERTAIN if sure else Confidence.LIKELY


def _ends_badly(stage: Stage, name: str) -> tuple[str, str] | None:
    """Return what is wrong with a signal for what a stage starts, and what then happens."""
    if _is_idle(stage):
        return None
    if name in ABRUPT:
        return "which no program can catch", _FREEZES if name == "SIGSTOP" else _KILLS
    caddy = _caddy(stage) if name in _IGNORED else None
    return (f"which {quote(caddy)} ignores", _WAITS) if caddy is not None else None


def _better(stage: Stage) -> tuple[str, str]:
    """Return the signal to use, and why: of a program that the base image starts, the one that the base image sets."""
    server = server_of(stage)
    own = signal_name(stage.facts.stopsignal or "") if stage.facts is not None else None
    if server is None and own is not None and own not in ABRUPT and not stage.image.start_in_file:
        return own, f"which {quote(stage.root.base_text or '')} sets for what it starts"
    signal, name = (server.signal, server.name) if server is not None else ("SIGTERM", _caddy(stage))
    return signal, f"with which {quote(name)} stops gracefully" if name is not None else _DOCUMENTED


def _caddy(stage: Stage) -> str | None:
    """Return the name of the Caddy that the image starts, itself or through a script, which ignores the signal too."""
    return next((name for name in _programs(stage) if name in _CADDYS), None)


def _is_idle(stage: Stage) -> bool:
    """Whether a prompt or `sleep` is what ends: as process 1 they ignore other signals, and have nothing to lose."""
    starts = [setting.value for setting in stage.image.start_command if setting.value is not None]
    prompts = stage.image.start_in_file and all(start.is_prompt for start in starts)
    return prompts or _programs(stage)[-1:] in (["sleep"], ["tail"])


def _programs(stage: Stage) -> list[str]:
    """Return what is started: of each start command the program, of several commands for a shell the last."""
    found = []
    for start in (setting.value for setting in stage.image.start_command if setting.value):
        last = start.commands[-1] if start.form == "shell" and start.commands else None
        words = behind_init(start.words) if start.form == "exec" else tuple(start.text.split())
        found += [last.name] if last is not None else [posixpath.basename(word) for word in words[:1]]
    return found
