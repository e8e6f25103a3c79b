"""See newest_release_refused.md."""

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from rules.api import (
    BY_ARGUMENT,
    Category,
    Confidence,
    Copy,
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
from rules.base_image.choices import is_argued
from rules.numbers import numbers_of
from rules.packages.versions.node_engines import NPM, PNPM, Engines, last_on, reaches, runs_on
from rules.packages.versions.nodesource import Brought, brought_before

_ANOTHER = re.compile(
    r"\b(?:nvm|volta|fnm|asdf|mise|rbenv|rvm|ruby-install|gem update --system|rubygems-update)\b"
    r"|\bn (?:lts|latest|stable|\d)|\bgem sources\b|\bnpm config set\b[^;&|\n]*registry"
)
"""What a RUN says that brings another version of the language, or of RubyGems, or asks another index."""
_INDEXES = ("NPM_CONFIG_REGISTRY", "npm_config_registry")
_OF_INDEX = ("--registry", "--source", "-s", "--clear-sources")
_CLOSED = ((2, 6), "2.4.22"), ((2, 3), "2.3.26"), ((1, 8), "1.17.3")
"""From which Ruby on a Bundler is the last: of those that ask for no later one (bundler.io/compatibility; 2.4.22 and
2.3.26 as RubyGems itself says in protocolbuffers/protobuf 15360 and in many a log)."""
_FALLS_BACK = (3, 0)
"""It brought RubyGems 3.2, which takes the newest release that fits (ruby/rubygems, pull request 4110)."""
_FIRST_NODE_WITH_NPM_8 = (16, 11)
"""Older ones come with npm 6 or 7 (nodejs.org, "Previous releases"): npm 6 installs any npm without a word."""
_MAY_TAKE_WHAT_FITS = {18: (18, 20, 4), 20: (20, 15), 22: (22, 4)}
"""From which release of a line of Node.js on its npm may be 10.8.2 or later, which takes the newest npm that fits where
none is named, and none else for `@latest` (tried on 23 November 2026; 18.20.3 and 20.14.0 have npm 10.7.0, 22.3.0 has
10.8.1: nodejs.org, "Previous releases"). 16, 17, 19 and 21 end before it, and later lines begin with it."""
_BEFORE_10_8 = frozenset({16, 17, 19, 21})
_OTHER_NPM = re.compile(r"\bnpm@|\bunsafe[-_]perm")
"""What a RUN or a variable says that brings another npm, or lets the scripts of packages work as root."""
_LINE = re.compile(r"@[\^~=v]*(\d+)(?:\.[\dx*.]+)?\Z")
_NPM_6 = (12, 13, 14)
"""Lines of Node.js that come with npm 6. The install script of pnpm 12 fails there: Node.js 12 and 13 cannot read it,
and npm 6 runs it as an account that may not write beside it (pnpm 12.21.0 with npm 6.14.18 on 12.22.12 and 14.21.3,
tried on 23 November 2026). With npm 7 and 8 it puts a program of its own there, which needs no Node.js."""


class _Refused(NamedTuple):
    """Why the newest release of a tool does not do.

    Attributes:
        runtime: What the image has: `Ruby 2.7.5`.
        wants: What the newest release asks for, a clause.
        last: The release that runs there.
    """

    runtime: str
    wants: str
    last: str


@rule(
    "newest-release-refused",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    keywords=("RUN",),
    mentions=("bundler", "npm"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """The newest release of a tool, or an npm by number, is installed, and the image's language is too old for it."""
    for stage, run, call in change.after.layers.all_calls:
        for package in call.packages if call.action == "install" else ():
            judge = _TOOLS.get((call.manager, package.name))
            if judge is None or (not _is_newest(package) and _named_npm(package) is None):
                continue
            if call.command.conditional or _takes_other_index(run, call):
                continue
            brought = _brought(stage, run, call)
            if brought is None and not _is_of_image(stage, run):
                continue
            refused = judge(stage, call, package, brought)
            if refused is not None and outcome_of_failure(run, call.command) == "stops":
                yield _problem(stage, run, call, package, refused, brought)


def _takes_other_index(run: Run, call: PackageCall) -> bool:
    return call.has(*_OF_INDEX) or any(run.scope.get(name) is not None for name in _INDEXES)


def _brought(stage: Stage, run: Run, call: PackageCall) -> Brought | None:
    """Return the Node.js that the file itself takes from NodeSource, and no other above a call."""
    if call.manager != "npm" or run.deferred:
        return None
    first = _first_other(stage)
    return brought_before(stage, run, call) if first is None or first > run.at else None


def _is_newest(package: Package) -> bool:
    return package.kind == "name" and (package.version is None or package.version == "@latest")


def _named_npm(package: Package) -> Engines | None:
    """Return what the line of npm asks for that a package names: `npm@11`, `npm@11.4.2`, `npm@^11`."""
    line = _LINE.match(package.version or "") if package.name == "npm" and package.kind == "name" else None
    return next((one for one in NPM if line is not None and one.release == line[1]), None)


def _is_of_image(stage: Stage, run: Run) -> bool:
    """Whether the language is the one of an official image, as far as anything up to a RUN says."""
    facts = stage.facts
    if facts is None or not facts.exact or facts.listed is not True or run.deferred:
        return False
    if _is_copied(stage):
        return False
    first = _first_other(stage)
    return first is None or first > run.at


@once
def _is_copied(stage: Stage) -> bool:
    """Whether a COPY brings another Node.js or Ruby to where the official images have theirs."""
    trees = (put.step for put in stage.files.covering("/usr/local/bin") if put.tree)
    foreign = any(isinstance(step, Copy) and not step.from_context for step in trees)
    places = (
        f"{folder}/{name}" for folder in ("/usr/local/bin", "/usr/bin") for name in ("node", "npm", "ruby", "gem")
    )
    return foreign or any(stage.files.at(place) for place in places)


@once
def _first_other(stage: Stage) -> tuple[int, int] | None:
    """Where the first RUN of a chain stands that may bring another release of the language."""
    return next((run.at for run in stage.done_runs if _ANOTHER.search(run.instruction.whole_value)), None)


def _bundler(stage: Stage, call: PackageCall, _package: Package, _brought: Brought | None) -> _Refused | None:
    version = stage.runtime.languages.get("ruby") or ""
    numbers = numbers_of(version)
    if len(numbers) < 2 or numbers >= _FALLS_BACK:  # noqa: PLR2004 - a line has two
        return None
    if call.has("--version", "--local", "--file", "--force", "--conservative"):
        return None
    last = next((bundler for first, bundler in _CLOSED if numbers >= first), None)
    # 4.0: Ruby >= 3.2.0 (guides.rubygems.org/bundler-compatibility, read on 23 November 2026)
    wants = "Bundler 4 asks for Ruby 3.2 or later, and the RubyGems of this one takes no older Bundler by itself"
    return _Refused(f"Ruby {version}", wants, f"bundler:{last}") if last is not None else None


def _pnpm(stage: Stage, call: PackageCall, _package: Package, brought: Brought | None) -> _Refused | None:
    version, numbers = _node_of(stage, call, brought)
    last = last_on(PNPM, numbers) if numbers and numbers[0] in _NPM_6 else None
    if last is None or call.has("--ignore-scripts", "--unsafe-perm") or _OTHER_NPM.search(stage.model.code):
        return None
    wants = "pnpm 12 asks for Node.js 18 or later, and its install script fails with this one's npm"
    return _Refused(f"Node.js {version}", wants, f"pnpm@{last}")


def _node_of(stage: Stage, call: PackageCall, brought: Brought | None) -> tuple[str, tuple[int, ...]]:
    """Return the Node.js into which a call installs a tool for all; nothing where it goes elsewhere, or asks nobody."""
    version = brought.version if brought is not None else stage.runtime.languages.get("node") or ""
    plain = call.global_ and not call.has("--force", "--prefix")
    return (version, numbers_of(version)) if plain else ("", ())


def _npm(stage: Stage, call: PackageCall, package: Package, brought: Brought | None) -> _Refused | None:
    version, numbers = _node_of(stage, call, brought)
    named = _named_npm(package)
    asking = named or NPM[0]
    if not numbers or not reaches(numbers, _FIRST_NODE_WITH_NPM_8) or runs_on(asking, numbers):
        return None
    last = last_on(NPM, numbers)
    if last is None or (package.version is None and not _takes_the_newest(numbers)):
        return None
    asks = f"npm {named.release} asks for" if named is not None else "npm has asked for"
    since = f" since {asking.release}" if named is None else ""
    wants = f"{asks} Node.js {quote(asking.asked)}{since}, and stops with `EBADENGINE` where it is not"
    return _Refused(f"Node.js {version}", wants, f"npm@{last}")


def _takes_the_newest(numbers: tuple[int, ...]) -> bool:
    """Whether the npm of a Node.js surely takes the newest npm where none is named, whether or not that fits."""
    first = _MAY_TAKE_WHAT_FITS.get(numbers[0])
    return numbers[0] in _BEFORE_10_8 or (first is not None and not reaches(numbers, first))


_TOOLS: dict[tuple[str, str], Callable[[Stage, PackageCall, Package, Brought | None], _Refused | None]] = {
    ("gem", "bundler"): _bundler,
    ("npm", "npm"): _npm,
    ("npm", "pnpm"): _pnpm,
}
"""By the manager that installs it, and its name."""


def _problem(
    stage: Stage, run: Run, call: PackageCall, package: Package, refused: _Refused, brought: Brought | None
) -> Problem:
    what = f"the newest {quote(package.name)}" if _is_newest(package) else quote(package.word.value)
    whence, later = quote(stage.root.base_text or ""), "image"
    if brought is not None:
        whence, later = f"NodeSource's {quote(f'{brought.source.kind}{brought.source.major}.x')}", "line of Node.js"
    argued = brought.source.argued if brought is not None else is_argued(stage)
    return Problem(
        call.command.span if len(call.packages) == 1 else package.word.span,
        f"{stage.label} installs {what}, and {whence} has {refused.runtime}: "
        f"{refused.wants}. The build stops here. Install {quote(refused.last)}, or a later {later}.",
        Confidence.LIKELY if argued else Confidence.CERTAIN,
        doubt=BY_ARGUMENT,
        instruction=run.instruction,
        stage=stage.key,
        key=package.name,
    )
