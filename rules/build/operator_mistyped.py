"""See operator_mistyped.md."""

import re
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

from rules.api import (
    Category,
    Command,
    Confidence,
    DockerfileChange,
    Edit,
    Problem,
    Run,
    Severity,
    Stage,
    fix,
    once,
    quote,
    rule,
)

_WAITS = re.compile(r"\b(?:wait|jobs|fg|kill|pkill|killall|trap)\b|\$!|\bsleep\b")
"""What a script with a command in the background does about it."""
_TELLING = frozenset("[ [[ cmp command diff egrep fgrep getent grep id ls pgrep test which".split())
"""Commands that tell something by failing, behind which `&&` and `||` are both in use."""
_ANSWERS = frozenset(": break continue echo exit false printf return true".split())
"""What a script does about a failure, whatever stood there before."""

_EFFECTS = {
    "&": "{first} now runs in the background: {second} starts before it is done, and the build goes on when it fails",
    "||": "{second} now runs only where {first} fails, and the build goes on then",
}

_Pair = tuple[str, str, str]


@rule(
    "operator-mistyped",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    compares=True,
    keywords=("RUN",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """The change puts `&` or `||` between two commands of which the second followed where the first went well."""
    for stage, was in change.compared():
        before, now = _pairs(was), _pairs(stage)
        for run in stage.runs:
            for first, second in _neighbours(run):
                took, left = (str(first), str(second), first.after), (str(first), str(second), "&&")
                wrong = first.after in _EFFECTS and now[took] > before[took] and now[left] < before[left]
                if wrong and not _is_meant(run, first, second):
                    yield _problem(stage, run, first, second)


@once
def _pairs(stage: Stage) -> Counter[_Pair]:
    """How often two commands stand side by side in a stage, with the operator between them."""
    pairs = (pair for run in stage.runs for pair in _neighbours(run))
    return Counter((str(first), str(second), first.after) for first, second in pairs)


def _neighbours(run: Run) -> Iterator[tuple[Command, Command]]:
    """Yield the commands of a RUN that stand side by side, with an operator between them and nothing else."""
    commands = [one for one in run.commands if not one.nested and one.name] if run.is_read else []
    for first, second in pairwise(commands):
        between = first.source.text[first.end : second.start]
        if first.after and between.strip(" \t\r\n\\") == first.after:
            yield first, second


def _is_meant(run: Run, first: Command, second: Command) -> bool:
    """Whether the script knows of a command in the background, or `||` is its answer to a failure."""
    if first.after == "&":
        return _WAITS.search(run.instruction.whole_value) is not None
    again = first.name == second.name  # `npm ci || npm install`: one attempt, and another
    return again or first.name in _TELLING or second.name in _ANSWERS


def _problem(stage: Stage, run: Run, first: Command, second: Command) -> Problem:
    source, operator = first.source, first.after
    at = source.text.index(operator, first.end)
    effect = _EFFECTS[operator].format(first=quote(str(first), 60), second=quote(str(second), 60))
    return Problem(
        source.span(at, at + len(operator)),
        f"{stage.label} has {quote(operator)} where `&&` stood before this change, between the same two commands. "
        f"{effect}. Write `&&`.",
        Confidence.LIKELY,
        doubt="it may be meant so",
        instruction=run.instruction,
        stage=stage.key,
        key=f"{first} {operator} {second}",
        fix=fix("Write `&&`", Edit(source.span(at, at + len(operator)), "&&")),
    )
