"""See newest_release_refused.md."""

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from rules.api import (
    Category,
    Command,
    Confidence,
    DockerfileChange,
    Package,
    PackageCall,
    Problem,
    Run,
    Severity,
    Stage,
    once,
    outcome_of_failure,
    quote,
    rule,
)
from rules.base_image.version_ranges import numbers_of

_ANOTHER = re.compile(
    r"\b(?:nvm|volta|fnm|asdf|mise|rbenv|rvm|ruby-install|gem update --system|rubygems-update)\b"
    r"|\bn (?:lts|latest|stable|\d)"
)
"""What a RUN says that brings another version of the language, or of RubyGems."""
_CLOSED = ((2, 6), "2.4.22"), ((2, 3), "2.3.26"), ((1, 8), "1.17.3")
"""From which Ruby on a Bundler is the last: of those that ask for no later one (bundler.io/compatibility)."""
_FALLS_BACK = (3, 0)
"""It brought RubyGems 3.2, which takes the newest release that fits (ruby/rubygems, pull request 4110)."""
_LAST_NPM = {16: "9", 17: "8", 18: "10", 19: "9", 20: "10", 21: "10", 22: "10"}
_FIRST_NODE_OF_NPM_11 = {16: None, 17: None, 18: None, 19: None, 20: (20, 17), 21: None, 22: (22, 9)}
"""From which release of each line on the newest npm runs, `^20.17.0 || >=22.9.0` (npm/cli, `engines` since 11); an
older npm than 8, in Node.js before 16.11, installs it without a word."""
_FIRST_NPM_8 = (16, 11)
_LAST_PNPM = {12: "6", 13: "6", 14: "7", 15: "7", 16: "8", 17: "8"}
"""The last pnpm by the Node.js that it runs on; since 9 it asks for 18 (pnpm.io/installation, "Compatibility")."""


class _Refused(NamedTuple):
    """Why the newest release of a tool does not do.

    Attributes:
        runtime: What the image has: `Ruby 2.7.5`.
        wants: What the newest release asks for, a clause.
        last: The release that runs there.
        stops: What comes of it, a sentence.
    """

    runtime: str
    wants: str
    last: str
    stops: str = "The build stops here."


@rule(
    "newest-release-refused",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    keywords=("RUN",),
    mentions=("bundler", "npm"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """The newest release of a tool is installed, and the image's language is too old for it."""
    for stage, run, call in change.after.layers.all_calls:
        for package in call.packages if call.action == "install" else ():
            judge = _TOOLS.get((call.manager, package.name))
            if judge is None or not _is_newest(package) or not _is_of_image(stage, run):
                continue
            refused = judge(stage, call)
            if refused is not None and outcome_of_failure(run, call.command) == "stops":
                yield _problem(stage, run, call, package, refused)


def _is_newest(package: Package) -> bool:
    return package.kind == "name" and (package.version is None or package.version == "@latest")


def _is_of_image(stage: Stage, run: Run) -> bool:
    """Whether the language is the one of an official image, as far as anything up to a RUN says."""
    facts = stage.facts
    if facts is None or not facts.exact or facts.listed is not True or run.deferred:
        return False
    first = _first_other(stage)
    return first is None or first > run.at


@once
def _first_other(stage: Stage) -> tuple[int, int] | None:
    """Where the first RUN of a chain stands that may bring another release of the language."""
    return next((run.at for run in stage.done_runs if _ANOTHER.search(run.instruction.whole_value)), None)


def _bundler(stage: Stage, call: PackageCall) -> _Refused | None:
    version = stage.runtime.languages.get("ruby") or ""
    numbers = numbers_of(version)
    if len(numbers) < 2 or numbers >= _FALLS_BACK:  # noqa: PLR2004 - a line has two
        return None
    if call.has("--version", "--local", "--file", "--force", "--conservative"):
        return None
    last = next((bundler for first, bundler in _CLOSED if numbers >= first), None)
    wants = "Bundler 4 asks for Ruby 3.2 or later, and the RubyGems of this one takes no older Bundler by itself"
    return _Refused(f"Ruby {version}", wants, f"bundler:{last}") if last is not None else None


def _pnpm(stage: Stage, call: PackageCall) -> _Refused | None:
    version, numbers = _node_of(stage, call)
    called = next((command for command in _pnpm_calls(stage) if command.start > call.command.start), None)
    if not numbers or numbers[0] not in _LAST_PNPM or called is None:
        return None
    last = f"pnpm@{_LAST_PNPM[numbers[0]]}"
    stops = f"It is installed all the same, and stops when it is called (line {called.line})."
    return _Refused(f"Node.js {version}", "pnpm has asked for Node.js 18 or later since 9", last, stops)


def _node_of(stage: Stage, call: PackageCall) -> tuple[str, tuple[int, ...]]:
    """Return the Node.js into which a call installs a tool for all; nothing where it goes elsewhere, or asks nobody."""
    version = stage.runtime.languages.get("node") or ""
    plain = call.global_ and not call.has("--force", "--prefix")
    return (version, numbers_of(version)) if plain else ("", ())


@once
def _pnpm_calls(stage: Stage) -> tuple[Command, ...]:
    return tuple(command for run in stage.done_runs for command in run.calls("pnpm"))


def _npm(stage: Stage, call: PackageCall) -> _Refused | None:
    version, numbers = _node_of(stage, call)
    major = numbers[0] if numbers else 0
    first = _FIRST_NODE_OF_NPM_11.get(major, ())
    exact = len(numbers) > 1
    old = major == _FIRST_NPM_8[0] and exact and numbers < _FIRST_NPM_8
    if first == () or old or (first is not None and (not exact or numbers >= first)):
        return None
    wants = "npm has asked for Node.js `^20.17.0 || >=22.9.0` since 11, and stops with `EBADENGINE` where it is not"
    return _Refused(f"Node.js {version}", wants, f"npm@{_LAST_NPM[major]}")


_TOOLS: dict[tuple[str, str], Callable[[Stage, PackageCall], _Refused | None]] = {
    ("gem", "bundler"): _bundler,
    ("npm", "npm"): _npm,
    ("npm", "pnpm"): _pnpm,
}
"""By the manager that installs it, and its name."""


def _problem(stage: Stage, run: Run, call: PackageCall, package: Package, refused: _Refused) -> Problem:
    return Problem(
        call.command.span if len(call.packages) == 1 else package.word.span,
        f"{stage.label} installs the newest {quote(package.name)}, and {quote(stage.root.base_text or '')} has "
        f"{refused.runtime}: {refused.wants}. {refused.stops} Install {quote(refused.last)}, or a later image.",
        Confidence.CERTAIN,
        instruction=run.instruction,
        stage=stage.key,
        key=package.name,
    )
