"""Which language a program is written in, by the image, by what is installed, and by what starts it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rules.lazily import once

if TYPE_CHECKING:
    from rules.model.stage import Stage

_FROM_SOURCES = frozenset({"ruby", "php"})
_INTERPRETED = frozenset({"python", "perl"})
"""Languages whose programs run from their sources as they are."""

_PACKAGES = {
    "ruby": re.compile(r"ruby(?:\d[\d.]*)?(?:-(?:full|bundler))?|bundler"),
    "php": re.compile(r"php\d*(?:\.\d+)?(?:-.+)?"),
    "perl": re.compile(r"perl(?:-.+)?|lib.+-perl"),
    "python": re.compile(r"python\d?(?:\.\d+)?(?:-(?:minimal|venv|pip))?|py3-.+"),
}
"""What an interpreter's packages are called in the distributions."""

_PROGRAMS = {
    "ruby": frozenset("ruby bundle rails rake rackup puma unicorn thin sidekiq".split()),
    "php": frozenset("php php-fpm apache2-foreground composer".split()),
    "perl": frozenset("perl plackup starman carton".split()),
    "python": frozenset("python python3 gunicorn uvicorn celery flask".split()),
}
"""Programs that run what is written in a language."""
_VERSION = re.compile(r"[\d.]+$")


def runs_from_sources(stage: Stage, builder: Stage) -> bool:
    """Tell whether the program is its source tree: of Ruby or PHP, with all that its framework looks for there."""
    return not _FROM_SOURCES.isdisjoint(_languages(stage) or builder.runtime.languages)


def may_run_from_sources(stage: Stage, builder: Stage) -> bool:
    """Tell whether the program's language is one that runs as it is written."""
    return not _INTERPRETED.isdisjoint(_languages(stage) | frozenset(builder.runtime.languages))


@once
def _languages(stage: Stage) -> frozenset[str]:
    """The languages that an image is for: of its base, of the packages that are installed by name, of what starts."""
    installed = [item.name for item in stage.packages.present]
    started = {
        _VERSION.sub("", setting.value.program.rpartition("/")[2])
        for setting in stage.image.start_command
        if setting.value is not None
    }
    by_package = {name for name, pattern in _PACKAGES.items() if any(map(pattern.fullmatch, installed))}
    by_program = {name for name, programs in _PROGRAMS.items() if not programs.isdisjoint(started)}
    return frozenset({*stage.runtime.languages, *by_package, *by_program})
