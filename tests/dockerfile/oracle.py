"""BuildKit's own parser, compiled for Python by the package `dockerfile`: what it says of a file, and what we say.

It is BuildKit 0.12.5; `differs_by_age` names what later releases read in another way. Never hand it a lone surrogate:
it ends the process.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

import pytest

from rules.dockerfile.syntax.grammar import INSTRUCTIONS

if TYPE_CHECKING:
    from rules.dockerfile.nodes import Dockerfile, Instruction

dockerfile = pytest.importorskip(
    "dockerfile", reason="BuildKit's parser (PyPI `dockerfile`) has no wheel for this platform"
)


SPLIT = frozenset({"ADD", "ARG", "COPY", "EXPOSE", "FROM", "VOLUME"})
"""Instructions whose arguments BuildKit's parser splits into words."""


class Command(NamedTuple):
    """What both parsers say of an instruction."""

    keyword: str
    trigger: str | None
    json: bool
    lines: tuple[int, int]
    flags: tuple[str, ...]
    value: tuple[str, ...]
    heredocs: tuple[tuple[str, int, str], ...]


class RefusedError(Exception):
    """BuildKit's parser refuses the file."""


def buildkit(text: str) -> list[Command]:
    """Return BuildKit's reading of a file; raises `RefusedError`."""
    try:
        commands = dockerfile.parse_string(text)
    except dockerfile.GoParseError as error:
        raise RefusedError(str(error)) from None
    return [
        Command(
            _capitals(command.cmd or ""),
            _capitals(command.sub_cmd) if command.sub_cmd else None,
            command.json,
            (command.start_line, command.end_line),
            command.flags,
            command.value,
            tuple((each.name, each.file_descriptor, each.content) for each in command.heredocs),
        )
        for command in commands
        if command.cmd is not None
    ]


def ours(parsed: Dockerfile) -> list[Command]:
    """Return our reading of a file in the same terms."""
    return [_command(instruction) for instruction in parsed.instructions]


def differs_by_age(text: str) -> bool:
    """Tell whether a text holds something that BuildKit reads in another way since 0.12.5, or that ends a C string.

    Blanks beyond ASCII before a directive, blanks behind `<<`, the directive `check`, expansions with `#`, `%` and `/`
    beside a here-document, quotes in flags under another escape character, flags beyond ASCII, and a shell operator
    behind what looks like JSON.
    """
    return bool(
        "\0" in text
        or re.search(r"<<-?[ \t]", text)
        or re.search(r"(?i)#\s*check\s*=", text)
        or re.search(r"#\s*[\x0b\x85\xa0\u2000-\u3000]+\s*(?:syntax|escape|check)\s*=", text)
        or re.search(r"\]\s*[&|;]", text)
        or ("<<" in text and re.search(r"\$\{[^}]*[#%/?:]", text))
        or ("--" in text and (not text.isascii() or re.search(r"(?i)escape\s*=\s*`", text)))
    )


def _capitals(keyword: str) -> str:
    return keyword.upper() if keyword.isascii() else keyword


def _command(instruction: Instruction) -> Command:
    own = instruction.trigger or instruction
    return Command(
        instruction.keyword,
        instruction.trigger.keyword if instruction.trigger else None,
        own.exec_form is not None,
        (instruction.line, instruction.end_line),
        tuple(f"--{flag.name}" + ("" if flag.value is None else f"={flag.value}") for flag in instruction.flags),
        _value(own),
        # The binding does not show the here-documents of a trigger.
        ()
        if instruction.trigger
        else tuple((each.name, each.fd, instruction.source.cut(each.body_span)) for each in instruction.heredocs),
    )


def _value(own: Instruction) -> tuple[str, ...]:
    """Return the values of BuildKit's node; one empty string for an instruction that it does not know."""
    match own.keyword:
        case "ENV" | "LABEL":
            return tuple(part.text for pair in own.pairs for part in pair if part is not None)
        case _ if not own.value and own.keyword in INSTRUCTIONS:
            return ()
        case keyword if own.exec_form is not None or keyword in SPLIT:
            return tuple(word.text for word in own.words)
        case "HEALTHCHECK":
            return tuple(re.split(r"\s+", own.value, maxsplit=1, flags=re.ASCII))
        case "CMD" | "ENTRYPOINT" | "MAINTAINER" | "RUN" | "SHELL" | "STOPSIGNAL" | "USER" | "WORKDIR":
            return (own.value,)
    return ("",)
