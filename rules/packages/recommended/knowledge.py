"""What is known of what apt's packages recommend: some, none, or nothing that a table tells."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from rules.facts.packages import installed_size, only_recommended, plain_name, recommends_nothing, releases
from rules.lazily import once
from rules.packages.indexes.sources import adds_source_before
from rules.packages.recommended.programs import IN_FULL_IMAGES
from rules.quoting import listed, quote

if TYPE_CHECKING:
    from collections.abc import Collection

    from rules.dockerfile.package_calls import PackageCall
    from rules.model.stage import Stage
    from rules.model.steps import Run

_SERVED_ELSEWHERE = re.compile(
    r"(?:nodejs|npm|yarn|docker|containerd|postgresql|libpq|php|nginx|mysql|mariadb|mongo|redis|clang|llvm|lldb|gcc-|g\+\+-|"
    r"python3\.\d|ruby|cmake|git|gh|openjdk|golang|erlang|rabbitmq|kube|r-base|chromium|firefox|ffmpeg)[\w.+-]*"
)
"""What vendors and PPAs commonly serve under the distribution's own names, with other recommendations."""

_NAME = re.compile(r"[a-z0-9][a-z0-9+.-]+")
_XARGS = "xargs"
BY_RECOMMENDATION = re.compile(r"(?:monitoring|nagios)-plugins(?:-\w+)*")
"""Packages of programs that do their work with what they recommend: `check_snmp` calls `snmp`."""


_COMMON = frozenset({"ca-certificates"})
"""What images with a program in them have anyway, and others than those of a language or a system are such."""
_LITTLE = 10 << 20


class Knowledge(NamedTuple):
    """What is known of the packages of an install.

    Attributes:
        unknown: The words of which no table tells what they bring: names that it does not list, variables, files.
        brings: Whether one of the distribution's own packages is known to bring packages that are recommended only.
        foreign: Whether a source is added above, from which any of them may come.
    """

    unknown: tuple[str, ...]
    brings: bool
    foreign: bool

    @property
    def is_whole(self) -> bool:
        """Whether what each package brings is known."""
        return not self.unknown and not self.foreign

    @property
    def may_bring(self) -> bool:
        """Whether a package of the distribution's own is named that no table lists, and may bring some."""
        return not self.foreign and any(_NAME.fullmatch(plain_name(name)) for name in self.unknown if name != _XARGS)

    @property
    def advice(self) -> str:
        """What has to be looked at before the flag is added; empty where it is known."""
        if self.foreign:
            return (
                " What the packages of the source that is added above recommend is not known here: see what the flag "
                "would leave out, and name what is needed of it."
            )
        if not self.unknown:
            return ""
        every = listed(map(quote, self.unknown))
        return (
            f" What {every} {'recommends' if len(self.unknown) == 1 else 'recommend'} is not known here: see what the "
            "flag would leave out, and name what is needed of it."
        )


def knowledge(stage: Stage, run: Run, call: PackageCall) -> Knowledge:
    """Return what is known of what an install's packages recommend."""
    foreign = adds_source_before(stage, run, call)
    there = in_the_base(stage)
    names = dict.fromkeys(package.name for package in call.packages if package.name not in there)
    answers = {name: recommends_nothing(name, stage.runtime.release) for name in names}
    answers.update(dict.fromkeys(filter(BY_RECOMMENDATION.fullmatch, names), False))
    unknown = [name for name, answer in answers.items() if answer is None]
    unknown += [_XARGS] if _XARGS in call.command.wrappers else []
    own = (name for name, answer in answers.items() if answer is False)
    brings = any(not foreign or _SERVED_ELSEWHERE.fullmatch(plain_name(name)) is None for name in own)
    return Knowledge(tuple(unknown), brings, foreign)


def in_the_base(stage: Stage) -> frozenset[str]:
    """Return the packages that the base image is known to have: apt leaves them, and adds nothing that they recommend.

    An image below a language's that is not full has some of what `buildpack-deps` has: `php:apache` installs `curl`.
    """
    facts = stage.facts
    if facts is None:
        return frozenset()
    return IN_FULL_IMAGES if facts.full else IN_FULL_IMAGES & (facts.tools or frozenset())


def is_bare(stage: Stage) -> bool:
    """Tell whether a base is known to have little more than its system: no compilers, no packages of a program's.

    The table's sizes are counted from the distribution's slim image.
    """
    facts = stage.facts
    return facts is not None and facts.is_plain and not facts.full and facts.toolchain is False


def has_installs_before(stage: Stage, run: Run, call: PackageCall) -> bool:
    """Tell whether an install of the stage's chain stands above another: what came with it is not brought again."""
    first = _first_install(stage)
    return first is not None and first < (run.at, call.command.start)


@once
def _first_install(stage: Stage) -> tuple[tuple[int, int], int] | None:
    calls = ((run.at, call) for run, call in stage.packages.calls if call.manager == "apt" and call.action == "install")
    return min(((at, call.command.start) for at, call in calls), default=None)


def is_likely_there(stage: Stage, call: PackageCall) -> bool:
    """Tell whether a base that no table knows has likely all that an install would bring by recommendation.

    `curl` and `wget` recommend the certificates, and besides them a few megabytes that came with another program.
    """
    names = [package.name for package in call.packages if recommends_nothing(package.name, None) is not True]
    return stage.facts is None and all(only_recommended(name) <= _COMMON and _brings_little(name) for name in names)


def _brings_little(name: str) -> bool:
    """Whether a package is known to bring only little by recommendation, in each release that has it."""
    sizes = [
        (installed_size([name], "debian", release, recommends=True), installed_size([name], "debian", release))
        for release in releases()
    ]
    known = [heavy - light for heavy, light in sizes if heavy is not None and light is not None]
    return bool(known) and max(known) < _LITTLE


def adds_none(stage: Stage, call: PackageCall, gone: Collection[str] = ()) -> bool:
    """Tell whether all packages of an install are known to bring no other by a recommendation, or are there already.

    Args:
        stage: The stage.
        call: The install.
        gone: Packages that the same RUN purges again, with what came along.
    """
    there = in_the_base(stage)
    names = (package.name for package in call.packages if package.name not in there and package.name not in gone)
    return all(recommends_nothing(name, stage.runtime.release) is True for name in names)
