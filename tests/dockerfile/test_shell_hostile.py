"""A megabyte of malice as shell code holds nothing up."""

import time

import pytest

from rules.dockerfile.package_calls import cleans, package_calls
from tests.dockerfile.shelling import script

MEGABYTE = 1_000_000
QUICK = 4  # half a second on a quiet machine; what is quadratic takes minutes
SOME, SOON = MEGABYTE // 4, 2.5  # of a quarter of a megabyte what is quadratic takes six seconds


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
def test_hostile_code_does_not_hold_the_parser_up(piece: str) -> None:
    assert seconds(repeated(piece, size=SOME), joined="\n" not in piece) < SOON


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
def test_deep_and_crooked_code_does_not_hold_the_parser_up(code: str) -> None:
    assert seconds(code, joined=True) < QUICK


@pytest.mark.parametrize("joint", ["&&", "||", "|", ";", "&& !"])
def test_a_chain_of_twenty_thousand_commands_is_read_whole(joint: str) -> None:
    found = script(f" {joint} ".join(["apt-get update"] * 20_000))
    assert (len(found.commands), found.understood, found.errors) == (20_000, True, ())


def test_what_is_not_read_is_told() -> None:
    found = script("a;" * 30_000)
    assert (len(found.commands), found.understood) == (25_000, False)
    assert found.errors
