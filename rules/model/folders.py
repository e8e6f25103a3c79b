"""Which paths are folders of a stage: a COPY of one file to such a path, without a slash, puts the file below it."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, NamedTuple

from rules.lazily import once
from rules.model.filenames import names_a_file
from rules.model.run_writes import written_by
from rules.model.search_path import DEFAULT_PATH
from rules.model.steps import Copy, Run

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rules.model.stage import Stage

OF_EVERY_SYSTEM = frozenset(
    "/ /bin /boot /dev /etc /home /lib /media /mnt /opt /proc /root /run /sbin /srv /sys /tmp /usr /usr/bin /usr/lib "
    "/usr/local /usr/local/bin /usr/local/lib /usr/local/share /usr/sbin /usr/share /var /var/cache /var/lib /var/log "
    "/var/tmp".split()
)
"""Folders of Debian's and Alpine's images, and of all that stand on them (packages base-files, alpine-baselayout)."""

TEMPORARY = ("/tmp", "/var/tmp")  # noqa: S108 - paths of an image
"""Folders of every system in which everyone makes files of their own."""

_NAMED = re.compile(r"(?<![\w./}-])(?:/[\w.@+-]+)+(?=/)")
"""The folder part of an absolute path of which something below is named."""

_MOVERS = frozenset("cp install ln mv rsync".split())


_SPEAKING = frozenset({"ENV", "CMD", "ENTRYPOINT", "HEALTHCHECK"})


class Folders(NamedTuple):
    """The paths of a stage that are folders.

    Attributes:
        sure: Made, filled, or used as a folder by a step of the build, at whatever place: a step that does so with
            what was copied as a file would fail, so a later one tells as much as an earlier one.
        spoken: Of which the environment or the start command names something below: that is what the author believes.
    """

    sure: frozenset[str]
    spoken: frozenset[str]


@once
def folders(stage: Stage) -> Folders:
    """Return what is known of a stage's folders, its chain included."""
    above = Folders(frozenset() if stage.root.is_scratch else OF_EVERY_SYSTEM, frozenset())
    for link in stage.chain[:-1]:  # from the root on, so that each finds its parent's answer ready
        above = folders(link)
    texts = (step.instruction.value for step in stage.steps if step.instruction.keyword in _SPEAKING)
    spoken = _with_parents(path for text in texts for path in _named_in(text))
    made = _with_parents([*_made(stage), *_filled_twice(stage)])
    return Folders(above.sure | made, above.spoken | spoken)


def _with_parents(paths: Iterable[str]) -> frozenset[str]:
    found: set[str] = set()
    for path in paths:
        folder = path
        while folder not in found:
            found.add(folder)
            folder = posixpath.dirname(folder)
    return frozenset(found)


def _named_in(text: str) -> Iterator[str]:
    return (posixpath.normpath(found.group()) for found in _NAMED.finditer(text))


def _made(stage: Stage) -> Iterator[str]:
    """Yield the folders that a stage's own instructions make, fill or use."""
    for step in stage.steps:
        if step.deferred:
            continue
        if isinstance(step, Copy):
            yield from _of_copy(step)
        elif isinstance(step, Run):
            yield from _of_run(step)
        elif step.instruction.keyword == "WORKDIR":
            path = step.resolve(step.scope.expand(step.instruction.value))
            yield from (path,) if path else ()
    yield from (volume.value for volume in stage.image.volumes if volume.value and volume.value.startswith("/"))
    yield from _homes(stage)


def _of_copy(step: Copy) -> Iterator[str]:
    if step.destination is not None:
        fills = step.into_folder or any(
            source.is_root or source.has_wildcard or (source.path or "").endswith("/") for source in step.sources
        )
        yield step.destination if fills else posixpath.dirname(step.destination)


def _of_run(run: Run) -> Iterator[str]:
    yield from _named_in(run.instruction.whole_value)
    for write in written_by(run):
        is_tree = write.tree and write.command.name not in _MOVERS
        made = write.command.name == "mkdir" or (write.command.name == "install" and write.command.has("-d"))
        yield write.path if is_tree or made else posixpath.dirname(write.path)


def _homes(stage: Stage) -> Iterator[str]:
    """Yield the home folders that accounts get along with them: `adduser` makes one unless told not to."""
    for account in stage.users.created:
        command = account.command
        by_default = command.name == "adduser" and not command.has("-H", "--no-create-home")
        if account.run.stage is stage and (by_default or command.has("-m", "--create-home")):
            home = account.run.resolve(command.option("-d", "-h", "--home", "--home-dir") or f"/home/{account.name}")
            yield from (home,) if home else ()


def _filled_twice(stage: Stage) -> Iterator[str]:
    """Yield the destinations that several COPYs name: each file but the last would be lost if that were a file."""
    found: dict[str, set[str | None]] = {}
    for copy in stage.all_copies:
        if copy.destination is not None and not copy.deferred and not names_a_file(copy.destination):
            found.setdefault(copy.destination, set()).update(source.path for source in copy.sources)
    return (path for path, sources in found.items() if len(sources) > 1)


def lands_in_folder(copy: Copy) -> bool:
    """Tell whether a COPY's destination is a folder, by its spelling or by what the stage does there."""
    if copy.into_folder or copy.destination is None:
        return copy.into_folder
    known = folders(copy.stage)
    return copy.destination in known.sure or (copy.destination in known.spoken and _may_be_there(copy))


def may_be_folder(copy: Copy, source: str) -> bool:
    """Tell whether the destination of one file, written without a slash, may be a folder that is not seen being made.

    The base may have it, or a command or a copied tree may have brought it: the file is at the destination, or below.

    Args:
        copy: Whose destination is no folder for certain.
        source: Path of the file.
    """
    folder, name = posixpath.split(copy.destination or "")
    if names_a_file(name) and not name.endswith(".d"):
        return False
    is_renamed = name in (posixpath.basename(source), posixpath.basename(source).partition(".")[0])
    return not is_renamed and folder not in DEFAULT_PATH and _may_be_there(copy)


def _may_be_there(copy: Copy) -> bool:
    """Whether a folder may be there that no instruction names: not in the root of a plain image."""
    facts = copy.stage.facts
    plain = copy.stage.root.is_scratch or (facts is not None and facts.is_plain)
    return not plain or posixpath.dirname(copy.destination or "") != "/"


def fixed_folder(copy: Copy) -> str | None:
    """Return a folder that a COPY ends in or below, whatever its variables hold; `None` where that is not known.

    It is what is written in front of the first variable: `/srv/shop` of `/srv/shop/${APP}/public`.
    """
    if copy.destination is not None:
        return copy.destination
    if copy.destination_word is None:
        return None
    fixed = copy.destination_word.text.partition("$")[0]
    return copy.resolve(fixed.rpartition("/")[0] or ("/" if fixed.startswith("/") else "."))
