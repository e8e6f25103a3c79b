"""See volume_or_port_contract_changed.md."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from rules.api import (
    Category,
    Confidence,
    DockerfileChange,
    Note,
    Problem,
    Severity,
    Source,
    Stage,
    quote,
    rule,
    within,
)

_ROW = re.compile(r"^[ \t]*-[ \t]*[\"']?(?P<value>[^\s\"'#]+)[\"']?[ \t]*(?:#.*)?$", re.MULTILINE)
_PUBLISHED = re.compile(r"(?:[\w.\[\]:-]*:)?[\d-]+:(?P<port>\d+)(?:/(?P<protocol>\w+))?\Z")
_MOUNTED = re.compile(r"(?:[\w./~$\{\}-]+):(?P<path>/[^:]*)(?::\w+)*\Z")


class Used(NamedTuple):
    """A line of a compose file that holds to the old image.

    Attributes:
        what: For a sentence: `port 8080`.
        was: What the image had.
        path: The compose file.
        line: The line.
        source: The compose file's text.
        start: Offset of the value.
        end: Offset behind it.
    """

    what: str
    was: str
    path: str
    source: Source
    start: int
    end: int

    @property
    def line(self) -> int:
        """The line in the compose file."""
        return self.source.line_at(self.start)


@rule(
    "volume-or-port-contract-changed",
    severity=Severity.INFO,
    category=Category.RELIABILITY,
    default="info",
    compares=True,
    keywords=("FROM",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A port, a volume or the working folder changes, and a compose file still uses the old one."""
    files = _compose_files(change)
    if not files:
        return
    for stage, was in change.shipped():
        if was is None:
            continue
        for used in _used(stage, was, files):
            yield _problem(stage, used)


def _compose_files(change: DockerfileChange) -> tuple[Source, ...]:
    """Return the compose files that build this Dockerfile and no other, so that every line in them is about it."""
    paths = dict.fromkeys(build.path for build in change.repository.builds_of(change.path) if "compose" in build.path)
    others = {build.path for build in change.repository.builds if build.dockerfile != change.path}
    texts = {path: change.repository.text(path) for path in paths if path not in others}
    return tuple(Source(path, text) for path, text in texts.items() if text is not None)


def _used(stage: Stage, was: Stage, files: tuple[Source, ...]) -> Iterator[Used]:
    ports = _ports(was) - _ports(stage)
    volumes = _volumes(was) - _volumes(stage)
    old, new = was.image.workdir, stage.image.workdir
    folder = (
        old.value if old.set_in_file and new.value is not None and old.value not in (None, "/", new.value) else None
    )
    if not ports and not volumes and folder is None:
        return
    for source in files:
        for row in _ROW.finditer(source.text):
            value, place = row["value"], (source.path, source, row.start("value"), row.end("value"))
            port, mount = _PUBLISHED.match(value), _MOUNTED.match(value)
            if port is not None and int(port["port"]) in ports:
                yield Used(f"`EXPOSE {port['port']}`", f"port {port['port']}", *place)
            elif mount is not None and mount["path"].rstrip("/") in volumes:
                yield Used(f"`VOLUME {mount['path']}`", mount["path"], *place)
            elif mount is not None and folder is not None and within(mount["path"], folder):
                yield Used(f"`WORKDIR {folder}`", folder, *place)


def _ports(stage: Stage) -> set[int]:
    """Return the ports that the file exposes; one from a variable makes none of them known to be gone."""
    return {port.number for port in stage.image.ports if port.number is not None and port.instruction is not None}


def _volumes(stage: Stage) -> set[str]:
    return {volume.value.rstrip("/") for volume in stage.image.volumes if volume.value and volume.set_in_file}


def _problem(stage: Stage, used: Used) -> Problem:
    row = quote(used.source.text[used.start : used.end])
    place = quote(f"{used.path}:{used.line}")
    return Problem(
        stage.from_.span,
        f"{stage.label} no longer has {used.what}, and {place} still says {row}. The container starts, and what "
        "is sent or "
        f"mounted there goes nowhere. Change the compose file too, or keep {used.was}.",
        Confidence.LIKELY,
        doubt="the program may still use it although nothing declares it",
        stage=stage.key,
        notes=(Note(used.source.span(used.start, used.end), "still the old one", path=used.path),),
        key=used.was,
    )
