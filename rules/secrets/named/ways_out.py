"""What to do about a secret in an ARG or ENV: said only of what the build, or the container, can do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.api import quote
from rules.quoting import listed
from rules.secrets.named.readers import declared, handed_on, readers_below, words_elsewhere, words_of_from
from rules.secrets.secret_mount_persisted import keeps

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rules.api import Run, Stage
    from rules.secrets.named.variables import NamedSecret

_HASHED = "The hash of a password that the build sets stays in the image: set it when the container starts instead."
_AT_START = "What the container needs, give it when it starts, and let it refuse to start without."


def ways_out(group: Sequence[NamedSecret]) -> Iterator[str]:
    """Yield what to do, of an ARG or of all that are alike in an ENV."""
    first = group[0]
    if first.instruction.keyword == "ARG":
        yield from _of_argument(first)
        return
    if first.kind in ("literal", "by argument") and first.ships:
        yield _AT_START
    names = tuple(found.name.text for found in group)
    reading = [run for found in group for run in _readers(found, names)]
    if not reading and not first.deferred:
        return
    name = first.name.text
    if _is_hashed(reading, names):
        yield _HASHED
    elif first.kind in ("literal", "by argument"):
        if not _takes_no_mount(first):
            them = "it can mount it" if len(group) == 1 else "them can mount each"
            yield f"A build that needs {them} and leaves no trace: {_mount(name, name)}."
    else:
        yield f"A step of the build that insists on some value can have it to itself: {quote(f'RUN {name}=… …')}."


def _of_argument(found: NamedSecret) -> Iterator[str]:
    """Yield the mount that takes the secret in, under the name that the build reads it by, where something reads it."""
    name = found.name.text
    takers = _takers(found)
    named = listed(quote(f"ENV {taker}") for taker in takers) if takers else ""
    reading = _readers(found, (name, *takers))
    if not reading and not found.deferred:
        yield _without_reader(found, named)
        return
    if _takes_no_mount(found):
        return
    read = next((taker for taker, whole in takers.items() if whole), name)
    start = f". {_AT_START}" if found.ships else "."
    goes = f" With the `ARG` goes what hands it on: {named}{start}" if takers else ""
    if _is_hashed(reading, (read,)):
        yield f"{_HASHED}{goes}"
    elif found.given is not None and found.kind in ("stock", "place"):
        yield (
            f"A step that insists on some value can have a made-up one to itself: {quote(f'RUN {read}=… …')}. "
            f"A real one comes in a secret mount: {_mount(name, read)}.{goes}"
        )
    else:
        again = ", if that `RUN` also uses and deletes what it writes it to" if _is_kept(reading, read) else ""
        yield f"A secret mount leaves no trace{again}: {_mount(name, read)}.{goes}"


def _without_reader(found: NamedSecret, named: str) -> str:
    """Say what to do where no RUN can read it: no mount helps there."""
    user = _other_user(found)
    if user == "FROM":
        return "`FROM` takes no mount: let the builder log in to the registry before the build (`docker login`)."
    if user == "ADD":
        return "`ADD` takes no mount: fetch that in a `RUN` with one."
    if user is not None:
        return f"No `RUN` reads it, and a mount is for `RUN` alone: leave it out of `{user}`, and drop the `ARG`."
    if named and found.ships:
        return f"Nothing in the build reads it: drop it together with {named}, and give it when the container starts."
    together = f" together with {named}" if named else ""
    needed = "; what the container needs, give it when it starts" if found.ships else ""
    return f"Nothing in the build reads it: drop it{together}{needed}."


def _other_user(found: NamedSecret) -> str | None:
    """Return the keyword of an instruction other than RUN and ENV that fills it in."""
    name = found.name.text
    if found.owner is None and name in words_of_from(found.model):
        return "FROM"
    return next((words_elsewhere(stage)[name] for stage, _ in _places(found) if name in words_elsewhere(stage)), None)


def _places(found: NamedSecret) -> Sequence[tuple[Stage, int]]:
    return declared(found.model).get(found.name.text, ())


def _readers(found: NamedSecret, names: Sequence[str]) -> list[Run]:
    """Return the RUNs that may read it, in whatever stage that declares it."""
    return [run for stage, start in _places(found) for run in readers_below(stage, start, names)]


def is_hashed(found: NamedSecret) -> bool:
    """Tell whether a step makes an account's password of an argument, whose hash then stays in the image."""
    names = (found.name.text, *_takers(found))
    return found.instruction.keyword == "ARG" and _is_hashed(_readers(found, names), names)


def _is_hashed(reading: Sequence[Run], names: Sequence[str]) -> bool:
    """Whether a step that names it makes an account's password of it."""
    return any(makes_password(run) and any(name in run.instruction.text for name in names) for run in reading)


def makes_password(run: Run) -> bool:
    """Tell whether a RUN sets an account's password, whose hash then stays in the image."""
    return bool(run.calls("chpasswd", "passwd")) or any(
        command.has("-p", "--password") for command in run.calls("useradd", "usermod")
    )


def _takes_no_mount(found: NamedSecret) -> bool:
    """Whether the stage is one of Windows, whose builder has no such mounts."""
    return found.owner is not None and found.owner.runtime.is_windows


def _mount(name: str, read: str) -> str:
    return quote(f"RUN --mount=type=secret,id={mount_id(name)},env={read} …")


def mount_id(name: str) -> str:
    """Return the id that a secret mount gets for a variable."""
    return name.lower().replace("_", "-")


def _is_kept(reading: Sequence[Run], read: str) -> bool:
    """Whether a step writes the secret to a file that stays, mounted or not."""
    return any(keeps(run, read) for run in reading if read in run.instruction.text)


def _takers(found: NamedSecret) -> dict[str, bool]:
    """Return the variables that an ENV of the stage builds from an ARG, and whether they are nothing but its value."""
    return {
        name: whole
        for stage, place in _places(found)
        for start, name, whole in handed_on(stage).get(found.name.text, ())
        if start > place
    }
