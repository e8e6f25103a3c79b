"""See uv_cache_left.md."""

import re
from collections.abc import Iterator

from rules.api import (
    Category,
    Command,
    Confidence,
    DockerfileChange,
    Fix,
    PackageCall,
    Problem,
    Run,
    Severity,
    Stage,
    fix,
    quote,
    rule,
    within,
)
from rules.copying.deletions import deletions
from rules.matching.gathering import named_lines
from rules.packages.caches.clients import CACHES, folder, is_told
from rules.packages.caches.discarded_environments import is_deleted_at_once
from rules.packages.options import add_option, spelled
from rules.packages.pins.project_requirements import asks_for_nothing
from rules.packages.pip_cache_left import is_of_pip
from rules.packages.scripts import may_be_script
from rules.purpose import is_named_for_development

_CACHE = next(cache for cache in CACHES if cache.name == "uv")
_SETTINGS = ("pyproject.toml", "uv.toml")
_OF_CACHE = re.compile(r"^\s*(?:no-cache|cache-dir)\s*=", re.MULTILINE)
_OFF = ("--no-cache", "--no-cache-dir", "-n", "--dry-run", "--check")
_HOMES = re.compile(r"^(?:~|\$HOME|\$\{HOME\})(?=/|$)")


@rule(
    "uv-cache-left",
    severity=Severity.WARNING,
    category=Category.SIZE,
    keywords=("RUN",),
    mentions=("link_mode", "link-mode"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A layer that ships keeps uv's cache, out of which uv copied the packages."""
    by_stage: dict[int, tuple[Stage, list[tuple[Run, PackageCall]]]] = {}
    for stage, run in change.after.layers.shipped_runs:
        if run.calls("uv") and not is_named_for_development(change, run.stage) and not is_told(_CACHE, run):
            kept = [call for call in run.package_calls if _is_copied(call) and not _is_gone(stage, run, call)]
            left = [(run, call) for call in kept if not asks_for_nothing(change, run, call)]
            if left:
                by_stage.setdefault(stage.index, (stage, []))[1].extend(left)
    for stage, found in by_stage.values():
        if not _is_configured(change, stage):
            yield _problem(stage, found)


def _is_copied(call: PackageCall) -> bool:
    """Whether uv copies packages out of its cache: those that it links weigh nothing twice."""
    if call.manager != "uv" or call.action not in ("install", "sync") or call.has(*_OFF) or call.is_set("UV_NO_CACHE"):
        return False
    return (call.option("--link-mode") or call.env.get("UV_LINK_MODE")) == "copy" and not is_of_pip(call)


def _is_gone(stage: Stage, run: Run, call: PackageCall) -> bool:
    """Whether the cache is in no layer, or is not known to be: mounted, deleted in the same RUN, somewhere else."""
    place = folder(_CACHE, run)
    if place is None or run.is_mounted(place) or is_deleted_at_once(run, call):
        return True
    behind = [command for command in run.commands if command.start > call.command.start]
    if any(_may_clean(command) or _removes(command, place) for command in behind):
        return True
    return any(
        within(place, path) for path, where, command in deletions(stage) if where.at == run.at and command in behind
    )


def _may_clean(command: Command) -> bool:
    """Whether a command is `uv cache clean`, called as a module of Python's too, or a script that may call it."""
    words = [word.value for word in command.args]
    return ("cache" in words and "uv" in (command.name, *words[:2])) or may_be_script(command)


def _removes(command: Command, place: str) -> bool:
    """Whether a command deletes a folder, named from the home: `~/.cache`."""
    home = place.removesuffix(f"/{_CACHE.home}")
    words = [_HOMES.sub(home, word.value).rstrip("/*") for word in command.operands()] if command.name == "rm" else []
    return home != place and not command.conditional and any(word and within(place, word) for word in words)


def _is_configured(change: DockerfileChange, stage: Stage) -> bool:
    """Whether uv's settings beside the sources, or a file of settings that is put there, speak of the cache."""
    texts = (change.repository.text(path) or "" for path in change.repository.files if path.endswith(_SETTINGS))
    return any(map(_OF_CACHE.search, texts)) or any(put.path.endswith("/uv.toml") for put in stage.files.puts)


def _problem(stage: Stage, found: list[tuple[Run, PackageCall]]) -> Problem:
    run, call = found[0]
    place = folder(_CACHE, run) or ""
    lines = list(dict.fromkeys(str(one.command.line) for _, one in found[1:] if one.command.line != call.command.line))
    others = f" The same holds for {named_lines(lines)}." if lines else ""
    mount = quote(f"RUN --mount=type=cache,target={place}")
    return Problem(
        call.command.span,
        f"{stage.label} ships uv's cache: {quote(spelled(call))} copies packages out of {quote(place)} (link mode "
        "`copy`), and the layer holds both. The program runs from the copies. Add `--no-cache`, or mount "
        f"the cache for the build alone: {mount}.{others}",
        Confidence.CERTAIN if stage.base_known else Confidence.LIKELY,
        doubt="the base image is not known, and may switch the cache off",
        instruction=run.instruction,
        stage=stage.key,
        key="cache",
        items=tuple(f"install {number}" for number in range(len(found))),
        minor=all(_brings_project_alone(*one) for one in found),
        fix=_fix(found),
    )


def _brings_project_alone(run: Run, call: PackageCall) -> bool:
    """Whether a RUN above has synced all but the project: uv then fetches what it is built with, and little else."""
    above = (other for one in run.stage.all_runs if one.at < run.at for other in one.package_calls)
    parts = ("--no-install-project", "--no-install-workspace", "--no-install-local")
    return call.verb == "sync" and any(other.verb == "sync" and other.has(*parts) for other in above)


def _fix(found: list[tuple[Run, PackageCall]]) -> Fix | None:
    return fix("Add `--no-cache`", *(add_option(run, call, "--no-cache") for run, call in found))
