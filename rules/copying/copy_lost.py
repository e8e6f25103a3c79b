"""See copy_lost.md."""

import posixpath
from collections.abc import Iterator

from rules.api import (
    Category,
    Confidence,
    Copy,
    DockerfileChange,
    Note,
    Problem,
    Put,
    Run,
    Severity,
    Stage,
    fix,
    insert_line_after,
    once,
    quote,
    rule,
    within,
)
from rules.cluster_manifests import mounts_in_cluster
from rules.copying.context.origins import origin
from rules.copying.left_behind import LeftBehind, left_behind
from rules.copying.needs import needs_of
from rules.copying.server_files import lost_server_files
from rules.copying.unseen import builds_anew, new_packages
from rules.copying.uses import Use, is_there, uses_of

_SYSTEM_FOLDERS = ("/usr/", "/bin/", "/sbin/", "/etc/", "/lib/")
_BASE_FOLDERS = "/bin /usr/bin /usr/local/bin /etc /lib /sbin /usr/lib /opt /tmp".split()
_SETTINGS = ("/etc", "/usr/lib", "/usr/share", "/var/lib")
_STARTS = frozenset({"CMD", "ENTRYPOINT", "HEALTHCHECK"})
_HANDLING = frozenset({"chmod", "chown", "chgrp", "setfacl"})

_STOPS = "the container fails when it looks for it"
_EFFECTS = {
    "ENV": "what reads that variable does not find it",
    "HEALTHCHECK": "the probe fails, and the container counts as unhealthy",
}
"""What follows where an instruction speaks of what is not there."""


@rule(
    "copy-lost",
    severity=Severity.WARNING,
    category=Category.RELIABILITY,
    compares=True,
    keywords=("FROM",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """The change takes away a COPY whose files the image that ships still uses."""
    for stage, was in change.shipped():
        if was is None:
            continue
        left = tuple(left_behind(change, stage, was))
        yield from (_left(stage, lost) for lost in left if not _is_mounted(change, stage, was, lost.need.path))
        told = frozenset(lost.need.path for lost in left)
        yield from lost_server_files(change, stage, was)
        if _is_comparable(stage, was) and not builds_anew(stage, was):
            yield from _taken_away(change, stage, was, told)


def _taken_away(change: DockerfileChange, stage: Stage, was: Stage, told: frozenset[str]) -> Iterator[Problem]:
    """Yield what a COPY brought that is gone, and that was not told of by then."""
    packages = new_packages(stage, was)
    said: set[int] = set()
    goes_elsewhere = _sources(stage)
    for put in map(_as_file, was.files.puts):
        if not isinstance(put.step, Copy) or id(put.step) in said or put.path == "/" or is_there(stage, put.path):
            continue
        if put.path in told or (put.kind, put.source) in goes_elsewhere:
            continue  # it is copied to another place, which is copy-destination-changed
        use = next(uses_of(stage, put.path), None) or _used_by_script(change, stage, put)
        if packages and put.path.startswith(_SYSTEM_FOLDERS):
            continue
        spoken = _is_spoken_of(stage, put.path) or _is_mounted(change, stage, was, put.path)
        if use is not None and not spoken and not _is_base_folder(put.path) and not _may_be_of_base(stage, put, use):
            said.add(id(put.step))
            yield _problem(stage, put, put.step, use)


def _used_by_script(change: DockerfileChange, stage: Stage, put: Put) -> Use | None:
    """Return the line of a start script, or of `package.json`, that names a file which was copied by itself."""
    if put.tree or put.makes_folder:
        return None
    needs = (one for one in needs_of(change, stage) if one.script is not None and one.path == put.path)
    needs = (need for need in needs if need.sure and not need.forgiven)
    return next((Use(need.instruction, need.command, need.path, need.script or "") for need in needs), None)


def _sources(stage: Stage) -> set[tuple[str, str]]:
    """Return what the image takes from the context, other stages and images."""
    return {(put.kind, put.source) for put in stage.files.puts if isinstance(put.step, Copy) and put.source}


def _as_file(put: Put) -> Put:
    """Return what a COPY puts into a folder of the system's as the one file that it is: `COPY dist/shop /bin/`."""
    copy = put.step
    if not isinstance(copy, Copy) or not copy.into_folder or put.path not in _BASE_FOLDERS or not put.source:
        return put
    return put._replace(path=posixpath.join(put.path, posixpath.basename(put.source.rstrip("/"))))


def _is_comparable(stage: Stage, was: Stage) -> bool:
    """Whether both start from an image that brings a system and no application, or from the very same one."""
    same = stage.root.base_text is not None and stage.root.base_text == was.root.base_text
    return same or all(map(_is_plain, (stage, was)))


def _is_plain(stage: Stage) -> bool:
    return stage.root.is_scratch or (stage.root.facts is not None and stage.root.facts.is_plain)


def _may_be_of_base(stage: Stage, put: Put, use: Use) -> bool:
    """Whether an image with an application in it may bring the file: all but what the file itself starts, or probes."""
    if _is_plain(stage):
        return False
    if use.instruction.keyword not in _STARTS or any(within(put.path, folder) for folder in _SETTINGS):
        return True
    facts, name = stage.root.facts, posixpath.basename(put.path)
    own = (*(facts.entrypoint or ()), *(facts.cmd or ())) if facts is not None else ()
    return any(posixpath.basename(word) == name for word in own)


def _is_spoken_of(stage: Stage, path: str) -> bool:
    """Whether a RUN names the path: it may make it."""
    return path in _said(stage)


def _is_mounted(change: DockerfileChange, stage: Stage, was: Stage, path: str) -> bool:
    """Whether a build of the repository mounts it, a cluster it or a folder above, or a VOLUME that is new lies there.

    In compose a folder above it is often mounted while people develop, and not where the image runs.
    """
    if any(within(path, place) for place in mounts_in_cluster(change)):
        return True
    if any(path in build.mounts for build in change.repository.builds_of(change.path)):
        return True
    return any(within(path, place) for place in _volumes(stage) - _volumes(was))


def _volumes(stage: Stage) -> set[str]:
    return {volume.value for volume in stage.image.volumes if volume.value is not None}


@once
def _said(stage: Stage) -> str:
    """What the RUNs say, but for commands that only change the mode or the owner of what is there."""
    return "\0".join(_made_by(run) for run in stage.done_runs)


def _made_by(run: Run) -> str:
    if not run.is_read or run.instruction.heredocs or {command.name for command in run.commands}.isdisjoint(_HANDLING):
        return run.instruction.whole_value
    kept = (one for one in run.commands if one.name not in _HANDLING)
    return "\0".join(one.source.cut(one.span) for one in kept)


def _is_base_folder(path: str) -> bool:
    """Whether a path is a folder that every system has, so that naming it proves nothing."""
    return any(within(folder, path) for folder in _BASE_FOLDERS)


def _left(stage: Stage, lost: LeftBehind) -> Problem:
    """Say what a larger COPY brought, and those of now do not."""
    need, was = lost.need, lost.was
    place = next((copy for copy in reversed(stage.copies) if not copy.deferred), None)
    instruction = place.instruction if place is not None else need.instruction
    who = quote(need.script) if need.script is not None else quote(need.instruction.keyword)
    why = "`.dockerignore` keeps it out of the build now" if lost.ignored else "what is copied now leaves it out"
    line = _line(place, lost)
    return Problem(
        instruction.span,
        f"{stage.label} no longer gets {quote(need.path)}: {quote(str(was.instruction))} brought it before this "
        f"change, and {why}. {who} still uses it ({quote(need.command)}), so the container fails there. "
        + ("Let it in again." if lost.ignored else f"Copy it too: {quote(line)}."),
        Confidence.LIKELY if need.sure else Confidence.POSSIBLE,
        doubt="a volume may bring it",
        instruction=instruction,
        stage=stage.key,
        key=need.path,
        notes=(Note(was.instruction.span, "copied here before", before=True),),
        fix=fix("Copy it too", insert_line_after(instruction, line))
        if place is not None and not lost.ignored
        else None,
    )


def _line(place: Copy | None, lost: LeftBehind) -> str:
    """Return the COPY that brings it: out of the stage that the others come from, where that has it at that path."""
    builder = place.from_stage if place is not None else None
    owner = place.option("chown") if place is not None else None
    flags = f" --chown={owner}" if owner else ""
    path = lost.need.path
    if builder is not None and place is not None and lost.source in origin(builder, path).paths:
        return f"COPY --from={place.from_text}{flags} {path} {path}"
    return f"COPY{flags} {lost.source} {path}"


def _problem(stage: Stage, put: Put, copy: Copy, use: Use) -> Problem:
    keyword = use.script or use.instruction.keyword
    gone = use.path if use.path and stage.files.at(put.path) else put.path  # a folder that something else makes stays
    return Problem(
        use.instruction.span,
        f"{stage.label} no longer gets {quote(gone)}: this change takes away {quote(str(copy.instruction))} and "
        "nothing "
        f"else brings it. {quote(keyword)} still uses it ({quote(use.word)}), so {_EFFECTS.get(keyword, _STOPS)}. "
        "Copy it again, or take it out there too.",
        # an image with an application in it may have its own start script at that very place
        Confidence.LIKELY if stage.base_known else Confidence.POSSIBLE,
        doubt="a command may make it, or the base image bring it",
        instruction=use.instruction,
        stage=stage.key,
        key=put.path,
        notes=(Note(copy.instruction.span, "copied here before", before=True),),
    )
