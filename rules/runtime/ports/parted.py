"""A port that a file exposes and gives to the program as well, of which a change moves only one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from rules.api import Confidence, Note, Problem, quote
from rules.numbers import number_of
from rules.runtime.ports.probes import addresses

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.api import DockerfileChange, Instruction, Port, Stage

_OPTION = re.compile(r"(--?[\w.-]*(?:port|listen|bind|addr)[\w.-]*|-p)(?:=(.*))?", re.IGNORECASE)
_VARIABLE = re.compile(r"(?:.*_)?PORT")
_PORT = re.compile(r"(?:^|[:\]])(\d{2,5})$")


class _Told(NamedTuple):
    """A port that the program is told: which, by what text, and where."""

    port: int
    text: str
    instruction: Instruction


def parted_ports(change: DockerfileChange, told: set[str]) -> Iterator[Problem]:
    """Yield where the exposed port and the one that the program is told were the same before a change.

    Args:
        change: The change.
        told: The keys of the stages of which more is known already.
    """
    for stage, was in change.shipped():
        if was is None or stage.key in told:
            continue
        exposed, before = stage.image.only_port, was.image.only_port
        now = _told(stage)
        for name, old in _told(was).items() if exposed is not None and before is not None else ():
            new = now.get(name)
            if new is None or exposed is None or before is None or old.port != before.number:
                continue
            if new.port != exposed.number and old.port in (new.port, exposed.number):
                yield _problem(stage, exposed, new, old.port)
                break


def _told(stage: Stage) -> dict[str, _Told]:
    """Return the ports that options of the start command and variables of the file name, by option and variable."""
    found: dict[str, _Told] = {}
    for setting in stage.image.start_command:
        start = setting.value
        if start is None or start.instruction is None:
            continue
        words = start.words if start.form == "exec" else tuple(start.text.split())
        for word, behind in zip(words, (*words[1:], ""), strict=True):
            option = _OPTION.fullmatch(word)
            value = _PORT.search((option[2] if option[2] is not None else behind).strip("\"'")) if option else None
            if option and value:
                shown = word if option[2] is not None else f"{word} {behind}"
                found.setdefault(option[1], _Told(number_of(value[1]), shown, start.instruction))
    for name, variable in stage.image.env.items():
        number = variable.value or ""
        if (
            variable.set_in_file
            and variable.instruction is not None
            and number.isdecimal()
            and _VARIABLE.fullmatch(name)
        ):
            found[name] = _Told(number_of(number), f"{name}={number}", variable.instruction)
    return found


def _problem(stage: Stage, exposed: Port, told: _Told, before: int) -> Problem:
    assert exposed.instruction is not None, "the file exposes it"
    sides = (f"EXPOSE {exposed.text}", exposed.instruction), (told.text, told.instruction)
    (moved, place), (stays, other) = sides if told.port == before else sides[::-1]
    asked = _asked(stage, exposed.number) if told.port != before else None
    probe = (
        f" `HEALTHCHECK` asks {quote(asked or '')} still: every probe fails, and the container is reported unhealthy."
    )
    return Problem(
        place.span,
        f"{stage.label} says {quote(moved)} now, and {quote(stays)} stays, which named the same port before this "
        f"change ({before}). `docker run -P`, proxies and people who read the file send requests to {exposed.number}, "
        f"and the program is told {told.port}.{probe if asked else ''} Change {'all of them' if asked else 'both'}.",
        Confidence.LIKELY,
        doubt="the program's own settings may name another port",
        stage=stage.key,
        instruction=place if place in stage.instructions else None,
        notes=(Note(other.span, "stays"),),
        key=f"parted {exposed.number} {told.port}",
    )


def _asked(stage: Stage, port: int | None) -> str | None:
    """Return the address that the health check asks, where that is at the given port alone."""
    probe = stage.image.healthcheck.value
    asked = list(addresses(probe)) if probe is not None else []
    return asked[0].url if asked and all(one.port == port for one in asked) else None
