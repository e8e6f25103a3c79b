"""An option that calls of curl lack: where else it may come from, how they are named, how it is added."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rules.api import fix, insert_after
from rules.secrets.downloads.by_curl import address_of
from rules.secrets.downloads.fetched import versionless
from rules.secrets.downloads.names import downloaded_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from rules.api import Command, DockerfileChange, Fix, Run


FOLLOWING = ("-L", "--location", "--location-trusted", "--follow")
"""Options with which curl goes where a server redirects it (curl(1))."""


class Lacking(NamedTuple):
    """The calls of a RUN that lack an option.

    Attributes:
        items: What each of them downloads.
        told: Those that are new.
    """

    items: tuple[str, ...]
    told: list[Command]


def curls_that(change: DockerfileChange, counts: Callable[[Run, Command], bool]) -> Iterator[tuple[Run, list[Command]]]:
    """Yield the RUNs with the calls of curl that lack something, by all that their lines say.

    None where the file speaks of settings from which every call takes options.

    Args:
        change: The file.
        counts: Tells whether a call lacks it.
    """
    for stage in change.stages if not speaks_of_settings(change) else ():
        for run in stage.runs:
            found = [command for command in run.calls("curl") if counts(run, command)]
            if found:
                yield run, found


def speaks_of_settings(change: DockerfileChange) -> bool:
    """Tell whether a file speaks of curl's settings, which may hold any option (curl(1), `-K`)."""
    return "curlrc" in change.after.code or "CURL_HOME" in change.after.code


def lacking(change: DockerfileChange, rule: str, run: Run, found: Sequence[Command]) -> Lacking:
    """Return the calls of a RUN that a rule has found, and which of them are new."""
    items = tuple(dict.fromkeys(map(name_of, found)))
    names = change.fresh(rule, run.stage, items)
    return Lacking(items, [command for command in found if name_of(command) in names])


def name_of(command: Command) -> str:
    """Return what a call downloads, whatever its version."""
    address = address_of(command) or ""
    return downloaded_name(address) or versionless(address)


def with_option(run: Run, commands: Sequence[Command], title: str, option: str) -> Fix | None:
    """Write an option behind the name of curl; not into an array, of which each word is an element."""
    if run.instruction.exec_form is not None:
        return None
    programs = [command.program for command in commands if command.program is not None]
    return fix(title, *(insert_after(run.instruction.source, program, f" {option}") for program in programs))
