"""Words and redirections of a command."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.dockerfile.shelling import commands, one, script, values


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("a b  c\t d", ["a", "b", "c", "d"]),
        ("a 'b c' \"d e\" f\\ g", ["a", "b c", "d e", "f g"]),
        ("a'b'\"c\"\\d", ["abcd"]),
        ("a \"\" ''", ["a", "", ""]),
        ('a "b\\"c" "\\$d" "\\\\" "e\\f"', ["a", 'b"c', "$d", "\\", "e\\f"]),
        ("a '\\n' \"$b\" '$c'", ["a", "\\n", "$b", "$c"]),
        ("a \\\n b\\\nc", ["a", "bc"]),
        ("a $b ${c} $@ $1", ["a", "$b", "${c}", "$@", "$1"]),
        ("a ${d:-e f} $(g h) `i j` $((1 + 2))", ["a", "${d:-e f}", "$(g h)", "`i j`", "$((1 + 2))"]),
        ("a $'b\\tc\\x41\\101\\''", ["a", "b\tcAA'"]),
        ('a $"b"', ["a", "b"]),
        ("a b#c '#d' \\#e", ["a", "b#c", "#d", "#e"]),
        ("a {b,c} x=y ~ * [d]", ["a", "{b,c}", "x=y", "~", "*", "[d]"]),
        ('a é\u00a0ü "ß"', ["a", "é\u00a0ü", "ß"]),
        ('a $ $% "$" "a$"', ["a", "$", "$%", "$", "a$"]),
    ],
)
def test_words_are_what_the_program_gets(code: str, expected: list[str] | None) -> None:
    assert values_of(code) == (
        expected or ["a", "$b", "${c}", "${d:-e f}", "$(g h)", "`i j`", "$((1 + 2))", "$@", "$1"]
    )


def values_of(code: str) -> list[str]:
    return [word.value for word in commands(code)[0].words]


def test_a_word_keeps_its_text_and_its_place() -> None:
    code = "echo  \"a $b\" 'c'\\\n'd' > \"f\" g"
    command = one(code)
    assert [word.text for word in command.args] == ['"a $b"', "'c'\\\n'd'", "g"]
    assert [code[word.start : word.end] for word in command.words] == [word.text for word in command.words]


def test_a_word_ends_before_a_continuation_that_is_glued_to_it() -> None:
    code = "install\\\n  a $b\\\n\\\n > f\\\n  && c"
    first, _ = commands(code)
    assert [code[word.start : word.end] for word in first.words] == ["install", "a", "$b"]
    assert [code[redirect.start : redirect.end] for redirect in first.redirects] == ["> f"]


def test_places_count_characters_and_not_bytes() -> None:
    code = "echo äöü 'ß' && é \"ñ\" x"
    for command in commands(code):
        assert [code[word.start : word.end] for word in command.words] == [word.text for word in command.words]


def test_a_span_has_line_and_column() -> None:
    assert one("a \\\n  b").args[0].span == (6, 7, 2, 2, 3)


@pytest.mark.parametrize(
    ("word", "literal"),
    [
        ("a", True),
        ("'$a'", True),
        ('"a b"', True),
        ("\\*", True),
        ("'*'", True),
        ("$'a'", True),
        ("$a", False),
        ('"$a"', False),
        ("a${b}c", False),
        ('"$(a)"', False),
        ("`a`", False),
        ("*.txt", False),
        ("[ab]", False),
        ("a?", False),
        ("<(a)", False),
    ],
)
def test_a_literal_word_is_all_there_is(word: str, *, literal: bool) -> None:
    assert commands("x " + word)[0].args[0].literal is literal


def test_single_quotes_keep_a_line_continuation_unless_the_builder_joins_the_lines() -> None:
    code = "a 'b\\\nc'"
    assert [script(code, joined=joined).commands[0].args[0].value for joined in (False, True)] == ["b\\\nc", "bc"]


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("a > f", [(None, ">", "f")]),
        ("a >f 2>&1", [(None, ">", "f"), (2, ">&", "1")]),
        ("a >> f < g", [(None, ">>", "f"), (None, "<", "g")]),
        ("a &> f &>> g >| h", [(None, "&>", "f"), (None, "&>>", "g"), (None, ">|", "h")]),
        ("a <<< 'b c' 10<> d", [(None, "<<<", "b c"), (10, "<>", "d")]),
        ("> f", [(None, ">", "f")]),
        ("a > $(b)/c", [(None, ">", "$(b)/c")]),
        ("a2>f", [(None, ">", "f")]),
        ("a > <(b)", [(None, ">", "<(b)")]),
    ],
)
def test_redirections_have_operator_target_and_descriptor(
    code: str, expected: list[tuple[int | None, str, str]]
) -> None:
    redirects = commands(code)[0].redirects
    assert [(each.fd, each.operator, each.target and each.target.value) for each in redirects] == expected


def test_a_word_behind_a_redirection_is_still_an_argument() -> None:
    assert [word.value for word in one("a > f b 2>&1 c").args] == ["b", "c"]


def test_a_redirection_has_its_place() -> None:
    code = "a b  2> 'f' c"
    (redirect,) = one(code).redirects
    assert code[redirect.start : redirect.end] == "2> 'f'"


def test_a_groups_redirections_are_those_of_its_commands() -> None:
    found = commands("{ a; b > g $(c); } > f 2>&1; d")
    assert [[each.operator for each in command.redirects] for command in found] == [
        [">", ">&"],
        [">", ">", ">&"],
        [],
        [],
    ]


def test_only_a_redirection_to_a_file_writes() -> None:
    redirects = one("a > f 2>&1 < g >> h").redirects
    assert [each.writes for each in redirects] == ["f", None, None, "h"]


def test_a_here_document_is_fed_to_its_command() -> None:
    found = commands("cat <<E > f && a\nb $c\nE\nd")
    assert [(command.name, command.heredoc) for command in found] == [("cat", "b $c\n"), ("a", None), ("d", None)]
    assert [(each.operator, each.target and each.target.value) for each in found[0].redirects] == [
        ("<<", "E"),
        (">", "f"),
    ]


@pytest.mark.parametrize("opening", ["<<'E'", '<<"E"', "<<\\E", "<< E", "0<<E"])
def test_a_delimiter_may_be_quoted(opening: str) -> None:
    assert [command.heredoc for command in commands(f"cat {opening}\na\nE\nb")] == ["a\n", None]


def test_tabs_are_taken_out_where_the_operator_says_so() -> None:
    assert one("cat <<-E\n\t\ta\n\tE\n").heredoc == "a\n"


def test_two_here_documents_follow_each_other() -> None:
    found = commands("cat <<A <<B\n1\nA\n2\nB\nc")
    assert [(command.name, command.heredoc) for command in found] == [("cat", "2\n"), ("c", None)]


def test_what_only_looks_like_a_here_document_is_none() -> None:
    assert [command.heredoc for command in commands("a '<<E' \"<<F\" $((1 <<2)) <<< g # <<H\nb")] == [None, None]


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("A=1 B='2 3' make", [("A", "1"), ("B", "2 3")]),
        ("A=1", [("A", "1")]),
        ('export A=1 B C="$D"', [("A", "1"), ("C", "$D")]),
        ("env -i A=1 B=2 make", [("A", "1"), ("B", "2")]),
        ("A+=1 make", [("A", "1")]),
        ("a=(b c)", [("a", "(b c)")]),
        ("declare -x A=1", [("A", "1")]),
        ("make A=1", []),
        ("'A=1' make", []),
        ("A=1 env B=2 sudo C=3 make", [("A", "1"), ("B", "2"), ("C", "3")]),
    ],
)
def test_assignments_in_front_are_told_apart(code: str, expected: list[tuple[str, str]]) -> None:
    assert [(name, word.value) for name, word in one(code).assignments] == expected


def test_an_assigned_value_has_its_place() -> None:
    code = "export A='b c'"
    ((_, word),) = one(code).assignments
    assert code[word.start : word.end] == "'b c'"


def test_pure_assignments_have_no_name() -> None:
    assert (one("A=1 B=2").name, one("A=1 B=2").program) == ("", None)


@given(
    st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0\r\n'"), max_size=8), min_size=1, max_size=6)
)
def test_whatever_stands_in_single_quotes_is_the_word(texts: list[str]) -> None:
    assert values("x " + " ".join(f"'{text}'" for text in texts)) == ["x", *texts]


@given(st.text(st.sampled_from("ab $(){}[]'\"`\\\n;&|<>#=!*?-~\t\r\0é"), max_size=60))
def test_any_text_is_read_and_every_word_stands_where_it_says(code: str) -> None:
    for command in script(code).commands:
        assert 0 <= command.start <= command.end <= len(code)
        assert all(command.start <= word.start <= word.end <= command.end for word in command.words)
