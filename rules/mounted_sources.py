"""Whether an image brings a program at all: one that does not is for developers, who mount their sources."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from rules.lazily import once
from rules.model.audience import is_development_start, is_production_name
from rules.model.puts import within
from rules.model.search_path import DEFAULT_PATH
from rules.user.root.start_scripts import start_scripts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rules.change import DockerfileChange
    from rules.dockerfile.shell.script import Command
    from rules.model.stage import Stage
    from rules.model.steps import Copy
    from rules.repository.builds import Build

_SETTINGS = re.compile(
    r"[\w.-]*\.(?:ini|conf|cnf|cfg|ya?ml|toml|env|sh|bash|list|sources|repo|cron|crontab|pem|crt|cer|key|asc|gpg|rules|"
    r"service|xml|lock|tmpl|template|j2)|\.\w+rc|(?:package|package-lock|composer)\.json|Gemfile|Pipfile|[\w.-]*require[\w.-]*\.txt"
)
"""Names of settings, scripts of the shell, and lists of packages: none is a program."""
_FOR_SETTINGS = ("/etc", "/usr/local/etc", *DEFAULT_PATH)
_UNPACKERS = frozenset({"tar", "bsdtar", "unzip"})
_FETCHES = {
    "git": ("clone",),
    "svn": ("co", "checkout", "export"),
    "composer": ("create-project",),
    **dict.fromkeys(("laravel", "rails", "symfony"), ("new",)),
    **dict.fromkeys(("npm", "yarn", "pnpm", "bun"), ("create", "init")),
}
"""Programs that fetch or make a whole program, and what of theirs does."""
_SERVERS = re.compile(r"\bartisan\s+serve\b|\brails\s+s(?:erver)?\b|\bphp\s+-S\b|\bflask\b[^\n;&|]*\s(?:--debug|run)\b")
"""Servers that a program is tried out with, where it is none of the image's own."""
_SETTINGS_OF_DEVELOPERS = "php.ini-development"
"""What the official PHP images bring for developers (hub.docker.com/_/php, "Configuration")."""
_OF_DEBUGGERS = "PHP_IDE_CONFIG"
"""What tells PhpStorm which of its projects a debugger speaks for (PhpStorm, "Debug a PHP CLI script")."""
_SOURCE = re.compile(r"[\w./-]+\.(?:py|[cm]?js|ts|php|rb|pl)")
_SOURCES = frozenset({"src", "source", "sources", "app", "lib", "pages", "components"})
"""Folders of sources in a project, and of nothing that a program writes."""
_PLACES = re.compile(r"[/._]")


@once
def brings_no_program(stage: Stage) -> bool:
    """Tell whether nothing of a program comes into an image but settings, tools and the script that starts it.

    Its base is one that the tables know as such, so that the program is not in there.
    """
    # where nothing is copied, nothing shows that anybody has filled it
    return any(copy.from_context for copy in stage.all_copies) and _has_no_program(stage)


@once
def _has_no_program(stage: Stage) -> bool:
    if stage.facts is None or stage.facts.kind not in ("os", "runtime", "runtime+toolchain") or stage.image.onbuild:
        return False
    brought = (_brings(command) for run in stage.done_runs for command in run.commands)
    return not (any(brought) or any(map(_is_program, stage.all_copies)))


def runs_mounted_sources(change: DockerfileChange, stage: Stage) -> bool:
    """Tell whether an image that brings no program is for developers, who mount their sources.

    Every compose service that is built from it mounts a folder of the host where the program is looked for; or its own
    settings, or a server for developers, say so. That server may stand in the start command, in a script of it that
    was read, or in a variable for one.
    """
    if not _has_no_program(stage):
        return False
    builds = change.builds_of(stage)
    if _is_set_up_for_developers(stage, builds) or (builds and all(_mounts_sources(build, stage) for build in builds)):
        return True
    if not brings_no_program(stage):
        return False
    texts = [setting.value.text for setting in stage.image.start_command if setting.value is not None]
    texts += [script.text for script in start_scripts(change, stage) if script.text is not None]
    texts += [setting.value for setting in stage.image.env.values() if setting.set_in_file and setting.value]
    return any(is_development_start(text) or _SERVERS.search(text) for text in texts)


def is_started_over_mounts(change: DockerfileChange, stage: Stage) -> bool:
    """Tell whether all that is known to build an image are compose services that mount a folder over the program's.

    Whatever was copied there is then not what runs: it is a container for developers.
    """
    builds = change.builds_of(stage)
    return bool(builds) and all(_mounts_over_program(build, stage) for build in builds)


def _is_set_up_for_developers(stage: Stage, builds: Sequence[Build]) -> bool:
    """Whether the image takes PHP's settings for developers, or is told of the project that a debugger speaks for."""
    if _OF_DEBUGGERS in stage.image.env or any(_OF_DEBUGGERS in build.environment for build in builds):
        return True
    return _takes_settings_of_developers(stage)


@once
def _takes_settings_of_developers(stage: Stage) -> bool:
    calls = (command for run in stage.done_runs for command in run.calls("cp", "ln", "mv"))
    return any(word.value.endswith(_SETTINGS_OF_DEVELOPERS) for command in calls for word in command.args)


def _mounts_sources(build: Build, stage: Stage) -> bool:
    """Whether a compose service mounts a folder of the host where what the container starts finds its program.

    That is the base image's own command, which serves what lies there, or one that names a source file below.
    """
    folder = stage.image.workdir.value
    if folder is None or not _mounts_over_program(build, stage):
        return False
    starts = [setting for setting in stage.image.start_command if setting.set_in_file]
    words = [word for start in starts if start.value is not None for word in start.value.words]
    return not starts or any(_SOURCE.fullmatch(word) and within(posixpath.join(folder, word), folder) for word in words)


def _mounts_over_program(build: Build, stage: Stage) -> bool:
    """Whether a compose service that is not named for production mounts a folder over the one of the start.

    A folder of sources in it, `./src:/app/src`, does the same: the manifests beside it seldom change.
    """
    folder = stage.image.workdir.value
    if folder is None:
        return False
    over = (mount for mount in build.folders if within(folder, mount) or _is_of_sources(mount, folder))
    if next(over, None) is None:
        return False
    return not any(map(is_production_name, _PLACES.split(build.path)))


def _is_of_sources(mount: str, folder: str) -> bool:
    return posixpath.dirname(mount) == folder and posixpath.basename(mount) in _SOURCES


def _brings(command: Command) -> bool:
    created = command.name == "npx" and command.subcommand.startswith("create-")
    return created or command.name in _UNPACKERS or command.subcommand in _FETCHES.get(command.name, ())


def _is_program(copy: Copy) -> bool:
    """Whether a COPY may bring a program: a tree, a file that is no settings, or what another stage has made."""
    if copy.from_stage is not None or copy.destination is None:
        return True
    if any(within(copy.destination, folder) for folder in _FOR_SETTINGS):
        return False
    names = [posixpath.basename((source.path or "").rstrip("/")) for source in copy.sources]
    return not all(map(_SETTINGS.fullmatch, names))
