"""Downloads that a RUN fetches into a cache mount, and that the build behind it fetches again without the mount."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, NamedTuple

from rules.model.puts import meet, within
from rules.packages.caches.clients import CACHES, folder, is_told

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.api import Command, Mount, Run, Stage
    from rules.packages.caches.clients import Cache


class _Fetched(NamedTuple):
    """What a program fetches for its own later calls.

    Attributes:
        cache: Where it keeps that.
        part: The path below the cache that has to be mounted at least.
        what: How it is called.
        fetching: The words one of which makes a call fetch alone.
        reading: Those of calls that need it.
        besides: Words of a file that say that it is had otherwise.
    """

    cache: Cache
    part: str
    what: str
    fetching: frozenset[str]
    reading: frozenset[str]
    besides: tuple[str, ...]


def _row(home: str) -> Cache:
    return next(cache for cache in CACHES if cache.home == home)


_FETCHED = (
    _Fetched(
        _row("go/pkg/mod"),
        "",
        "modules",
        frozenset({"download"}),
        frozenset("build install test run vet generate".split()),
        ("vendor", "GOPROXY", "GOFLAGS"),
    ),
    _Fetched(
        _row(".cargo"),
        "registry",
        "crates",
        frozenset({"fetch"}),
        frozenset("build b install test run check rustc".split()),
        ("vendor", "chef"),
    ),
    _Fetched(
        _row(".m2"),
        "repository",
        "artifacts",
        frozenset({"dependency:go-offline", "dependency:resolve"}),
        frozenset("compile test package verify install deploy".split()),
        (),
    ),
)
"""`go help mod download`, The Cargo Book "cargo fetch", Maven's plugin "dependency"."""
_OFFLINE = ("-o", "--offline")
"""With which Maven and Cargo stop for want of them; to Go the first names what it builds."""


class Forgotten(NamedTuple):
    """A mount that is missing.

    Attributes:
        fetching: The RUN that fills it.
        mount: As that has it.
        runs: Those that fetch the same again, each with its call.
        what: What they fetch.
    """

    fetching: Run
    mount: Mount
    runs: tuple[tuple[Run, Command], ...]
    what: str


def forgotten_mounts(stage: Stage) -> Iterator[Forgotten]:
    """Yield the caches that a RUN of a stage's chain fills, and that RUNs of the stage need and do not mount."""
    for fetched in _FETCHED:
        runs = [run for run in stage.done_runs if run.is_read and run.calls(*fetched.cache.programs)]
        first = next(((run, mount) for run in runs if (mount := _filled(fetched, run)) is not None), None)
        if first is None or _is_had_otherwise(stage, fetched):
            continue
        lacking = [
            (run, command)
            for run in runs
            if run.stage is stage and run.at > first[0].at and not _may_hold(run, first[0], first[1])
            if (command := _reader(fetched, run)) is not None
        ]
        plain = [run for run in runs if not any(mount.type == "cache" for mount in run.mounts)]
        if lacking and not any(run.at < lacking[0][0].at for run in plain):
            yield Forgotten(*first, tuple(lacking), fetched.what)


def _filled(fetched: _Fetched, run: Run) -> Mount | None:
    """Return the mount into which a RUN fetches, and does nothing else with the program."""
    calls = run.calls(*fetched.cache.programs)
    if run.deferred or not all(_is_among(call, fetched.fetching) for call in calls) or is_told(fetched.cache, run):
        return None
    place = folder(fetched.cache, run)
    needed = posixpath.join(place, fetched.part).rstrip("/") if place is not None else None
    targets = ((run.resolve(mount.target), mount) for mount in run.mounts if mount.type == "cache")
    return next((mount for target, mount in targets if needed and target and within(needed, target)), None)


def _is_among(call: Command, words: frozenset[str]) -> bool:
    return any(word.value in words for word in call.args)


def _reader(fetched: _Fetched, run: Run) -> Command | None:
    """Return the call of a RUN that needs what was fetched, and surely fetches it where it is not there."""
    for call in run.calls(*fetched.cache.programs):
        offline = call.name != "go" and call.has(*_OFFLINE)
        tool = any("@" in word.value for word in call.args) or (call.subcommand == "install" and _is_of_index(call))
        if _is_among(call, fetched.reading) and not (call.conditional or offline or tool or call.nested):
            return call
    return None


def _is_of_index(call: Command) -> bool:
    """Whether `cargo install` names a tool instead of the project."""
    return call.name == "cargo" and not call.has("--path")


def _may_hold(run: Run, fetching: Run, mount: Mount) -> bool:
    """Whether a RUN has something mounted at the same folder, above it or in it, or at one that is not known."""
    target = fetching.resolve(mount.target) or ""
    others = [run.resolve(other.target) for other in run.mounts if other.type in ("cache", "bind")]
    return any(other is None or meet(other, target) for other in others)


def _is_had_otherwise(stage: Stage, fetched: _Fetched) -> bool:
    """Whether the file says that it is, copies it, or leaves to a command to say so."""
    texts = [step.instruction.whole_value for step in stage.done_steps]
    copied = any("pkg/mod" in text or ".m2" in text or "registry" in text for text in _copied(stage))
    return copied or any(word in text for word in fetched.besides for text in texts)


def _copied(stage: Stage) -> Iterator[str]:
    return (copy.instruction.whole_value for copy in stage.all_copies)
