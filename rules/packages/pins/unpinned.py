"""Packages of a language's index that a build asks for without saying which version."""

from __future__ import annotations

import re
from collections import Counter
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, NamedTuple

from rules.comments import comments_on, is_meant_to_move
from rules.facts.python_names import compared_name
from rules.model.scope import names_read
from rules.packages.reaching import reaches_image
from rules.problem import Confidence, Problem
from rules.quoting import listed, quote

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from rules.change import DockerfileChange
    from rules.dockerfile.managers.calls import Action
    from rules.dockerfile.package_calls import Package, PackageCall
    from rules.dockerfile.source import Span
    from rules.model.stage import Stage
    from rules.model.steps import Run

MOVING = frozenset({"@latest", "@next", "@beta", "@alpha", "@canary", "@main", "@master", "@upgrade", "@HEAD"})
"""Versions that name whatever is newest."""

BRANCHES = frozenset("main master develop dev trunk HEAD".split())
"""Names under which a repository's newest state goes."""

STAYS_BEHIND = (
    "Nothing here takes it into an image that ships, but the next build may get another release, and break with it or "
    "make something else."
)
"""What comes of a tool that stays in its stage."""

_RANGES = frozenset({"@^", "@~", "@*", "@>"})
"""How a range begins. A project's lock file narrows it down; nothing does so for a global tool."""


_MINOR = re.compile(r"@(?:v?\d+\.\d+\.[x*X]|~\d+\.\d+(?:\.\d+)?|\^0\.\d+(?:\.\d+)?)\Z")
"""A range within one minor release: fixes alone can come, if that line still gets any (npm, `semver`)."""


_ALIKE = 0.75
"""How much of two names is the same where one is a project's new name."""


def _is_like(one: str, other: str) -> bool:
    return SequenceMatcher(None, one, other, autojunk=False).ratio() >= _ALIKE


def _is_range(version: str) -> bool:
    return (version[:2] in _RANGES or version.endswith((".x", ".*"))) and not _MINOR.match(version)


class Unpinned(NamedTuple):
    """What one RUN installs without a version.

    Attributes:
        stage: Its stage.
        run: The RUN.
        call: Its first such install.
        packages: What has no version.
        reaches: Whether one of them, as it is installed here or in another stage, may be in an image that ships.
        conditional: Whether a condition decides on all of them.
        repeated: Whether another RUN installs the very same ones.
    """

    stage: Stage
    run: Run
    call: PackageCall
    packages: tuple[Package, ...]
    reaches: bool = True
    conditional: bool = False
    repeated: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """The packages' names, each once."""
        return tuple(dict.fromkeys(package.name for package in self.packages))

    @property
    def compared(self) -> tuple[str, ...]:
        """The names by which they are known again, each once: `Django` is `django` in Python's index."""
        return tuple(dict.fromkeys(compared_name(self.call.manager, name) for name in self.names))

    def fresh(self, change: DockerfileChange, rule: str) -> tuple[str, ...]:
        """Return the names that a rule did not list for the stage before the change, as they are written."""
        found = change.fresh(rule, self.stage, self.compared)
        return tuple(name for name in self.names if compared_name(self.call.manager, name) in found)

    def is_renamed(self, change: DockerfileChange, rule: str) -> bool:
        """Tell whether each name that a rule did not list before is another one for what it did: `till` for `tills`."""
        before = change.listed_before(rule, self.stage)
        gone = before.difference(self.compared)
        new = [name for name in self.compared if name not in before]
        return 0 < len(new) <= len(gone) and all(any(_is_like(name, old) for old in gone) for name in new)

    @property
    def confidence(self) -> Confidence:
        """How sure it is that another image comes of it."""
        if not self.reaches:
            return Confidence.POSSIBLE
        return Confidence.LIKELY if self.conditional else Confidence.CERTAIN

    @property
    def doubt(self) -> str:
        """What is not known, empty where nothing is."""
        return "it runs under a condition" if self.conditional else ""

    @property
    def consequence(self) -> str:
        """What comes of it, a sentence."""
        if self.reaches:
            return "The same commit gives another image tomorrow, and a bad release goes straight in."
        return STAYS_BEHIND

    def problem(
        self, names: tuple[str, ...], way_out: str, decision: str, newest: str = "in whatever version is newest"
    ) -> Problem:
        """Tell of some of the packages.

        Args:
            names: Which. Where there were others before, nobody pins them here, and it is a possibility only.
            way_out: How a version is named, a sentence.
            decision: What is to be done, whatever the packages are: it is said once of all RUNs of a stage, and where
                several stages install the very same, once of those.
            newest: What is taken in its place.
        """
        beside = names != self.names
        return Problem(
            self.place(names),
            f"{self.stage.label} {self._deed} {listed(map(quote, names))} {newest} on the day of the build. "
            f"{self.consequence} {way_out}",
            Confidence.POSSIBLE if beside else self.confidence,
            doubt="what stands beside it had no version before, either" if beside else self.doubt,
            stage=self.stage.key,
            items=self.compared,
            decision=f"{names if self.repeated else self.stage.key} {self._deed} {decision}",
            untold=is_meant_to_move(comments_on(self.run)),
        )

    @property
    def _deed(self) -> str:
        return {"download": "downloads", "build": "builds wheels of"}.get(self.call.action, "installs")

    def place(self, names: tuple[str, ...]) -> Span:
        """Return where a finding about some of the packages stands: at the first of them, or at the call for all."""
        if names == self.names:
            return self.call.command.span
        return next(package.word.span for package in self.packages if package.name in names)


def unpinned(
    change: DockerfileChange,
    managers: Collection[str],
    wanted: Callable[[PackageCall, Package], bool],
    is_there: Callable[[Run, PackageCall, Package], bool] = lambda _run, _call, _package: False,
    actions: tuple[Action, ...] = ("install",),
) -> Iterator[Unpinned]:
    """Yield the RUNs that install packages without a version, one item each.

    Args:
        change: The file; stages that no shipped image needs are left out.
        managers: As in `PackageCall`.
        wanted: Whether a package without a version is worth a word; called for names and repositories only. Of a
            repository that a name stands before (`name @ git+https://…`) it has the version itself to look at.
        is_there: Whether a package was installed before, so that the call leaves it as it is.
        actions: What counts, as in `PackageCall`.
    """
    every = [*_once_each(_unpinned(change, managers, wanted, is_there, actions))]
    shipped = {name for one in every if reaches_image(one.stage, one.call) for name in one.names}
    lists = Counter(one.names for one in every)
    for one in every:
        reaches, repeated = not shipped.isdisjoint(one.names), lists[one.names] > 1
        yield one._replace(reaches=reaches, repeated=repeated)


def _once_each(found: Iterator[Unpinned]) -> Iterator[Unpinned]:
    """Leave out what was named further up beside others: one decision on a package mends all its places.

    The very same list is left as it is: the two then are one comment with both lines.
    """
    told: set[str] = set()
    lists: set[tuple[str, ...]] = set()
    for one in found:
        fresh = tuple(p for p in one.packages if compared_name(one.call.manager, p.name) not in told)
        if one.names in lists or len(fresh) == len(one.packages):
            yield one
        elif fresh:
            yield one._replace(packages=fresh)
        told.update(one.compared)
        lists.add(one.names)


def _unpinned(
    change: DockerfileChange,
    managers: Collection[str],
    wanted: Callable[[PackageCall, Package], bool],
    is_there: Callable[[Run, PackageCall, Package], bool],
    actions: tuple[Action, ...],
) -> Iterator[Unpinned]:
    for stage, run in change.after.layers.needed_runs:
        found: list[tuple[PackageCall, Package]] = []
        for call in run.package_calls:
            if call.manager not in managers or call.action not in actions or call.has("--dry-run"):
                continue
            for package in call.packages:
                version = package.version
                moves = version is None or version in MOVING or (call.global_ and _is_range(version))
                free = moves or package.kind == "vcs"
                asked = free and package.kind in ("name", "vcs", "url") and wanted(call, package)
                if asked and not is_there(run, call, package) and not is_given(change, run, package.word.text):
                    found.append((call, package))
        if found:
            conditional = all(call.command.conditional for call, _ in found)
            packages = tuple(package for _, package in found)
            yield Unpinned(stage, run, found[0][0], packages, conditional=conditional)


def is_given(change: DockerfileChange, run: Run, text: str) -> bool:
    """Tell whether a build of the repository's own gives an argument that a text reads, in place of its default."""
    names = names_read(text)
    return any(change.repository.gives_otherwise(change.path, name, run.scope.expand(f"${name}")) for name in names)
