"""See pecl_release_too_new.md."""

from collections.abc import Iterator
from typing import NamedTuple

from rules.api import (
    BY_ARGUMENT,
    Category,
    Command,
    Confidence,
    DockerfileChange,
    Problem,
    Run,
    Severity,
    ShellWord,
    Stage,
    fix,
    quote,
    replace,
    rule,
)
from rules.base_image.choices import is_argued, is_given
from rules.packages.scripts import sure_calls
from rules.packages.versions.php import Version, stages_of_php
from rules.quoting import listed

_FORCED = ("-f", "--force", "-n", "--nodeps")
"""Options with which pecl only warns of what a release requires."""


class _Needs(NamedTuple):
    """What the newest releases of an extension ask for.

    Attributes:
        php: The first version of PHP that they take.
        since: The first release that asks for it.
        last: The last releases for older versions, each with the first version of PHP that it takes, newest first.
    """

    php: Version
    since: str
    last: tuple[tuple[Version, str], ...]


_NEEDS = {
    "mongodb": _Needs((8, 1), "1.21", (((7, 4), "1.20.1"), ((7, 2), "1.16.2"), ((7, 1), "1.11.1"))),
    "redis": _Needs((7, 4), "6.1", (((7, 2), "6.0.2"),)),
    **dict.fromkeys(("sqlsrv", "pdo_sqlsrv"), _Needs((8, 1), "5.12", (((8, 0), "5.11.1"), ((7, 4), "5.10.1")))),
    "xdebug": _Needs((8, 0), "3.2", (((7, 2), "3.1.6"), ((7, 1), "2.9.8"))),
}
"""Extensions of PECL whose releases ask for a PHP that many images do not have.

Sources, read on 23 November 2026: xdebug.org, "Supported Versions and Compatibility", and of PHP 8.0, which 3.5 still
takes, WordPress/wpdev-docker-images#205; phpredis/phpredis#2533 and #2560 (its `package.xml` since 6.1.0);
mlocati/docker-php-extension-installer#1074, which quotes what pecl says of mongodb 1.21.0, and remicollet/remirepo#299
for the last driver of each older PHP; brefphp/extra-php-extensions#530 for the drivers of SQL Server ("5.12.0 drops
support for PHP 8.0"), and microsoft/msphpsql's releases for the one of 7.4.
"""


@rule(
    "pecl-release-too-new",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    keywords=("RUN",),
    mentions=("pecl",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """The newest release of an extension is asked for, and refuses the image's older PHP."""
    for stage, version in stages_of_php(change):
        if is_given(change, stage):
            continue
        for run in stage.runs:
            for command in sure_calls(run, "pecl"):
                if command.subcommand == "install" and not command.has(*_FORCED):
                    words = [word for word in command.operands()[1:] if _refuses(word.value.lower(), version)]
                    if words:
                        yield _problem(stage, run, command, words, version)


def _refuses(name: str, version: Version) -> bool:
    return name in _NEEDS and version < _NEEDS[name].php


def _last(name: str, version: Version) -> str | None:
    """Return the last release of an extension for a version of PHP, as pecl takes it, where it is known."""
    return next((f"{name}-{release}" for first, release in _NEEDS[name].last if version >= first), None)


def _problem(stage: Stage, run: Run, command: Command, words: list[ShellWord], version: Version) -> Problem:
    """Speak of the first extension that refuses, and name the others with it."""
    names = [word.value.lower() for word in words]
    name, needs = names[0], _NEEDS[names[0]]
    wanted = ".".join(map(str, needs.php))
    last = [_last(one, version) for one in names]
    known = [release for release in last if release is not None]
    others = f" The same goes for {listed(map(quote, names[1:]))}." if len(names) > 1 else ""
    way_out = "Name a release that was made for this PHP, or move to a newer one"
    if len(known) == len(names):
        what = "the last release" if len(names) == 1 else "the last releases"
        way_out = f"Name {what} for this PHP: {listed(map(quote, known))}"
    return Problem(
        command.span,
        f"{stage.label} asks pecl for the newest {quote(name)}, which has needed PHP {wanted} since release "
        f"{needs.since}, and has {quote(stage.root.base_text or '')}. pecl stops with “requires PHP (version >= "
        f"{wanted}.0)”, and the build with it.{others} {way_out}.",
        Confidence.LIKELY if is_argued(stage) else Confidence.CERTAIN,
        doubt=BY_ARGUMENT,
        instruction=run.instruction,
        stage=stage.key,
        key=name,
        fix=fix(
            f"Name {listed(known)}",
            *(replace(run.instruction.source, word.span, one) for word, one in zip(words, known, strict=True)),
        )
        if len(known) == len(names)
        else None,
    )
