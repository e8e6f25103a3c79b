"""Whether a package that an image has lost was replaced, or lost its use, by the same change."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rules.facts.command_packages import provides
from rules.facts.packages import depends_on, is_in_base
from rules.matching.fingerprint import unnumbered
from rules.packages.package_files import new_files
from rules.packages.recommended.programs import IN_FULL_IMAGES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.dockerfile.shell.command import Command
    from rules.model.packages import Installed
    from rules.model.stage import Stage

_SWAPS = (
    frozenset({"libressl", "openssl"}),
    frozenset({"google-chrome-stable", "chromium", "chromium-browser"}),
    frozenset({"supervisor", "runit", "s6", "s6-overlay"}),
    frozenset({"su-exec", "gosu", "setpriv"}),
    frozenset({"tini", "dumb-init", "catatonit"}),
    frozenset({"mime-support", "media-types", "mailcap", "shared-mime-info"}),
    frozenset({"genisoimage", "cdrkit", "xorriso"}),
    frozenset({"cryptsetup", "veritysetup"}),
    frozenset({"redis", "redis-server", "redis-tools", "valkey", "valkey-server", "valkey-tools", "valkey-cli"}),
    frozenset({"mysql-client", "default-mysql-client", "mariadb-client", "mysql", "mariadb"}),
    frozenset({"imagemagick", "graphicsmagick"}),
    frozenset({"ntp", "chrony", "ntpsec"}),
    frozenset({"exa", "eza"}),
)
"""Packages that do one thing: people exchange one for another."""

_PROGRAMS = frozenset({"/bin", "/usr/bin", "/usr/local", "/usr/local/bin"})
_A_BEGINNING = 4
"""Letters with which two names of one vendor's begin."""
_INTERPRETERS = frozenset({"sh", "bash", "ash", "dash", "make", "source", "."})


def lacks(stage: Stage, was: Stage, tool: str) -> bool:
    """Tell whether the tool is missing now; where that is not known, whether no new script or program may bring it."""
    there = stage.runtime.has_tool(tool)
    if there is None and (_filled(stage) - _filled(was) or _in_new_file(stage, was, tool)):
        return False  # a folder of programs is copied over now, or a vendor's package is installed
    if there is None:
        same_base = stage.root.base_text == was.root.base_text
        return same_base and {c.name for c in stage.files.opaque_commands} <= {
            c.name for c in was.files.opaque_commands
        }
    return not there


def _in_new_file(stage: Stage, was: Stage, tool: str) -> bool:
    """Whether a package that is installed from a file begins as the tool does: `wkhtmltox` brings `wkhtmltopdf`."""
    return len(tool) >= _A_BEGINNING and any(one[:_A_BEGINNING] == tool[:_A_BEGINNING] for one in new_files(stage, was))


def _filled(stage: Stage) -> set[str]:
    """Return the folders of programs that are copied over as a whole."""
    copied = (put for put in stage.files.puts if put.tree and put.kind in ("stage", "image"))
    return {put.path for put in copied if put.path in _PROGRAMS}


def is_explained(stage: Stage, was: Stage, item: Installed) -> bool:
    """Tell whether nobody need ask for a package that went: it comes otherwise, or what called it went as well.

    Args:
        stage: The image now.
        was: The image as it was.
        item: The package, as it was installed.
    """
    if any(_names(command, item.name) for command in _new_commands(stage, was)):
        return True  # built from source, unpacked, given to a script
    came = {other.name for other in stage.packages.present} - {other.name for other in was.packages.present}
    came |= new_files(stage, was)
    if any(item.name in swap and swap & came for swap in _SWAPS):
        return True
    full = stage.facts is not None and stage.facts.full and _in_full_images(stage, item.name)
    if full or _settings_went(stage, was, item.name):
        return True
    if item.name.startswith("lib"):
        return False  # nothing calls a library by its name
    commands = provides(item.name)
    if any(not lacks(stage, was, command) for command in commands) or _starts(stage) != _starts(was):
        return True
    return any(command.name in commands for run in was.done_runs for command in run.commands)


_OF_SSH = re.compile(r"(?:.*/\.ssh|/etc/ssh)(?:/|$)")
"""Where its keys and settings lie, whatever the package is called: `ssh`, `openssh-client`, `dropbear`."""
_SSH = frozenset({"ssh", "openssh", "openssh-client", "openssh-clients", "openssh-server", "dropbear", "sshpass"})


def _settings_went(stage: Stage, was: Stage, package: str) -> bool:
    """Whether the files that set a package up went with it, all of them: who takes those out means it."""
    of_package = _OF_SSH if package in _SSH else re.compile(rf"/etc/{re.escape(package)}(?:[./]|$)")
    return _holds(was, of_package) and not _holds(stage, of_package)


def _holds(stage: Stage, places: re.Pattern[str]) -> bool:
    return any(places.match(put.path) for put in stage.files.puts)


def may_be_in_base(stage: Stage, item: Installed) -> bool:
    """Tell whether the base has a package of itself, or may: an unknown one may be built upon `buildpack-deps`."""
    distribution = stage.runtime.distribution or "debian"
    if is_in_base(item.name, distribution, stage.runtime.release):
        return True
    return stage.facts is None and item.manager == "apt" and _in_full_images(stage, item.name)


def _in_full_images(stage: Stage, package: str) -> bool:
    """Whether `buildpack-deps` brings a package, of itself or with what it installs."""
    release = stage.runtime.release
    return package in IN_FULL_IMAGES or any(depends_on(one, package, release) for one in IN_FULL_IMAGES)


def runs_new_script(stage: Stage, was: Stage) -> bool:
    """Tell whether a RUN calls a script that no RUN called before, and that may install what went."""
    known = {str(command) for command in was.files.opaque_commands}
    return any(
        str(command) not in known and (command.name.endswith(".sh") or command.name in _INTERPRETERS)
        for command in stage.files.opaque_commands
    )


def _new_commands(stage: Stage, was: Stage) -> Iterator[Command]:
    """Yield the commands that the file had not before, of all stages: the package may be needed in another one now."""
    known = {str(command) for before in was.model.stages for run in before.runs for command in run.commands}
    for each in stage.model.stages:
        for run in each.runs:
            yield from (command for command in run.commands if str(command) not in known)


def _names(command: Command, package: str) -> bool:
    name = re.escape(package)
    named = rf"(?<![\w-]){name}(?![\w-])|/{name}[-_.][^\s/]*\.(?:tar|tgz|txz|tbz|zip|gz|xz|bz2)\b"
    return re.search(named, str(command), re.IGNORECASE) is not None


def _starts(stage: Stage) -> tuple[str, ...]:
    """Return what the file starts, whatever numbers it gives it: how many workers call for a package says nothing."""
    values = [setting.value for setting in stage.image.start_command if setting.set_in_file]
    return tuple("" if value is None else unnumbered(value.text) for value in values)
