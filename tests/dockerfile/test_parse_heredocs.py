import pytest

from rules.dockerfile.nodes import Heredoc
from tests.dockerfile.reading import cut, fault, only, read, shown


def heredoc(text: str) -> Heredoc:
    (found,) = read(text).instructions[0].heredocs
    return found


def test_a_body_is_no_instructions() -> None:
    text = "RUN <<EOF\nUSER root\n# no comment\nEOF\nUSER app\n"
    assert shown(text) == ["1-4 RUN <<EOF", "5-5 USER app"]
    assert not read(text).comments


def test_a_heredoc_has_body_and_places() -> None:
    text = "RUN <<EOF cat\none\ntwo\nEOF\n"
    found = heredoc(text)
    assert (found.name, found.body, found.fd, found.expands, found.strips_tabs) == ("EOF", "one\ntwo\n", 0, True, False)
    assert cut(text, found.body_span) == "one\ntwo\n"
    assert cut(text, found.span) == "one\ntwo\nEOF"
    assert (found.span.line, found.span.end_line, found.body_span.end_line) == (2, 4, 3)


def test_an_instruction_ends_with_its_last_delimiter_and_its_value_before() -> None:
    text = "RUN <<A cat\nx\nA\r\nUSER b"
    run = read(text).instructions[0]
    assert (run.text, cut(text, run.value_span), run.end_line) == ("RUN <<A cat\nx\nA", "<<A cat", 3)


def test_a_dash_strips_tabs_from_body_and_delimiter() -> None:
    found = heredoc("RUN <<-EOF\n\ta\n\t\tb\n\tEOF\n")
    assert (found.body, found.strips_tabs) == ("a\nb\n", True)


@pytest.mark.parametrize("opener", ["<<'E'", '<<"E"', "<<-'E'", "<<''E", "<< 'E'"])
def test_a_quoted_delimiter_expands_nothing(opener: str) -> None:
    assert not heredoc(f"RUN {opener}\n$a\nE\n").expands


def test_a_delimiter_may_hold_blanks_variables_and_a_descriptor() -> None:
    assert heredoc("RUN 3<<'A B'\nx\nA B").fd == 3
    assert heredoc("RUN <<$A\nx\n$A").name == "$A"


def test_bodies_follow_each_other_in_the_order_of_their_delimiters() -> None:
    run = only("COPY <<a <<b /c/\n1\na\n2\nb\n")
    assert [(each.name, each.body) for each in run.heredocs] == [("a", "1\n"), ("b", "2\n")]


def test_the_delimiter_may_stand_behind_a_continuation() -> None:
    assert shown("RUN cat \\\n  <<E\nx\nE\nUSER a") == ["1-4 RUN cat   <<E", "5-5 USER a"]


@pytest.mark.parametrize(
    "value",
    [
        'echo "<<E"',
        "echo '<<E'",
        "cat <<<E",
        "echo a<<E",
        "(<<E cat)",
        "echo \\<<E",
        "${x[@]} <<E",
        "it's <<E",
        "$((1 << 3))",
    ],
)
def test_what_only_looks_like_a_heredoc_opens_none(value: str) -> None:
    assert not only(f"RUN {value}").heredocs


@pytest.mark.parametrize("line", ['RUN ["cat", "<<E"]', "CMD cat <<E", "ENV a=<<E", "ONBUILD CMD <<E"])
def test_only_run_copy_and_add_open_one_and_not_in_json(line: str) -> None:
    assert not only(line).heredocs


@pytest.mark.parametrize(
    "value", ["$(cat <<E", "${x:-a} <<E", "${x#y} <<E", "'it' \"is\" <<E", "a\\ b <<E", "${x/a/b} <<E"]
)
def test_quotes_escapes_and_expansions_beside_it_do_not_hide_one(value: str) -> None:
    assert heredoc(f"RUN {value}\nbody\nE\n").body == "body\n"


def test_the_instruction_behind_onbuild_has_the_heredoc() -> None:
    trigger = only("ONBUILD RUN <<E\nx\nE").trigger
    assert trigger is not None
    assert (trigger.heredocs[0].body, trigger.end_line) == ("x\n", 3)


def test_an_unclosed_heredoc_is_a_fault_and_the_next_instruction_is_read() -> None:
    text = "FROM a\nRUN <<EOF\nx\ny\nUSER b\n"
    assert shown(text) == ["1-1 FROM a", "2-4 RUN <<EOF", "5-5 USER b"]
    assert (fault(text).span.line, "`EOF` alone" in fault(text).message) == (2, True)


def test_a_delimiter_with_blanks_around_it_is_named_with_the_right_one() -> None:
    text = "FROM a\nRUN <<EOF\nx\n  EOF\nUSER b\n"
    found = fault(text)
    assert (found.span.line, cut(text, found.span), found.suggestion) == (4, "  EOF", "EOF")
    assert shown(text)[-1] == "5-5 USER b"


def test_an_unclosed_heredoc_at_the_end_of_the_file_has_an_empty_body() -> None:
    assert read("FROM a\nRUN <<EOF\n").instructions[1].heredocs[0].body == ""
