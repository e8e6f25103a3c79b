"""What not every shell understands."""

import pytest

from tests.dockerfile.shelling import last_script, script


@pytest.mark.parametrize(
    ("code", "kind", "text"),
    [
        ("a && [[ b == c ]]", "double-bracket", "[[ b == c ]]"),
        ("((x++)) && a", "arithmetic-command", "((x++))"),
        ("for ((i=0;;)); do a; done", "c-style-for", "for ((i=0;;))"),
        ("select x in a; do b; done", "select", "select"),
        ("function f { a; }", "function-keyword", "function"),
        ("a <<< b", "here-string", "<<< b"),
        ("a <(b) c", "process-substitution", "<(b)"),
        ("a > >(b)", "process-substitution", ">(b)"),
        ("a &> f", "ampersand-redirect", "&> f"),
        ("a &>> f", "ampersand-redirect", "&>> f"),
        ("a |& b c", "pipe-ampersand", "b c"),
        ("a=(b c)", "array", "a=(b c)"),
        ("a ${b[0]} c", "array", "${b[0]}"),
        ("A+=b", "append", "A+=b"),
        ("mkdir a/{b,c}", "brace-expansion", "a/{b,c}"),
        ("a {1..3}", "brace-expansion", "{1..3}"),
        ("a $'b'", "ansi-c-quote", "$'b'"),
        ('a "${b//c/d}"', "replacement", '"${b//c/d}"'),
        ("a ${b:1:2}", "substring", "${b:1:2}"),
        ("a ${b^^}", "case-modification", "${b^^}"),
        ("a ${!b}", "indirection", "${!b}"),
        ("a $RANDOM", "bash-variable", "$RANDOM"),
        ("[ a == b ]", "double-equals", "=="),
        ("test a == b", "double-equals", "=="),
        ("set -o pipefail", "pipefail", "set"),
        ("source a", "source", "source"),
        ("pushd a", "pushd", "pushd"),
        ("popd", "pushd", "popd"),
        ("declare -A a", "declare", "declare"),
        ("shopt -s a", "shopt", "shopt"),
        ("let a=1", "let", "let"),
        ("mapfile a", "mapfile", "mapfile"),
    ],
)
def test_a_construct_has_its_kind_and_its_place(code: str, kind: str, text: str) -> None:
    (found,) = script(code).constructs
    assert (found.kind, code[found.start : found.end]) == (kind, text)


@pytest.mark.parametrize(
    "code",
    [
        "a '[[ b ]]' \"<(c)\" \\$'d'",
        "f() { a; }",
        "a ${b:-c} ${b#d} ${b%e} ${#b} ${b:+f} ${b:?g}",
        "a '{b,c}' \"{d,e}\" {f} ${g}",
        "a $((1 + 2)) '${b//c}' 2>&1 > f",
        ". ./a",
        "[ a = b ] && local c=d",
        "a | b || c & d",
        "export A=b; A=b$C",
        "cat <<E\n[[ a ]] <(b) ${c//d}\nE",
        "find . -exec a {} +",
    ],
)
def test_what_every_shell_understands_is_none(code: str) -> None:
    assert script(code).constructs == ()


def test_an_inner_script_has_a_dialect_of_its_own() -> None:
    found = script("bash -c '[[ a ]]' && sh -c 'b &> c' && [[ d ]]").constructs
    assert [(each.kind, each.dialect) for each in found] == [
        *(("double-bracket", "bash"), ("ampersand-redirect", "sh"), ("double-bracket", "sh")),
    ]


def test_the_redirection_of_a_group_is_one_construct() -> None:
    assert [each.kind for each in script("{ a; b; } &> c").constructs] == ["ampersand-redirect"]


def test_the_exec_form_has_none_of_its_own() -> None:
    assert last_script('CMD ["a", "{b,c}"]').constructs == ()
