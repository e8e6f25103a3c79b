"""One Dockerfile in other clothes: what its author could have written differently without meaning anything else."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_ONE_LINE_RUN = re.compile(r"^(?P<run>RUN (?!\[|--)(?P<code>[^\n\\]*))$", re.MULTILINE)
_KEYWORD = re.compile(r"^(?:ADD|ARG|CMD|COPY|ENTRYPOINT|ENV|EXPOSE|FROM|LABEL|RUN|USER|VOLUME|WORKDIR)\b", re.MULTILINE)
_BUILDER = "FROM golang:1.25 AS zero\nWORKDIR /src\nCOPY go.mod go.sum ./\nRUN go mod download\n\n"
_LAST = (
    "\nFROM gcr.io/distroless/static-debian12:nonroot AS afterwards\n"
    "COPY --from=docker.io/library/busybox:1.37.0 /bin/busybox /busybox\n"
    'ENTRYPOINT ["/busybox", "sh"]\n'
)


def with_carriage_returns(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\n", "\r\n")


def with_backticks(text: str) -> str:
    if "`" in text or "escape" in text:
        return text
    return "# escape=`\n" + re.sub(r"\\([ \t]*\r?)$", r"`\1", text, flags=re.MULTILINE)


def with_tabs(text: str) -> str:
    return re.sub(r"^ +", lambda blanks: "\t" * max(1, len(blanks[0]) // 4), text, flags=re.MULTILINE)


def without_final_line_end(text: str) -> str:
    return text.rstrip("\r\n")


def in_lower_case(text: str) -> str:
    return text if "<<" in text else _KEYWORD.sub(lambda keyword: keyword[0].lower(), text)


def with_heredocs(text: str) -> str:
    if "<<" in text or "\r" in text:
        return text
    return _ONE_LINE_RUN.sub(lambda run: f"RUN <<EOF\n{run['code']}\nEOF", text)


def with_operators_behind(text: str) -> str:
    return _split(text, " && \\\n    ")


def with_operators_in_front(text: str) -> str:
    return _split(text, " \\\n && ")


def _split(text: str, joint: str) -> str:
    if "<<" in text or "escape" in text or "\r" in text:
        return text
    return _ONE_LINE_RUN.sub(lambda run: run["run"].replace(" && ", joint), text)


def with_comments_between(text: str) -> str:
    return text if "<<" in text else text.replace("\\\n", "\\\n# a remark\n")


def with_shell_comments(text: str) -> str:
    return text if "<<" in text or "\r" in text else _ONE_LINE_RUN.sub(r"\g<run> # why so", text)


def with_trailing_blanks(text: str) -> str:
    return text if "<<" in text or "\\" in text else re.sub(r"(?<=[^\s`])$", "  ", text, flags=re.MULTILINE)


def below_a_builder(text: str) -> str:
    return _BUILDER + text if text.startswith("FROM") else text


def above_another_stage(text: str) -> str:
    return text.rstrip("\n") + "\n" + _LAST


def with_byte_order_mark(text: str) -> str:
    return text if text.startswith("\ufeff") else "\ufeff" + text


DRESSINGS: tuple[Callable[[str], str], ...] = (
    below_a_builder,
    above_another_stage,
    with_heredocs,
    with_operators_behind,
    with_operators_in_front,
    with_comments_between,
    with_shell_comments,
    with_tabs,
    with_trailing_blanks,
    in_lower_case,
    with_backticks,
    with_carriage_returns,
    without_final_line_end,
    with_byte_order_mark,
)
"""In the order in which they can be worn over each other."""
