"""See copy_lost.md."""

from collections.abc import Iterator

from rules.api import (
    Category,
    Confidence,
    Copy,
    DockerfileChange,
    Note,
    Problem,
    Put,
    Severity,
    Stage,
    fix,
    insert_line_after,
    once,
    quote,
    rule,
    within,
)
from rules.copying.left_behind import LeftBehind, left_behind
from rules.copying.origins import origin
from rules.copying.server_files import lost_server_files
from rules.copying.uses import Use, is_there, uses_of

_SYSTEM_FOLDERS = ("/usr/", "/bin/", "/sbin/", "/etc/", "/lib/")
_BASE_FOLDERS = "/bin /usr/bin /usr/local/bin /etc /lib /sbin /usr/lib /opt /tmp".split()

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
        for lost in left_behind(change, stage, was):
            yield _left(stage, lost)
        yield from lost_server_files(change, stage, was)
        if not _is_comparable(stage, was) or _builds_anew(stage, was):
            continue
        packages = _new_packages(stage, was)
        said: set[int] = set()
        goes_elsewhere = _sources(stage)
        for put in was.files.puts:
            if not isinstance(put.step, Copy) or id(put.step) in said or put.path == "/" or is_there(stage, put.path):
                continue
            if (put.kind, put.source) in goes_elsewhere:
                continue  # it is copied to another place, which is copy-destination-changed
            use = next(uses_of(stage, put.path), None)
            if packages and put.path.startswith(_SYSTEM_FOLDERS):
                continue
            told = _is_spoken_of(stage, put.path) or _is_mounted(change, stage, was, put.path)
            if use is not None and not told and not _is_base_folder(put.path):
                said.add(id(put.step))
                yield _problem(stage, put, put.step, use)


def _sources(stage: Stage) -> set[tuple[str, str]]:
    """Return what the image takes from the context, other stages and images."""
    return {(put.kind, put.source) for put in stage.files.puts if isinstance(put.step, Copy) and put.source}


def _is_comparable(stage: Stage, was: Stage) -> bool:
    """Whether both start from an image that brings a system and no application."""
    return all(one.root.is_scratch or (one.root.facts is not None and one.root.facts.is_plain) for one in (stage, was))


def _new_packages(stage: Stage, was: Stage) -> bool:
    """Whether the system gets packages that it did not get before: they may bring the same files."""
    return bool({item.name for item in stage.packages.present} - {item.name for item in was.packages.present})


def _builds_anew(stage: Stage, was: Stage) -> bool:
    """Whether RUNs that were not there before may write the same files."""
    known = {str(command) for command in was.files.opaque_commands}
    calls = {call.command.start for run in stage.done_runs for call in run.package_calls}
    return stage.files.has_unreadable_run or any(
        str(command) not in known and command.start not in calls for command in stage.files.opaque_commands
    )


def _is_spoken_of(stage: Stage, path: str) -> bool:
    """Whether a RUN names the path: it may make it."""
    return path in _said(stage)


def _is_mounted(change: DockerfileChange, stage: Stage, was: Stage, path: str) -> bool:
    """Whether a build of the repository mounts it, or a VOLUME that is new lies there.

    A folder above it is often mounted while people develop, and not where the image runs.
    """
    if any(path in build.mounts for build in change.repository.builds_of(change.path)):
        return True
    return any(within(path, place) for place in _volumes(stage) - _volumes(was))


def _volumes(stage: Stage) -> set[str]:
    return {volume.value for volume in stage.image.volumes if volume.value is not None}


@once
def _said(stage: Stage) -> str:
    return "\0".join(run.instruction.whole_value for run in stage.done_runs)


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
        Confidence.LIKELY,
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
    keyword = use.instruction.keyword
    gone = use.path if use.path and stage.files.at(put.path) else put.path  # a folder that something else makes stays
    return Problem(
        use.instruction.span,
        f"{stage.label} no longer gets {quote(gone)}: this change takes away {quote(str(copy.instruction))} and "
        "nothing "
        f"else brings it. {quote(keyword)} still uses it ({quote(use.word)}), so {_EFFECTS.get(keyword, _STOPS)}. "
        "Copy it again, or take it out there too.",
        Confidence.LIKELY,
        doubt="a command may make it, or the base image bring it",
        instruction=use.instruction,
        stage=stage.key,
        key=put.path,
        notes=(Note(copy.instruction.span, "copied here before", before=True),),
    )
