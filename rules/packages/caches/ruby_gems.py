"""The gems as Bundler downloads them, kept beside what it makes of them."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from rules.api import UNKNOWN, Confidence, Problem, append_to_run, fix, meet, once, quote
from rules.packages.options import spelled
from rules.runtime.languages.ruby_programs import is_ruby

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.api import DockerfileChange, Fix, Model, PackageCall, Run, Stage

_CLEANS = re.compile(r"(?i)(?:bundle|gems?\b|GEM_HOME|BUNDLE_PATH|ruby)[^\s;&|]*cache|\.gem\b|[\"'/]cache[\"'/*]")
"""Words of a command that deletes them: `rm -rf /usr/local/bundle/cache/*.gem`, `find … -name '*.gem' -delete`."""
_DELETES = ("rm", "find", "xargs")
_MOVED = re.compile(
    r"\bbundle\s+config\b[^\n;&|]{0,200}\b(?:path|deployment)\b|\bbundle\b[^\n;&|]{0,200}--(?:path|deployment)\b"
)
"""What has Bundler install to another folder than the variables say."""
_OF_DEPLOYMENT = "vendor/bundle"


def gem_cache_left(change: DockerfileChange) -> Iterator[Problem]:
    """Yield the installs whose downloads are in an image that ships, by its layers or copied out of another stage."""
    shipped = {id(run.instruction) for _, run in change.after.layers.shipped_runs}
    for stage, run in change.after.layers.needed_runs:
        calls = [call for call in run.package_calls if _downloads(call)]
        if not calls or not is_ruby(stage) or change.after.is_for_developers(stage):
            continue
        folder = _folder(run)
        if _is_mounted(run, folder) or _is_cleaned(run, calls[-1].command.start):
            continue
        if id(run.instruction) in shipped:
            way_out = f"at the end of the same {quote('RUN')}; a later one takes nothing out of this layer"
        elif folder is not None and _is_carried(change, run, folder):
            way_out = "before another stage copies the gems"
        else:
            continue
        yield _problem(stage, run, calls[-1], folder, way_out)


def _downloads(call: PackageCall) -> bool:
    fetches = call.manager == "bundle" and call.action == "install"
    return fetches and not call.has("--local", "--no-cache") and not call.command.conditional


def _folder(run: Run) -> str | None:
    """Return the folder that keeps the downloads, as a pattern of the shell's; `None` where it is not known."""
    if _is_moved(run.stage.model):
        return None
    path = run.scope.get("BUNDLE_PATH")
    if path is not None or run.scope.get("BUNDLE_DEPLOYMENT") is not None:
        named = _OF_DEPLOYMENT if path is None else path.value
        place = None if named is UNKNOWN else run.resolve(str(named))
        return posixpath.join(place, "ruby/*/cache") if place is not None else None
    home = run.scope.get("GEM_HOME")
    return posixpath.join(str(home.value), "cache") if home is not None and home.value is not UNKNOWN else None


@once
def _is_moved(model: Model) -> bool:
    return _MOVED.search(model.code) is not None


def _is_mounted(run: Run, folder: str | None) -> bool:
    if folder is not None and run.is_mounted(folder.partition("/ruby/*")[0]):
        return True
    return any(mount.type in ("cache", "tmpfs") and re.search("bundle|gem", mount.target) for mount in run.mounts)


def _is_cleaned(run: Run, start: int = -1) -> bool:
    """Whether a RUN deletes downloads behind a place in it, or runs a script that may."""
    behind = [command for command in run.commands if command.start > start]
    if any(command.name.endswith(".sh") for command in behind):
        return True
    return any(command.name in _DELETES and _CLEANS.search(str(command)) for command in behind)


@once
def _last_cleaning(stage: Stage) -> tuple[int, int] | None:
    """Where the last RUN of a chain stands that deletes downloads."""
    return max((run.at for run in stage.done_runs if _is_cleaned(run)), default=None)


def _is_carried(change: DockerfileChange, run: Run, folder: str) -> bool:
    """Whether an image that ships copies the folder out of the stage, or one upon it, with no RUN to empty it there."""
    place = folder.partition("/ruby/*")[0]
    for image in change.after.shipped:
        for copy in image.all_copies:
            source = copy.from_stage
            if source is None or run.stage not in source.chain:
                continue
            cleaned = _last_cleaning(source)
            if cleaned is not None and cleaned > run.at:
                continue
            paths = (copy.source_path(one) for one in copy.sources)
            if any(path is not None and meet(place, path) for path in paths):
                return True
    return False


def _problem(stage: Stage, run: Run, call: PackageCall, folder: str | None, way_out: str) -> Problem:
    where, delete = " in a folder `cache` beside them", "Delete it"
    if folder is not None:
        where, delete = f" in {quote(folder)}", f"Delete them with {quote(f'rm -rf {folder}')}"
    return Problem(
        call.command.span,
        f"{stage.label} keeps every gem twice: {quote(spelled(call))} unpacks what it downloads, and leaves the "
        f"downloads{where}. They ship, and nothing at run time reads them. {delete}, {way_out}.",
        Confidence.LIKELY,
        doubt="a configuration of Bundler's that was not read may choose another folder",
        instruction=run.instruction,
        stage=stage.key,
        key="gems",
        fix=_fix(run, call, folder),
    )


def _fix(run: Run, call: PackageCall, folder: str | None) -> Fix | None:
    last = run.commands[-1]
    if folder is None or last.conditional or last.before in ("||", "|") or call.command.nested:
        return None
    return fix("Delete the downloads in the same layer", append_to_run(run, f"rm -rf {folder}"))
