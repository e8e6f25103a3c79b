"""See operator_mistyped.md."""

import re
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

from rules.api import (
    OS_MANAGERS,
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
from rules.facts.installers import NODE_MANAGERS
from rules.secrets.downloads.fetched import FETCHERS

_WAITS = re.compile(r"\b(?:wait|jobs|fg|kill|pkill|killall|trap)\b|\$!|\bsleep\b")
"""What a script with a command in the background does about it."""
_TELLING = frozenset(
    "[ [[ cmp command diff dpkg-query egrep fgrep getent grep hash id ls mountpoint pgrep pidof rpmquery stat test "
    "type which zgrep".split()
)
"""Commands that tell something by failing, behind which `&&` and `||` are both in use."""
_ASKS = re.compile(
    r"dpkg (?:-[slLSW]|--(?:status|list|listfiles|search|verify|compare-versions))\b|rpm (?:-q|--query)|"
    r"(?:apk|brew|gem|pip3?|npm|conda|dnf|yum|composer|cargo|go|docker|systemctl|snap) "
    r"(?:info|list|ls|show|view|inspect|is-[a-z]+|env|version)\b|"
    r"git (?:diff|rev-parse|ls-files|ls-remote|show-ref|merge-base|status|config --get)\b|"
    r"(?:python[\d.]*|node|ruby|perl|php) -[cer] |\S+ (?:--version|-V|--help)\Z"
)
"""Calls of other programs that do no more than tell something."""
_KINDS = (
    FETCHERS,
    OS_MANAGERS | {"apt-get"},
    NODE_MANAGERS,
    frozenset({"useradd", "adduser", "usermod"}),
    frozenset({"groupadd", "addgroup", "groupmod"}),
)
"""Programs of one kind: behind `||` the second does what the first could not."""
_ANSWERS = frozenset(": break continue echo exit false printf return true".split())
"""What a script does about a failure, whatever stood there before."""

_SERVES = re.compile(
    r"[\w./+-]*(?:mysqld|mariadbd|mongod|httpd|sshd|dockerd|containerd|crond|etcd|redis|postgres|nginx|caddy|Xvfb|Xvnc|Xorg"
    r"|driver|server|daemon)(?:[_-]safe)?(?= |\Z)"
    r"|(?:\S+ ){1,4}(?:serve|server|runserver|http\.server|start|dev|watch)(?= |\Z)"
)
"""What runs until it is stopped: behind its `&&` nothing ever came, and the change puts that right."""
_QUICK = frozenset("addgroup adduser chgrp chmod chown groupadd ln mkdir mv rm touch useradd usermod".split())
"""What nobody sends to the background for the time it takes: what follows builds upon it."""
_NUMBER = re.compile(r"[\d.]+\Z")
"""The version in a name: `python3.12`."""

_EFFECTS = {
    "&": "{first} now runs in the background: {second} starts before it is done, and the build goes on when it fails",
    "||": "{second} now runs only where {first} fails, and the build goes on then",
}

_Pair = tuple[str, str, str]


@rule(
    "operator-mistyped",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    keywords=("RUN",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """`&` or `||` stands between two commands where `&&` is meant."""
    told: set[int] = set()
    for stage, run, first, second in _changed(change):
        told.add(first.start)
        yield _problem(stage, run, first, second)
    for stage in change.stages if "&" in change.after.code else ():
        for run in stage.runs if not stage.runtime.is_windows else ():
            for first, second in _neighbours(run):
                early = first.after == "&" and first.name in _QUICK and first.start not in told
                if early and not _is_meant(run, first, second):
                    yield _in_background(stage, run, first, second)


def _changed(change: DockerfileChange) -> Iterator[tuple[Stage, Run, Command, Command]]:
    """Yield the commands between which the change puts another operator."""
    for stage, was in change.compared():
        if stage.runtime.is_windows:
            continue  # in cmd.exe `&` only parts two commands
        before, now = _pairs(was), _pairs(stage)
        for run in stage.runs:
            for first, second in _neighbours(run):
                took, left = (str(first), str(second), first.after), (str(first), str(second), "&&")
                wrong = first.after in _EFFECTS and now[took] > before[took] and now[left] < before[left]
                if wrong and not _is_meant(run, first, second):
                    yield stage, run, first, second


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
        return _SERVES.match(str(first)) is not None or _WAITS.search(run.instruction.whole_value) is not None
    names = {_NUMBER.sub("", one.name) for one in (first, second)}
    again = len(names) == 1 or any(
        names <= kind for kind in _KINDS
    )  # `npm ci || npm install`: one attempt, and another
    asks = first.name in _TELLING or _ASKS.match(str(first)) is not None
    return again or asks or second.name in _ANSWERS


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


def _in_background(stage: Stage, run: Run, first: Command, second: Command) -> Problem:
    source = first.source
    at = source.text.index("&", first.end)
    return Problem(
        source.span(at, at + 1),
        f"{stage.label} sends {quote(str(first), 60)} to the background with a single `&`: {quote(str(second), 60)} "
        "starts before it is done, the step may end before it is, and the build goes on when it fails. Write `&&`.",
        Confidence.LIKELY,
        doubt="it may be meant so",
        instruction=run.instruction,
        stage=stage.key,
        key=f"{first} & {second}",
        severity=Severity.WARNING,
        fix=fix("Write `&&`", Edit(source.span(at, at + 1), "&&")),
    )
