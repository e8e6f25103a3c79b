"""Images that run Ruby, and what is known of the Rails in them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from rules.facts.languages import release_line
from rules.lazily import once
from rules.model.packages import OS_MANAGERS

if TYPE_CHECKING:
    from rules.change import DockerfileChange
    from rules.model.stage import Stage

_IN_NAME = re.compile(r"(?:^|[/-])(?:ruby|rails)(?:$|[-\d])|/passenger-")
"""How images of Ruby are called: `ubi9/ruby-33`, `phusion/passenger-ruby33`."""
_ENVIRONMENTS = ("RAILS_ENV", "RACK_ENV")
_GEM = re.compile(r"^[ \t]*gem[ \t]*\(?[ \t]*[\"']rails(?:ties)?[\"'](?P<wanted>[^#\n]*)", re.MULTILINE)
_WANTED = re.compile(r"^\s*,\s*[\"'](?P<sign>~>|=)?\s*(?P<version>\d+(?:\.\w+)+)[\"']")
_LOCKED = re.compile(r"^    rails(?:ties)? \((?P<version>\d+\.\d+)[.\w]*\)$", re.MULTILINE)
_FIXED = 3
"""Parts of a version behind `~>` that leave only the last of them open (RubyGems, "Pessimistic version constraint")."""


class Rails(NamedTuple):
    """The Rails of a project.

    Attributes:
        least: Its release line, or the lowest that may be installed; `None` where the project has no Rails.
        settled: Whether no later line may be installed.
    """

    least: tuple[int, int] | None
    settled: bool

    def is_from(self, line: tuple[int, int]) -> bool:
        """Tell whether it is known to be of a release line, or of a later one."""
        return self.least is not None and self.least >= line

    def is_before(self, line: tuple[int, int]) -> bool:
        """Tell whether it is known to be older than a release line, or not to be there."""
        return self.least is None or (self.settled and self.least < line)


def is_ruby(stage: Stage) -> bool:
    """Tell whether an image is for a program in Ruby: by its base, by `RAILS_ENV`, or by what it installs."""
    if "ruby" in stage.runtime.languages or any(name in stage.image.env for name in _ENVIRONMENTS):
        return True
    reference = stage.root.reference
    if reference is not None and _IN_NAME.search(reference.path):
        return True
    return any(item.name == "ruby" and item.manager in OS_MANAGERS for item in stage.packages.present)


def official_ruby(stage: Stage) -> tuple[int, int] | None:
    """Return the release line of the official image of Ruby that a stage stands on; `None` on any other base."""
    if stage.facts is None or stage.facts.name != "ruby":
        return None
    return release_line(stage.facts.languages.get("ruby"))


def ruby_line(stage: Stage) -> tuple[int, int] | None:
    """Return the release line of a stage's Ruby, `None` where it is not known."""
    return release_line(stage.runtime.languages.get("ruby"))


@once
def rails_of(change: DockerfileChange) -> Rails | None:
    """Return the Rails that the project's Gemfile asks for, and its lock file has; `None` where none was read."""
    locked, gemfile = (_text(change, name) for name in ("Gemfile.lock", "Gemfile"))
    found = _LOCKED.search(locked) if locked is not None else None
    if found is not None:
        return Rails(release_line(found["version"]), settled=True)
    if gemfile is None:
        return None
    gem = _GEM.search(gemfile)
    if gem is None:
        return Rails(None, settled="gemspec" not in gemfile and "eval_gemfile" not in gemfile)
    wanted = _WANTED.match(gem["wanted"])
    if wanted is None:
        return None
    fixed = wanted["sign"] is None or wanted["sign"] == "=" or len(wanted["version"].split(".")) >= _FIXED
    return Rails(release_line(wanted["version"]), settled=fixed)


def _text(change: DockerfileChange, name: str) -> str | None:
    path = change.repository.in_context(change.path, name)
    return change.repository.text(path) if path is not None else None
