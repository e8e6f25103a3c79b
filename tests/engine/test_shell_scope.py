"""Which values variables have in the commands of a RUN, whose script may set others than the file does."""

from __future__ import annotations

import pytest

from rules.dockerfile.parse import parse
from rules.dockerfile.source import Source
from rules.model.model import Model
from rules.model.shell_scope import filled


def word_of(script: str, above: str = "ENV X=/file") -> str | None:
    """Fill in the only operand of the only command `here`."""
    run = Model(parse(Source("Dockerfile", f"FROM debian:13\n{above}\nRUN {script}\n"))).stages[0].runs[0]
    (command,) = run.calls("here")
    return filled(run, command, command.operands()[0].value)


@pytest.mark.parametrize(
    ("script", "value"),
    [
        ("here $X/a", "/file/a"),
        ('here "${X}"', "/file"),
        ("here ${Y:-/default}", None),
        ("X=/own && here $X", "/own"),
        ("here $X && X=/own", "/file"),
        ("export X=/own; here $X", "/own"),
        ("X=/own make && here $X", "/file"),
        ("A=/own; X=$A/x; here $X", "/own/x"),
        ("X=$X/more && here $X", "/file/more"),
        ("X=$(date) && here $X", None),
        ("if test -f a; then X=/own; fi; here $X", None),
        ("bash -c 'X=/own'; here $X", None),
        ("for X in a b; do here $X; done", None),
        ("cat list | while read -r X; do here $X; done", None),
        ("here ~", "/home/app"),
        ("here ~/x", "/home/app/x"),
        ("here ~other/x", None),
        ("here a~", "a~"),
    ],
)
def test_what_the_script_sets_hides_what_the_file_sets(script: str, value: str | None) -> None:
    assert word_of(script, "ENV X=/file HOME=/home/app") == value


def test_a_home_that_nothing_names_is_not_known() -> None:
    assert word_of("here ~/x") is None


def test_the_home_of_a_command_is_not_empty_below_scratch() -> None:
    text = "FROM debian:13 AS system\nFROM scratch\nCOPY --from=system / /\nRUN here $HOME/x\n"
    run = Model(parse(Source("Dockerfile", text))).stages[1].runs[0]
    (command,) = run.calls("here")
    assert filled(run, command, "$HOME/x") is None
