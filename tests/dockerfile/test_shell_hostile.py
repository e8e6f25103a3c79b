"""A megabyte of malice as shell code takes no longer than half a second."""

import time

import pytest

from rules.dockerfile.package_calls import cleans, package_calls
from tests.dockerfile.shelling import script

MEGABYTE = 1_000_000


def repeated(piece: str, head: str = "", size: int = MEGABYTE) -> str:
    return head + piece * (size // len(piece))


def seconds(code: str, *, joined: bool) -> float:
    started = time.process_time()
    found = script(code, joined=joined)
    package_calls(found, {"A": "x y z " * 10, "a": "$a$a"})
    cleans(found)
    return time.process_time() - started


PIECES = [
    *("a;", "a ", "a", '"', "'", "'a ", '"b ', "\\", "\\\n", "\n", "\0", "é ", "a~", "$", "$a", "$'a", "! ", "& ", "#"),
    *("$(", "`", "`a ", "(", "((", "{ ", "${a:-", "$(( ", "a=( ", "[[ a ", "<(", "'`<", "`<] ", "x|", "x)", "()", "a?"),
    *("<<E ", "<<E\n", "cat <<E\nx\nE\n", "> f ", ">", "a > f && ", "# a\n", "`# a` ", 'a $(b "$(c)") '),
    *("if a; then ", "case x in a) ", "for i in a; do ", "f() { ", "a | while b; do c; done; ", "{ a; } | "),
    *('sh -c "a b"; ', "uv run ", "sudo ", "find . -exec a \\; ; ", "a=b ", "a=b; ", "a=$a ", "[ a ] && ", "! a && "),
]


@pytest.mark.parametrize("piece", PIECES)
@pytest.mark.parametrize("joined", [True, False])
def test_hostile_code_is_read_in_half_a_second(piece: str, *, joined: bool) -> None:
    assert seconds(repeated(piece), joined=joined) < 0.75


@pytest.mark.parametrize(
    "code",
    [
        "$(" * 50_000 + "a" + ")" * 50_000,
        "(" * 100_000 + "a" + ")" * 100_000,
        "(a;" * 50_000 + "b;" * 20_000 + ") | c" * 50_000,
        "{ a; " * 400 + "b; " * 20_000 + "} > f;" * 400,
        "[ a ] && { " * 400 + "b; " * 20_000 + "} || c; " * 400,
        "${a:-" * 50_000 + "}" * 50_000,
        "case " * 100_000 + "$(" * 1000,
        'sh -c "' + repeated('\\"a\\" ', size=300_000) + '"',
        "sh -c '" * 1000 + "a",
        repeated("a{b,c} ", "apt-get install "),
        "apt-get install " + "{a,b}" * 200,
        repeated("{a,", "apt-get install "),
        repeated("$A ", "apt-get install "),
        repeated("a<1 ", "pip install "),
        repeated("a[", "pip install "),
        repeated("a-1", "dnf install "),
    ],
    ids=lambda code: repr(code[:24]),
)
def test_deep_and_crooked_code_is_read_in_half_a_second(code: str) -> None:
    assert seconds(code, joined=True) < 0.75


@pytest.mark.parametrize("joint", ["&&", "||", "|", ";", "&& [ -f x ] &&", "&& ! "])
def test_a_chain_of_twenty_thousand_commands_is_read_whole(joint: str) -> None:
    code = f" {joint} ".join(["apt-get update"] * 20_000)
    started = time.process_time()
    found = script(code)
    assert time.process_time() - started < 0.75
    assert len(found.commands) >= 20_000
    assert (found.understood, found.errors) == (len(found.commands) == 20_000, ()) or len(found.commands) == 25_000


def test_what_is_not_read_is_told() -> None:
    found = script("a;" * 30_000)
    assert (len(found.commands), found.understood) == (25_000, False)
    assert found.errors
