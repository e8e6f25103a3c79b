"""See volume_or_port_contract_changed.md."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from rules.api import (
    Category,
    Confidence,
    DockerfileChange,
    Instruction,
    Note,
    Problem,
    Severity,
    Source,
    Stage,
    meet,
    quote,
    rule,
    within,
)
from rules.numbers import number_of
from rules.quoting import listed
from rules.repository.composes import lines_of_other_images
from rules.runtime.ports.exposed import HIGHEST, is_passed
from rules.user.writing.volumes_before import is_left_behind

_ROW = re.compile(
    r"^[ \t]*(?:-[ \t]*[\"']?(?P<short>[^\s\"'#]+)|(?:-[ \t]+)?target:[ \t]+[\"']?(?P<target>\d+|/[^\s\"'#]*))"
    r"[\"']?[ \t]*(?:#.*)?$",
    re.MULTILINE,
)
"""A row of a list (`- 80:3000`), or the container's side in the long syntax (`target: 3000`)."""
_INLINE = re.compile(r"^[ \t]*(?:ports|volumes):[ \t]*\[(?P<items>[^\[\]]*)\]", re.MULTILINE)
_ITEM = re.compile(r"[^\s,\"']+")
_PUBLISHED = re.compile(r"(?:[\w.\[\]:-]*:)?(?:[\d-]+|\$\w+|\$\{[^{}]*\}):(?P<port>\d+)(?:/(?P<protocol>\w+))?\Z")
_DOUBT = "the program may still use it although nothing declares it"
_LONGEST_PORT = 5
_RANGE = re.compile(r"(?P<first>\d{1,5})-(?P<last>\d{1,5})(?:/\w+)?\Z", re.ASCII)
_MOUNTED = re.compile(r"(?:[\w./~$\{\}-]+):(?P<path>/[^:]*)(?::\w+)*\Z")


class Used(NamedTuple):
    """A line of a compose file that holds to the old image.

    Attributes:
        what: For a sentence: `port 8080`.
        was: What the image had.
        source: The compose file.
        start: Offset of the value.
        end: Offset behind it.
        keyword: The instruction that said it.
    """

    what: str
    was: str
    source: Source
    start: int
    end: int
    keyword: str

    @property
    def place(self) -> str:
        """The line in the compose file: `compose.yaml:12`."""
        return f"{self.source.path}:{self.source.line_at(self.start)}"

    @property
    def text(self) -> str:
        """The value as written."""
        return self.source.text[self.start : self.end]


@rule(
    "volume-or-port-contract-changed",
    severity=Severity.INFO,
    category=Category.RELIABILITY,
    default="info",
    compares=True,
    keywords=("FROM",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A port, a volume or the working folder changes, and a compose file or data still use the old one."""
    files = _compose_files(change)
    for stage, was in change.shipped():
        if was is None:
            continue
        used = [one for one in _used(stage, was, files, change.path) if _is_old(change, one)] if files else []
        if is_passed(change, stage):
            used = [one for one in used if one.keyword != "EXPOSE"]
        yield from (_problem(stage, was, rows) for rows in _by_promise(used))
        left = [path for path in sorted(_volumes(was)) if is_left_behind(stage, was, path)]
        moved = [] if left or files else _moved(stage, was)
        if left and not used:
            yield _of_data(stage, was, left)
        elif moved:
            yield _of_moved(stage, was, moved)


def _by_promise(used: list[Used]) -> list[list[Used]]:
    """Put the lines together that hold to the same port, volume or folder."""
    found: dict[str, list[Used]] = {}
    for one in used:
        found.setdefault(one.what, []).append(one)
    return list(found.values())


def _compose_files(change: DockerfileChange) -> tuple[Source, ...]:
    """Return the compose files that build this Dockerfile."""
    paths = dict.fromkeys(build.path for build in change.repository.builds_of(change.path) if "compose" in build.path)
    texts = {path: change.repository.text(path) for path in paths}
    return tuple(Source(path, text) for path, text in texts.items() if text is not None)


_SAY_PORT = frozenset({"PORT", "APP_PORT", "HTTP_PORT", "SERVER_PORT", "ASPNETCORE_URLS", "ASPNETCORE_HTTP_PORTS"})
"""Variables by which a compose file tells a program where to listen."""


def _is_old(change: DockerfileChange, used: Used) -> bool:
    """Whether the compose file said it before the change; what the change writes is written for the new image.

    Where a service starts a command of its own, that command says on which port it listens, and not the image.
    """
    builds = [build for build in change.repository.builds_of(change.path) if build.path == used.source.path]
    if used.keyword == "EXPOSE" and any(build.command or _SAY_PORT.intersection(build.environment) for build in builds):
        return False
    before = change.repository_before.text(used.source.path)
    if before is None:
        return change.repository_before.exists(used.source.path) is not False
    return used.text in before


def _used(stage: Stage, was: Stage, files: tuple[Source, ...], dockerfile: str) -> Iterator[Used]:
    # Merely undeclared, a port is published and a folder mounted as before: another in its place says that it moved.
    ports = _ports(was) - _ports(stage) if _are_known(stage) and _ports(stage) - _ports(was) else set()
    volumes = _volumes(was) - _volumes(stage) if _volumes(stage) - _volumes(was) else set()
    old, new = was.image.workdir, stage.image.workdir
    here = new.value or ""
    folder = old.value if old.set_in_file and here and old.value not in (None, "/", here) else None
    if not ports and not volumes and folder is None:
        return
    for source in files:
        others = lines_of_other_images(source.path, source.text.encode(), dockerfile)
        for start, end in _values(source.text):
            if any(source.line_at(start) in lines for lines in others):
                continue
            place = (source, start, end)
            port, path = _port_and_path(source.text[start:end])
            if port is not None and port in ports:
                yield Used(f"`EXPOSE {port}`", f"port {port}", *place, "EXPOSE")
            elif path and path.rstrip("/") in volumes:
                yield Used(f"`VOLUME {path}`", path, *place, "VOLUME")
            elif path and folder is not None and within(path, folder) and not meet(path, here):
                yield Used(f"`WORKDIR {folder}`", folder, *place, "WORKDIR")


def _values(text: str) -> Iterator[tuple[int, int]]:
    """Yield where the values of lists begin and end, and those of `target`."""
    for row in _ROW.finditer(text):
        yield row.span("short" if row["short"] is not None else "target")
    for line in _INLINE.finditer(text):
        for item in _ITEM.finditer(line["items"]):
            yield line.start("items") + item.start(), line.start("items") + item.end()


def _port_and_path(value: str) -> tuple[int | None, str]:
    """Return the container's side of a value: its port, or the path where something is mounted."""
    if value.isdecimal() and len(value) <= _LONGEST_PORT:
        return number_of(value), ""
    port, mount = _PUBLISHED.match(value), _MOUNTED.match(value)
    path = mount["path"] if mount is not None else value
    return (number_of(port["port"]) if port is not None else None), path if path.startswith("/") else ""


def _are_known(stage: Stage) -> bool:
    """Whether every port that the file exposes is known: an ARG without a default may hold the old one."""
    ports = [port for port in stage.image.ports if port.instruction is not None]
    read = {id(port.instruction) for port in ports}
    exposes = [i for link in stage.chain for i in link.instructions if i.keyword == "EXPOSE"]
    return all(id(i) in read for i in exposes) and all(p.number is not None or _RANGE.match(p.text) for p in ports)


def _ports(stage: Stage) -> set[int]:
    """Return the ports that the file exposes one by one, and those of ranges."""
    ports = [port for port in stage.image.ports if port.instruction is not None]
    found = {port.number for port in ports if port.number is not None}
    for port in ports:
        match = _RANGE.match(port.text) if port.number is None else None
        if match is not None:
            found.update(range(int(match["first"]), min(int(match["last"]), HIGHEST) + 1))
    return found


def _volumes(stage: Stage) -> set[str]:
    return {volume.value.rstrip("/") for volume in stage.image.volumes if volume.value and volume.set_in_file}


def _moved(stage: Stage, was: Stage) -> list[str]:
    """Return the volumes in whose place the file declares others, which neither hold them nor lie in them.

    `VOLUME ~/data` names a folder called `~`, since no shell reads it: nobody has mounted anything there.
    """
    if any(volume.value is None for volume in stage.image.volumes):
        return []
    gone, new = _volumes(was) - _volumes(stage), _volumes(stage) - _volumes(was)
    return sorted(
        path for path in gone if new and path[:1] == "/" and not any(meet(path, other) for other in _volumes(stage))
    )


def _instructions(stage: Stage, keyword: str) -> tuple[Instruction, ...]:
    """Return the instructions in the chain that say a port, a volume or the folder that is in force."""
    image = stage.image
    if keyword == "WORKDIR":
        found = [image.workdir.instruction]
    elif keyword == "EXPOSE":
        found = [port.instruction for port in image.ports]
    else:
        found = [volume.instruction for volume in image.volumes]
    return tuple({id(instruction): instruction for instruction in found if instruction is not None}.values())


def _said_before(instructions: tuple[Instruction, ...]) -> tuple[Note, ...]:
    return tuple(Note(one.span, "said here before", before=True) for one in instructions)


def _problem(stage: Stage, was: Stage, rows: list[Used]) -> Problem:
    used = rows[0]
    before = _instructions(was, used.keyword)
    known = {str(instruction) for instruction in before}
    new = next((i for i in _instructions(stage, used.keyword) if str(i) not in known), None)
    said = [f"{quote(row.place)} still says {quote(row.text)}" for row in rows]
    return Problem(
        new.span if new is not None else stage.from_.span,
        f"{stage.label} no longer has {used.what}, and {listed(said)}. The container starts, and what "
        f"is sent or mounted there goes nowhere. Change the compose file too, or keep {used.was}.",
        Confidence.LIKELY,
        doubt=_DOUBT,
        stage=stage.key,
        notes=(
            *(Note(row.source.span(row.start, row.end), "still the old one", path=row.source.path) for row in rows),
            *_said_before(before),
        ),
        key=used.was,
    )


def _of_data(stage: Stage, was: Stage, paths: list[str]) -> Problem:
    """Speak of volumes that lay in the old work folder, of which the new image knows nothing."""
    new, old = stage.image.workdir, quote(was.image.workdir.value or "")
    here = new.instruction is not None and new.stage is stage
    shown = listed(quote(f"VOLUME {path}") for path in paths)
    return Problem(
        new.instruction.span if new.instruction is not None and here else stage.from_.span,
        f"{stage.label} no longer has {shown}, and works in {quote(new.value or '')} where it worked in {old}. "
        "What running installations have mounted there is not looked at any more: the container starts as if it were "
        "new. Tell those who upgrade where their data belong now, or keep the old folder.",
        Confidence.LIKELY,
        doubt=_DOUBT,
        stage=stage.key,
        notes=_said_before(_instructions(was, "VOLUME")),
        key="data " + " ".join(paths),
    )


def _of_moved(stage: Stage, was: Stage, paths: list[str]) -> Problem:
    """Speak of volumes in whose place there are others, where no compose file tells who holds to the old ones."""
    new = sorted(_volumes(stage) - _volumes(was))
    where = next((v.instruction for v in stage.image.volumes if v.value and v.value.rstrip("/") in new), None)
    return Problem(
        where.span if where is not None else stage.from_.span,  # the words may be the old ones: `VOLUME $DATA`
        f"{stage.label} declares {listed(quote(f'VOLUME {path}') for path in new)} in the place of "
        f"{listed(quote(path) for path in paths)}. Whoever mounts data at the old path, as it was declared, still does "
        "after the upgrade, and the program may look elsewhere, or overwrite them. Tell those who upgrade where their "
        "data belong now, or keep the old path.",
        Confidence.LIKELY,
        doubt=_DOUBT,
        stage=stage.key,
        notes=_said_before(_instructions(was, "VOLUME")),
        key="moved " + " ".join(paths),
    )
