"""See positional_parameter_empty.md."""

from collections.abc import Iterator

from rules.api import (
    Category,
    Command,
    Confidence,
    DockerfileChange,
    Edit,
    Fix,
    Problem,
    Run,
    Severity,
    quote,
    rule,
)
from rules.build.variables.positional_parameters import Use, read_positional
from rules.quoting import listed
from rules.runtime.starts.instructions import SHELLS

_OF_ITS_OWN = frozenset("awk gawk mawk nawk perl".split())
"""Programs whose texts have a `$1` of their own."""
_WRITERS = frozenset({"echo", "printf"})
_KEPT = "\\$"
_TAKE_CODE = frozenset({*SHELLS, "su"})


@rule(
    "positional-parameter-empty",
    severity=Severity.WARNING,
    category=Category.CORRECTNESS,
    keywords=("RUN",),
    mentions=("$",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A RUN reads an argument of its shell, such as `$1`, and has none."""
    for stage in change.stages:
        for run in stage.runs:
            found: dict[int, list[Use]] = {}
            for use in read_positional(run):
                found.setdefault(use.command.start, []).append(use)
            for uses in found.values():
                yield _problem(run, uses[0].command, uses)


def _problem(run: Run, command: Command, uses: list[Use]) -> Problem:
    names = list(dict.fromkeys(use.name for use in uses))
    shown, one = listed(map(quote, names)), len(names) == 1
    it, is_ = ("it", "is") if one else ("them", "are")
    fix = _fix(command, uses)
    return Problem(
        command.span,
        f"{shown} {is_} empty in {run.stage.label}: the shell of a `RUN` has no arguments, and puts nothing in "
        f"{'its' if one else 'their'} place before {_reader(command, uses)} {_way_out(command, uses, names[0], it)}",
        Confidence.CERTAIN,
        instruction=run.instruction,
        stage=run.stage.key,
        key=" ".join([command.name, *names]),
        fix=fix,
    )


def _reader(command: Command, uses: list[Use]) -> str:
    if any(use.document for use in uses):
        return "the here-document is written."
    return f"{quote(command.name)} sees the text." if command.name else "the value is set."


def _way_out(command: Command, uses: list[Use], name: str, it: str) -> str:
    kept = quote(f"\\{name}")
    document = next((use.document for use in uses if use.document), None)
    if document is not None:
        opener = quote(f"<<'{document}'")
        return f"Put the delimiter in quotes, {opener}, or write {kept} where nothing is to be filled in."
    if not all(use.alone for use in uses):
        return f"Write {quote(_KEPT)} for each dollar that is to stay."
    if _is_text(command) or (command.name in _TAKE_CODE and command.has("-c")):
        return f"Write {kept}, or put the text in single quotes."
    return f"Write {kept} to keep {it}, or name the variable that was meant."


def _is_text(command: Command) -> bool:
    """Whether a command takes a text with a `$1` of its own, or writes one down for others."""
    written = command.name in _WRITERS and (command.after == "|" or any(one.writes for one in command.redirects))
    return written or command.name in _OF_ITS_OWN


def _fix(command: Command, uses: list[Use]) -> Fix | None:
    """Keep the dollars of such a text, where the shell is to fill in nothing else."""
    places = [use.place for use in uses if use.place is not None and use.quoted and use.alone]
    if not _is_text(command) or len(places) < len(uses):
        return None
    source = command.source
    return Fix("Keep the dollar", tuple(Edit(source.span(place, place), "\\") for place in places))
