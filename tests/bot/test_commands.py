"""What is a command and what is talk about one."""

from __future__ import annotations

import pytest

from bot.commands import CommandText, command_in


@pytest.mark.parametrize(
    ("comment", "command"),
    [
        ("/hullcheck review", CommandText("review")),
        ("/hullcheck help", CommandText("help")),
        ("/hullcheck  review \t", CommandText("review")),
        ("/hullcheck review\nplease, once more", CommandText("review")),
        ("/hullcheck review\r\nplease", CommandText("review")),
        ("/hullcheck ignore", CommandText("ignore")),
        ("/hullcheck ignore  we pin it elsewhere ", CommandText("ignore", "we pin it elsewhere")),
        ("/hullcheck ignore it's `fine` @mona", CommandText("ignore", "it's `fine` @mona")),
        ("/hullcheck ignore " + "x" * 300, CommandText("ignore", "x" * 200)),
        ("/hullcheck ignore a\0b\x1b[31m\u202ec\ud800d", CommandText("ignore", "ab[31mcd")),
    ],
)
def test_commands(comment: str, command: CommandText) -> None:
    assert command_in(comment) == command


@pytest.mark.parametrize(
    "comment",
    [
        "",
        "\n/hullcheck review",
        " /hullcheck review",
        "> /hullcheck review",
        "`/hullcheck review`",
        "please /hullcheck review",
        "/hullcheck",
        "/hullcheck\nreview",
        "/hullcheck Review",
        "/Hullcheck review",
        "/hullcheck reviews",
        "/hullcheck review now",
        "/hullcheck review --config=x",
        "/hullcheck help me",
        "/hullcheckreview",
        "/hullcheck\u00a0review",
        "/hullcheck ignored",
        "/hullcheck merge",
        "/hullcheck \N{FULLWIDTH LATIN SMALL LETTER R}eview",
        "/hullcheck review\u2028x",
    ],
)
def test_talk(comment: str) -> None:
    assert command_in(comment) is None
