"""An option that calls of curl lack: where else it may come from, how they are named, how it is added."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rules.api import fix, insert_after
from rules.secrets.curl_downloads import address_of
from rules.secrets.downloaded_names import downloaded_name
from rules.secrets.downloads import versionless

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rules.api import Command, DockerfileChange, Fix, Run


class Lacking(NamedTuple):
    """The calls of a RUN that lack an option.

    Attributes:
        items: What each of them downloads.
        told: Those that are new.
    """

    items: tuple[str, ...]
    told: list[Command]


def has_settings(change: DockerfileChange) -> bool:
    """Tell whether a file speaks of settings from which every call takes options (curl(1), `-K`)."""
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
