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
    once,
    quote,
    rule,
    within,
)
from rules.copying.uses import Use, is_there, uses_of

_KNOWN_KINDS = frozenset({"os", "runtime", "runtime+toolchain", "sdk"})
_SYSTEM_FOLDERS = ("/usr/", "/bin/", "/sbin/", "/etc/", "/lib/")
_BASE_FOLDERS = "/bin /usr/bin /usr/local/bin /etc /lib /sbin /usr/lib /opt /tmp".split()


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
        if was is None or not _is_comparable(stage, was) or _builds_anew(stage, was):
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
            if use is not None and not _is_spoken_of(stage, put.path) and not _is_base_folder(put.path):
                said.add(id(put.step))
                yield _problem(stage, put, put.step, use)


def _sources(stage: Stage) -> set[tuple[str, str]]:
    """Return what the image takes from the context, other stages and images."""
    return {(put.kind, put.source) for put in stage.files.puts if isinstance(put.step, Copy) and put.source}


def _is_comparable(stage: Stage, was: Stage) -> bool:
    """Whether both start from an image that brings a system and no application."""
    return all(
        one.root.is_scratch or (one.root.facts is not None and one.root.facts.kind in _KNOWN_KINDS)
        for one in (stage, was)
    )


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


@once
def _said(stage: Stage) -> str:
    return "\0".join(run.instruction.value for run in stage.done_runs)


def _is_base_folder(path: str) -> bool:
    """Whether a path is a folder that every system has, so that naming it proves nothing."""
    return any(within(folder, path) for folder in _BASE_FOLDERS)


def _problem(stage: Stage, put: Put, copy: Copy, use: Use) -> Problem:
    keyword = use.instruction.keyword
    return Problem(
        use.instruction.span,
        f"{stage.label} no longer gets {quote(put.path)}: this change takes away {quote(str(copy.instruction))} and "
        "nothing "
        f"else brings it. {quote(keyword)} still uses it ({quote(use.word)}), so the container fails when it looks "
        "for it. Copy it again, or take it out there too.",
        Confidence.LIKELY,
        doubt="a command may make it, or the base image bring it",
        instruction=use.instruction,
        stage=stage.key,
        key=put.path,
        notes=(Note(copy.instruction.span, "copied here before", before=True),),
    )
