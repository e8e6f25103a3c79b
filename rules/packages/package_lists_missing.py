"""See package_lists_missing.md."""

import re
from collections.abc import Iterator

from rules.api import (
    Category,
    DockerfileChange,
    Fix,
    ImageFacts,
    PackageCall,
    Problem,
    Run,
    Severity,
    Stage,
    quote,
    rule,
)
from rules.model.outcome import outcome_of_failure
from rules.packages.lists.absent import cleared_above, without_lists
from rules.packages.lists.own import fetching_too
from rules.packages.options import spelled

_OF_THE_SYSTEM = frozenset(
    "apt base-files base-passwd bash bsdutils ca-certificates coreutils dash debconf debianutils diffutils dpkg "
    "findutils gawk gpgv grep gzip hostname init-system-helpers libc-bin libc6 login mawk mount ncurses-base "
    "ncurses-bin netbase passwd perl perl-base sed sysvinit-utils tar tzdata util-linux".split()
)
"""Packages that an image may hold already (debuerreotype's manifests, buildpack-deps, the images of languages)."""
_OF_BUILDPACKS = re.compile(
    r"lib|autoconf|automake|bzip2|curl|default-libmysqlclient|dpkg-dev|file|g\+\+|gcc|gnupg|gpg|imagemagick|make|"
    r"mercurial|openssh|patch|perl|pkg-config|pkgconf|procps|python|sq$|subversion|git|unzip|wget|x11|xz-utils|zlib|binutils|"
    r"fontconfig|fonts|build-essential|default-|java|openjdk|ruby|node|php|cmake|sensible|mime|media-types|shared-mime"
)
"""How those begin that buildpack-deps and the images of compilers hold, and what these depend on."""


@rule(
    "package-lists-missing",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    keywords=("RUN",),
    mentions=("apt",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """Packages are installed, and nothing has fetched apt's lists: the build stops."""
    for stage in change.stages:
        facts = stage.facts
        if facts is None or not _comes_without(facts) or stage.runtime.root_filled or stage.squashed is not None:
            continue
        found = without_lists(stage)
        first = next((run for run in stage.runs if id(run) in found), None)
        if first is not None and _stops(facts, first, found[id(first)]):
            yield _problem(stage, first, found[id(first)], _fetching(stage, found))


def _comes_without(facts: ImageFacts) -> bool:
    """Whether the lists are known to be emptied in the image: an official one of a system or a language."""
    official = facts.listed is True or facts.name.startswith("mcr.microsoft.com/dotnet/")
    return facts.exact and official and facts.is_plain and facts.package_manager == "apt"


def _stops(facts: ImageFacts, run: Run, call: PackageCall) -> bool:
    """Whether the install asks for what the image has not yet, and its failure is the build's."""
    if outcome_of_failure(run, call.command) != "stops" or call.has("--download-only", "--ignore-missing"):
        return False
    return any(package.kind == "name" and _is_new(facts, package.name) for package in call.packages)


def _is_new(facts: ImageFacts, package: str) -> bool:
    """Whether the image is known not to have a package: of one that it has, apt says so and asks no list."""
    if package in _OF_THE_SYSTEM or facts.has_tool(package) is True or package in (facts.tools or ()):
        return False
    rich = facts.full or facts.toolchain or facts.kind != "os"
    return not (rich and _OF_BUILDPACKS.match(package))


def _fetching(stage: Stage, found: dict[int, PackageCall]) -> Fix | None:
    """Fetch the lists in each RUN that finds none, and remove them there again: the next one finds none then."""
    fixes = [fetching_too(run, found[id(run)]) for run in stage.runs if id(run) in found]
    edits = [edit for one in fixes if one is not None for edit in one.edits]
    return Fix("Fetch the lists first", tuple(edits)) if None not in fixes else None


def _problem(stage: Stage, run: Run, call: PackageCall, repair: Fix | None) -> Problem:
    short, cleared = quote(spelled(call)), cleared_above(stage, run)
    why = f"nothing has fetched the package lists before: {quote(stage.root.base_text or '')} comes without any"
    if cleared is not None:
        why = f"no package lists are there: line {cleared.instruction.line} removes those that it fetches"
    return Problem(
        call.command.span,
        f"{stage.label} installs with {short}, and {why}. apt then knows no package of that name, and the build stops "
        "with “unable to locate package”. Run `apt-get update` in front of it, in the same `RUN`.",
        instruction=run.instruction,
        stage=stage.key,
        key=call.manager,
        fix=repair,
    )
