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
from rules.base_image.choices import is_given
from rules.packages.scripts import sure_calls
from rules.packages.versions.php import Version, stages_of_php

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
    "xdebug": _Needs((8, 0), "3.2", (((7, 2), "3.1.6"), ((7, 1), "2.9.8"))),
}
"""Extensions of PECL whose releases ask for a PHP that many images do not have.

Sources, read on 23 November 2026: xdebug.org, "Supported Versions and Compatibility", and of PHP 8.0, which 3.5 still
takes, WordPress/wpdev-docker-images#205; phpredis/phpredis#2533 and #2560 (its `package.xml` since 6.1.0);
mlocati/docker-php-extension-installer#1074, which quotes what pecl says of mongodb 1.21.0, and remicollet/remirepo#299
for the last driver of each older PHP.
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
                    for word in command.operands()[1:]:
                        needs = _NEEDS.get(word.value.lower())
                        if needs is not None and version < needs.php:
                            yield _problem(stage, run, command, word, needs, version)


def _problem(stage: Stage, run: Run, command: Command, word: ShellWord, needs: _Needs, version: Version) -> Problem:
    name = word.value.lower()
    wanted = ".".join(map(str, needs.php))
    last = next((release for first, release in needs.last if version >= first), None)
    way_out = "Name a release that was made for this PHP, or move to a newer one"
    if last is not None:
        way_out = f"Name the last release for this PHP: {quote(f'{name}-{last}')}"
    return Problem(
        command.span,
        f"{stage.label} asks pecl for the newest {quote(name)}, which has needed PHP {wanted} since release "
        f"{needs.since}, and has {quote(stage.root.base_text or '')}. pecl stops with “requires PHP (version >= "
        f"{wanted}.0)”, and the build with it. {way_out}.",
        Confidence.LIKELY if "$" in (stage.root.base_word.text if stage.root.base_word else "") else Confidence.CERTAIN,
        doubt=BY_ARGUMENT,
        instruction=run.instruction,
        stage=stage.key,
        key=name,
        fix=fix(f"Name {name}-{last}", replace(run.instruction.source, word.span, f"{name}-{last}")) if last else None,
    )
