"""Commands of a script, and what they follow."""

import pytest

from tests.dockerfile.shelling import commands, names, one, script, where


def test_a_chain_is_its_commands_in_order() -> None:
    assert names("apt-get update && rm -rf x || true; ls | wc -l & date") == [
        *("apt-get", "rm", "true", "ls", "wc", "date"),
    ]


def test_a_command_knows_the_operators_around_it() -> None:
    around = [(command.before, command.after) for command in commands("a && b || c; d | e & f\ng")]
    assert around == [("", "&&"), ("&&", "||"), ("||", ";"), (";", "|"), ("|", "&"), ("&", "\n"), ("\n", "")]


def test_the_end_of_a_group_is_no_operator() -> None:
    around = [(command.before, command.after) for command in commands("(a; b) && c")]
    assert around == [("", ";"), (";", ""), ("&&", "")]


def test_a_command_spans_its_redirections() -> None:
    assert one("  a b > f 2>&1 ").span[:2] == (2, 14)


def test_a_command_is_quoted_as_it_is_written() -> None:
    assert str(one("sudo   a 'b c' \\\n  $D")) == "sudo a 'b c' $D"


def test_commands_of_one_pipeline_share_a_number_and_have_their_parts() -> None:
    found = commands("a | b |& c; d")
    assert [command.part for command in found] == [0, 1, 2, 0]
    assert len({command.pipeline for command in found[:3]}) == 1
    assert found[3].pipeline != found[0].pipeline


def test_a_group_is_one_part_of_a_pipeline() -> None:
    (pipeline,) = script("{ a || b; } | while c; do d; done | e").pipelines.values()
    assert [(command.name, command.part) for command in pipeline] == [
        *(("a", 0), ("b", 0), ("c", 1), ("d", 1), ("e", 2)),
    ]


def test_a_pipeline_inside_a_group_stays_its_own() -> None:
    assert [len(pipeline) for pipeline in script("(a | b; c) | d").pipelines.values()] == [2, 2]


@pytest.mark.parametrize(
    ("code", "conditional"),
    [
        ("a && b && c", []),
        ("a || b && c", ["b"]),
        ("if a; then b; elif c; then d; else e; fi; f", ["b", "c", "d", "e"]),
        ("for x in 1 2; do a; done; b", ["a"]),
        ("for x do a; done", ["a"]),
        ("for ((i=0;i<3;i++)); do a; done", ["a"]),
        ("while a; do b; done", ["b"]),
        ("until a\ndo\nb\ndone", ["b"]),
        ("select x in a; do b; done", ["b"]),
        ("case $x in (a|b) c;; *) d; e;; esac; f", ["c", "d", "e"]),
        ("case $x in a) b ;& c) d ;;& e) f; esac", ["b", "d", "f"]),
        ("f() { a; }; b", ["a"]),
        ("function f { a; }; function g() ( b ); c", ["a", "b"]),
        ("{ a; }; (b)", []),
        ("a || { b; c; }", ["b", "c"]),
        ("a || (b && c) | d", ["b", "c", "d"]),
        ("a $(b || c)", ["c"]),
        ("a || b $(c)", ["b", "c"]),
        ("if a; then sh -c 'b; c'; fi", ["sh", "b", "c"]),
        ("for x in a; { b; }", ["b"]),
    ],
)
def test_what_may_not_run_is_conditional(code: str, conditional: list[str]) -> None:
    assert where(code, "conditional") == conditional


@pytest.mark.parametrize(
    ("code", "conditional"),
    [
        ("[ -f x ] && a && b", []),
        ("[ -f x ] && a; b", ["a"]),
        ("[ -f x ] && a || b", ["a", "b"]),
        ("test -d x && { a; b; }; c", ["a", "b"]),
        ("[[ -f x ]] && a\nb", ["a"]),
        ("! grep x y && a; b", ["a"]),
        ("[ -f x ] && a;", []),
        ("(test -f x && a); b", []),
        ('[ "$(which x)" ] && a; b', ["a"]),
    ],
)
def test_what_stands_behind_a_test_is_conditional_if_the_failure_goes_unnoticed(
    code: str, conditional: list[str]
) -> None:
    assert where(code, "conditional") == conditional


def test_an_exclamation_mark_negates_its_pipeline() -> None:
    assert where("! a | b; c && ! d", "negated") == ["a", "b", "d"]


def test_set_is_followed_from_command_to_command() -> None:
    found = commands("a; set -eux -o pipefail; b; set +e; c; set +o pipefail; d")
    assert [(command.errexit, command.pipefail) for command in found if len(command.name) == 1] == [
        *((False, False), (True, True), (False, True), (False, False)),
    ]


def test_a_script_knows_whether_pipefail_was_ever_on() -> None:
    assert script("set -o pipefail && a | b").pipefail
    assert not script("echo pipefail; a | b").pipefail


def test_a_reserved_word_among_the_words_is_a_word() -> None:
    assert [word.value for word in one("echo if then { } ! [[ case").args] == [
        "if",
        "then",
        "{",
        "}",
        "!",
        "[[",
        "case",
    ]


def test_comments_are_no_commands() -> None:
    assert names("# a\nb # c; d\n# e\nf#g") == ["b", "f#g"]


def test_where_the_builder_joins_the_lines_a_comment_has_no_end() -> None:
    assert [command.name for command in script("a # b \\\n && c", joined=True).commands] == ["a"]


def test_a_comment_in_backticks_ends_with_them() -> None:
    (command,) = script("apt-get install a `# because of b` \\\n c `# don't`", joined=True).commands
    assert [word.value for word in command.args] == ["install", "a", "c"]


def test_an_arithmetic_command_runs_nothing() -> None:
    assert names("((x = 1)) && a; (( $(b) > 1 )) || c; ((d); e)") == ["a", "c", "d", "e"]


@pytest.mark.parametrize(
    "code",
    [
        "",
        "\n\n",
        "a;",
        "a &",
        "a &&\n\n b",
        "if a; then b; fi > f",
        "if [[ a ]] then b; fi",
        "if a; then if b; then c; fi fi",
        "{ a; } && (b) || { c\n}",
        "case a in esac",
        "case a in b) ;; esac",
        "case a in\n# c\nb) d\n;;\nesac",
        "for a in; do b; done",
        "while a; do b; done < f | c",
        "a=(b 'c d' $(e)) f=g",
        "[[ $a =~ ^(b|c)$ && ( d || e ) ]]",
        'echo ${a:-b} ${c#*)} ${d%%\'}\'} "${e:-"f"}" $((1 << 2)) $[1+2]',
        "echo $(case a in b) c;; esac)",
        "echo $(a \"$(b ')' `c`)\" # )\n)",
        "f() if a; then b; fi",
        "! a",
        "a 2>&1 >&- 3<&0 <>f >|g &>>h",
        "cat <<E | a\nx\nE\nb",
        "time a | b",
        "time { a; }",
        "time -p (a; b) && time if a; then b; fi",
        "diff <(a) >(b)",
    ],
)
def test_valid_code_has_no_errors(code: str) -> None:
    assert script(code).errors == ()


@pytest.mark.parametrize(
    ("code", "at"),
    [
        ("a && && b", "&&"),
        ("&& a", "&&"),
        ("a | | b", "|"),
        ("a ;; b", ";;"),
        ("; a", ";"),
        ("a; then b", "then"),
        ("fi", "fi"),
        ("a )", ")"),
        ("if a; then fi", "fi"),
        ("if a; then b; done", "done"),
        ("while a; b; done", "done"),
        ("{ }", "}"),
        ("()", ")"),
        ("echo (a)", "("),
        ("(a) b", "b"),
        ("case a b", "case"),
        ("for 1 in a; do b; done", "for"),
        ("f() a", "a"),
        ("a <", "<"),
    ],
)
def test_an_error_has_its_place(code: str, at: str) -> None:
    first = script(code).errors[0]
    assert code[first.start : first.end] == at


@pytest.mark.parametrize(
    "code",
    [
        "a &&",
        "if a; then b",
        "{ a",
        "(a",
        "echo 'a",
        'echo "a',
        "echo $(a",
        "echo ${a",
        "a=(b",
        "[[ a",
        "while a; do",
        "!",
        "a `b",
    ],
)
def test_code_that_ends_too_early_has_an_error(code: str) -> None:
    assert script(code).errors


def test_behind_an_error_the_commands_are_still_there() -> None:
    assert names("a; ) ; b && && c; fi; d") == ["a", "b", "c", "d"]
