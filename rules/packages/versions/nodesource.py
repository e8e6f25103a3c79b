"""Node.js from NodeSource: which line a RUN asks for, and which release of it an install brings."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from rules.lazily import once

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.dockerfile.package_calls import PackageCall
    from rules.dockerfile.source import Span
    from rules.model.stage import Stage
    from rules.model.steps import Run

_NODESOURCE = re.compile(
    r"//(?:deb|rpm)\.nodesource\.com/(?P<kind>setup_|node_|pub_)(?P<major>\d+)\.x"
    r"(?:/?\s+(?P<suite>[\w$(){}-]+)\s+main\b)?"
)
"""NodeSource's script and repositories, each for one line of Node.js (nodesource/distributions, README)."""
PACKAGE = "nodejs"
_LAST = {"16": "16.20.2", "17": "17.9.1", "18": "18.20.8", "19": "19.9.0", "21": "21.7.3"}
"""The last releases of lines that have ended (nodejs.org, "Previous releases"): their repositories get no later one."""


_OTHERS = re.compile(r"nodejs\.org/|\bnode-v[\d$]|\b(?:nvm|fnm|volta|mise|asdf|nodenv)\b")
"""What names a Node.js from elsewhere, or a tool that fetches one."""


class Source(NamedTuple):
    """A source of packages that a RUN adds.

    Attributes:
        run: The RUN.
        span: The word that names it.
        kind: How the name begins: `setup_`.
        major: The line of Node.js.
        argued: Whether a variable says which line it is.
        suite: The suite behind the address in a line of apt's; empty where none stands there.
    """

    run: Run
    span: Span
    kind: str
    major: str
    argued: bool
    suite: str


@once
def sources(run: Run) -> tuple[Source, ...]:
    """Return the sources that a RUN adds for certain."""
    return tuple(_sources(run))


def _sources(run: Run) -> Iterator[Source]:
    for word in (word for command in run.commands if not command.conditional for word in command.args):
        found = _NODESOURCE.search(run.scope.expand(word.value) or word.value)
        if found is not None:
            argued = _NODESOURCE.search(word.value) is None
            yield Source(run, word.span, found["kind"], found["major"], argued, found["suite"] or "")


class Brought(NamedTuple):
    """A Node.js that the packages of a source brought.

    Attributes:
        version: Its release.
        source: The source.
    """

    version: str
    source: Source


def brought_before(stage: Stage, run: Run, call: PackageCall) -> Brought | None:
    """Return the Node.js that NodeSource's packages brought above a call, where its line has ended, and no other one.

    Args:
        stage: The stage whose chain is looked at.
        run: The RUN of the call.
        call: The call.
    """
    if stage.facts is None or "node" in stage.runtime.languages:
        return None
    added = [source for one in stage.done_runs if one.is_read and one.at <= run.at for source in sources(one)]
    version = _LAST.get(added[0].major) if len({source.major for source in added}) == 1 else None
    here = run.at, call.command.start
    installs = [
        (one.run.at, one.call.command.start)
        for one in stage.packages.installed
        if one.name == PACKAGE and one.manager in ("apt", "dnf", "yum", "microdnf") and not one.call.command.conditional
    ]
    if version is None or len(installs) != 1 or _has_other(stage):
        return None
    at = added[0].run.at, added[0].span.start
    return Brought(version, added[0]) if at < installs[0] < here else None


@once
def _has_other(stage: Stage) -> bool:
    """Whether another Node.js may lie in front of that of the packages: copied, from nodejs.org or from a tool."""
    copied = any(put.path.endswith("/bin/node") for put in stage.files.puts)
    return copied or any(_OTHERS.search(step.instruction.text) for step in stage.all_steps)
