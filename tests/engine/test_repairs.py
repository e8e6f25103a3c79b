"""The edits that fixes are made of keep the author's layout."""

from __future__ import annotations

import pytest

from rules.dockerfile.parse import parse
from rules.dockerfile.source import Source
from rules.edits import applied
from rules.model.model import Model
from rules.repairs import append_to_run, delete_command

HEAD = "FROM debian:13-slim\n"


def without(text: str, name: str) -> str | None:
    """Return the RUN without the command of a name; `None` when no edit can be made."""
    source = Source.decode("Dockerfile", (HEAD + text).encode())
    run = Model(parse(source)).stages[0].runs[0]
    edit = delete_command(run, run.calls(name)[0])
    return None if edit is None else applied(source, [edit]).text.removeprefix(HEAD)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("RUN a && drop b && c\n", "RUN a && c\n"),
        ("RUN drop && c\n", "RUN c\n"),
        ("RUN a; drop\n", "RUN a\n"),
        ("RUN drop it\n", ""),
        ("RUN a \\\n && drop \\\n && c\n", "RUN a \\\n && c\n"),
        ("RUN a && \\\n    drop > x\n", "RUN a\n"),
        ("RUN (a && drop) && c\n", "RUN (a) && c\n"),
        ("RUN <<EOF\na\ndrop\nc\nEOF\n", "RUN <<EOF\na\nc\nEOF\n"),
    ],
)
def test_a_command_leaves_with_the_operator_that_joins_it(before: str, after: str) -> None:
    assert without(before, "drop") == after


@pytest.mark.parametrize(
    "text",
    [
        "RUN a | drop\n",
        "RUN if a; then drop; fi\n",
        "RUN a || drop\n",
        "RUN echo $(drop)\n",
        "RUN a && \\\n    # why it is dropped\n    drop\n",
        'RUN ["drop"]\n',
    ],
)
def test_a_command_that_is_no_plain_link_stays(text: str) -> None:
    assert without(text, "drop") is None


def with_more(text: str) -> str:
    """Return the RUN with a command appended."""
    source = Source.decode("Dockerfile", (HEAD + text).encode())
    edit = append_to_run(Model(parse(source)).stages[0].runs[0], "more")
    assert edit is not None
    return applied(source, [edit]).text.removeprefix(HEAD)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("RUN a\n", "RUN a && more\n"),
        ("RUN a && \\\n    b\n", "RUN a && \\\n    b && \\\n    more\n"),
        ("RUN a \\\n && b\n", "RUN a \\\n && b \\\n && more\n"),
        ("RUN <<EOF\na\nEOF\n", "RUN <<EOF\na && more\nEOF\n"),
        ("RUN <<EOF\nset -e\na\nEOF\n", "RUN <<EOF\nset -e\na\nmore\nEOF\n"),
        ("RUN <<EOF\nif a; then b; fi\nEOF\n", "RUN <<EOF\nif a; then b; fi\nmore\nEOF\n"),
    ],
)
def test_a_command_joins_in_the_layout_that_it_finds(before: str, after: str) -> None:
    assert with_more(before) == after
