"""Paths that a builder does not have at its end: it writes them elsewhere, deletes them or moves them away."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, NamedTuple

from rules.copying.context.recipes import runs_recipes
from rules.copying.outputs.binaries import builds_of, outputs_of
from rules.model.filenames import is_pattern
from rules.model.puts import folders_of, within
from rules.model.run_writes import CARRIERS, is_opaque
from rules.model.work_folders import path_of
from rules.quoting import quote

if TYPE_CHECKING:
    from rules.api import Command, DockerfileChange, Run, Stage
    from rules.copying.outputs.binaries import Build

_MERGED = ("/bin/", "/sbin/", "/lib/", "/lib64/")
_CARRYING = CARRIERS | {"ln"}
_OF_CARGO = re.compile(
    r"(?P<root>.*/)?target/(?P<triple>[\w.]+(?:-[\w.]+){2,}/)?(?P<profile>release|debug)/(?P<name>[^/]+)"
)
_SETS_TARGET = re.compile(r"CARGO_(?:BUILD_)?TARGET|CARGO_PROFILE|\.cargo/config|--config\b|--target-dir")
"""What else says where Cargo writes (The Cargo Book, "Configuration": `build.target`, `build.target-dir`)."""


class Gone(NamedTuple):
    """Why a path is not there.

    Attributes:
        why: A sentence.
        new: Where it is instead, where that is known.
        cure: What to do, where that is not to copy from elsewhere.
    """

    why: str
    new: str | None = None
    cure: str = ""


def gone(builder: Stage, path: str) -> Gone | None:
    """Tell why a stage does not have a path, if its commands say so; `None` where it may have it."""
    if is_pattern(path) or "$" in path or builder.files.has_unreadable_run:
        return None
    return _written_elsewhere(builder, path) or _of_cargo(builder, path) or _taken_away(builder, path)


def _written_elsewhere(builder: Stage, path: str) -> Gone | None:
    """A compiler writes a file of this name elsewhere, and nothing in the stage speaks of the path that is copied."""
    outputs = {output for output in outputs_of(builder) if posixpath.basename(output) == posixpath.basename(path)}
    if len(outputs) != 1 or _merged(path) in map(_merged, outputs) or runs_recipes(builder):
        return None
    if any(put.kind != "workdir" and put.path != "/" for put in builder.files.covering(path)):
        return None
    folder = posixpath.dirname(path)
    spoken = any(path in step.instruction.text or folder == step.workdir.value for step in builder.done_steps)
    if spoken or _carries(builder):
        return None
    output = outputs.pop()
    return Gone(f"The build there writes {quote(output)}, and nothing makes {quote(path)}.", output)


def moved_program(change: DockerfileChange, builder: Stage, path: str) -> Gone | None:
    """Tell of a program that its compiler wrote to a path before the change, and writes elsewhere since."""
    was = change.was(builder)
    if was is None or builder.files.has_unreadable_run or runs_recipes(builder) or _carries(builder):
        return None
    before, now = set(outputs_of(was)), set(outputs_of(builder))
    new = now - before
    if before - now != {path} or len(new) != 1 or any(put.kind != "workdir" for put in builder.files.at(path)):
        return None
    output = new.pop()
    return Gone(f"The build there writes {quote(output)} since this change, and no longer {quote(path)}.", output)


def _merged(path: str) -> str:
    """Return a path without its `/usr`: most systems have `/bin`, `/sbin` and `/lib` there (file-hierarchy(7))."""
    short = path.removeprefix("/usr")
    return short if short.startswith(_MERGED) else path


def _carries(builder: Stage) -> bool:
    return any(command.name in _CARRYING for run in builder.done_runs for command in run.commands)


def _of_cargo(builder: Stage, path: str) -> Gone | None:
    """A program that Cargo puts below the name of its target, or of the other profile."""
    found = _OF_CARGO.fullmatch(path)
    builds = [build for build in builds_of(builder) if build.language == "rust" and not _installs_tool(build)]
    if found is None or not builds or _carries(builder) or runs_recipes(builder):
        return None
    said = " ".join([*(step.instruction.text for step in builder.all_steps), *builder.image.env])
    if _SETS_TARGET.search(said) or any(build.command.subcommand == "install" for build in builds):
        return None
    if any(put.kind in ("stage", "image") for put in builder.files.covering(path)):
        return None
    return _by_target(builder, builds, found)


def _by_target(builder: Stage, builds: list[Build], found: re.Match[str]) -> Gone | None:
    targets = {build.command.option("--target") for build in builds}
    if found["triple"]:
        return _of_no_target(found) if targets == {None} and not _may_be_configured(builder) else None
    target = next(iter(targets)) if len(targets) == 1 else None
    if target is not None and "$" not in target:
        new = f"{found['root'] or ''}target/{target}/{found['profile']}/{found['name']}"
        return Gone(f"With `--target {target}`, Cargo writes {quote(new)}.", new)
    if found["profile"] == "release" and targets == {None} and all(map(_is_debug, builds)):
        line = builds[-1].command.line
        why = f"Cargo builds without `--release` (line {line}), and writes to `target/debug`."
        return Gone(why, cure="Build it with `--release`.")
    return None


def _installs_tool(build: Build) -> bool:
    """Whether it installs a published program, which Cargo compiles in a folder of its own (`cargo-install(1)`)."""
    return build.command.subcommand == "install" and not build.command.has("--path", "--git")


def _may_be_configured(builder: Stage) -> bool:
    """Whether the sources may bring Cargo's own settings, or the image sets a target of its own."""
    official = builder.facts is not None and builder.facts.name == "rust"
    return not official or any(put.whole or put.kind in ("stage", "image") for put in builder.files.puts)


def _of_no_target(found: re.Match[str]) -> Gone:
    new = f"{found['root'] or ''}target/{found['profile']}/{found['name']}"
    return Gone(f"Without `--target`, Cargo writes {quote(new)}.", new)


def _is_debug(build: Build) -> bool:
    return not build.command.has("--release", "-r", "--profile") and "$" not in str(build.command)


def _taken_away(builder: Stage, path: str) -> Gone | None:
    """A command deletes it or moves it away, and no later one may make it again."""
    last = next(((run, c) for run in reversed(builder.done_runs) for c in _takes(builder, run, path)), None)
    if last is None:
        return None
    run, command = last
    if command.conditional or _may_come_back(builder, run, command, path):
        return None
    return Gone(f"{quote(str(command))} takes it away there (line {command.line}), and nothing makes it again.")


def _takes(builder: Stage, run: Run, path: str) -> list[Command]:
    """Return the commands of a RUN that take a path away, the last one first."""
    above = {path, *folders_of(path)} - {"/"}
    deleted = [one.command for one in builder.files.deletions if one.step is run and one.path.rstrip("/") in above]
    moved = [command for command in run.calls("mv") if _moved(run, command) == path]
    return sorted([*deleted, *moved], key=lambda command: -command.start)


def _moved(run: Run, command: Command) -> str | None:
    """Return the one file or folder that an `mv` moves, absolute."""
    match command.operands(("-S", "-t", "--target-directory", "--suffix")):
        case [source, _]:
            return path_of(run, command, source.value)
        case _:
            return None


def _may_come_back(builder: Stage, run: Run, command: Command, path: str) -> bool:
    later = (each for other in builder.done_runs if other.at >= run.at for each in other.commands)
    behind = [each for each in later if each.start > command.start]
    if any(is_opaque(each) or each.name in (*_CARRYING, "mkdir", "touch") or each.redirects for each in behind):
        return True
    steps = [step for step in builder.done_steps if step.at > run.at]
    if any(put.step in steps for put in builder.files.covering(path)):
        return True
    return any(within(step.workdir.value or "/", path) for step in steps) or within(
        builder.image.workdir.value or "/", path
    )
