"""What becomes of a build when a command fails: the brackets around a list end as the list does."""

from __future__ import annotations

import pytest

from rules import engine
from rules.model.outcome import outcome_of_failure

CASES = {
    "a && b": "stops stops",
    "a && b; c": "goes-on goes-on stops",
    "a && b;": "stops stops",
    "{ a && b; }": "stops stops",
    "{ a && b; } && c": "stops stops stops",
    "{ a && b; } \\\n && c": "stops stops stops",
    "{ a && b; }; c": "goes-on goes-on stops",
    "{ a && b; } || c": "caught caught stops",
    "{ a && b; } | c": "goes-on goes-on stops",
    "{ a; } > f; c": "goes-on stops",
    "{ a; } & b": "goes-on stops",
    "{ { a; }; b; }": "goes-on stops",
    "( a && b )": "stops stops",
    "( a; b ) && c": "goes-on stops stops",
    "( a && b ); c": "goes-on goes-on stops",
    "( a && b ) || c": "caught caught stops",
    "sh -c 'a; b'": "goes-on stops",
    "sh -ec 'a; b'": "stops stops",
    "c && sh -c 'a; b'": "stops stops goes-on stops",
    "c && sh -ec 'a; b;'": "stops stops stops stops",
    "sh -c 'a; b;' && c": "stops goes-on stops stops",
    "sh -c 'a && b' || c": "caught caught caught stops",
    "su d -c 'a && b'; c": "goes-on goes-on goes-on stops",
    "su d -c 'a $(b) && c' && d": "stops stops stops stops stops",
    "set -e; a && b; c": "goes-on goes-on stops stops",
    "set -e; (a && b); c": "goes-on stops stops stops",
    "set -e; { a && b; }; c": "goes-on goes-on stops stops",
    "set -e; a && b": "goes-on stops stops",
    "set -eo pipefail; a | b; c": "goes-on stops stops stops",
    "sh -ec 'a && b; c'": "goes-on stops stops",
    "c && sh -c \"a; su d -c 'b; c'\"": "stops stops goes-on stops goes-on stops",
}


@pytest.mark.parametrize("script", CASES)
def test_the_brackets_around_a_list_end_as_it_does(script: str) -> None:
    (change,) = engine.changes({}, {"Dockerfile": f"FROM debian:13-slim\nRUN {script}\nCMD d\n".encode()})
    (run,) = change.stages[0].runs
    found = [outcome_of_failure(run, command).replace(" ", "-") for command in run.commands]
    assert found == CASES[script].split()
