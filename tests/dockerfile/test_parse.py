import pytest

from rules.dockerfile.lines import LONGEST_LINE, MOST
from rules.dockerfile.parse import parse
from rules.dockerfile.source import Source
from tests.dockerfile.reading import cut, fault, only, read, shown


def test_an_instruction_is_its_keyword_in_capitals_and_its_value() -> None:
    assert shown("from alpine\n  Run  echo  a \n") == ["1-1 FROM alpine", "2-2 RUN echo  a"]


def test_a_continued_instruction_is_one_logical_line() -> None:
    assert shown("RUN a && \\\n  b\nUSER c\n") == ["1-2 RUN a &&   b", "3-3 USER c"]


def test_blank_lines_and_comments_do_not_end_a_continuation() -> None:
    assert shown("RUN a \\\n\n  # why\n \t\n b\nUSER c") == ["1-5 RUN a  b", "6-6 USER c"]


def test_a_comment_that_ends_in_a_backslash_continues_nothing() -> None:
    assert shown("# a \\\nFROM a") == ["2-2 FROM a"]


def test_an_escaped_backslash_at_the_end_continues_nothing() -> None:
    assert shown("RUN a \\\\\nUSER b") == ["1-1 RUN a \\\\", "2-2 USER b"]


def test_blanks_behind_a_backslash_still_continue() -> None:
    assert shown("RUN a \\ \t\nb") == ["1-2 RUN a b"]


def test_a_keyword_may_be_broken_across_lines() -> None:
    assert shown("FRO\\\nM a\nRUN\\\n b") == ["1-2 FROM a", "3-4 RUN b"]


@pytest.mark.parametrize("text", ["RUN a \\", "RUN a \\\n", "RUN a\\\r\n"])
def test_a_backslash_at_the_end_of_the_file_loses_nothing(text: str) -> None:
    assert only(text).value == "a"


def test_an_instruction_that_runs_into_the_end_of_the_file_ends_on_its_last_line() -> None:
    assert shown("RUN a \\\n# b\n\n") == ["1-3 RUN a"]


def test_a_last_line_without_newline_or_value_is_an_instruction() -> None:
    assert shown("FROM a\nCMD") == ["1-1 FROM a", "2-2 CMD"]


def test_windows_line_endings_and_a_byte_order_mark_are_no_part_of_an_instruction() -> None:
    text = "\ufeffFROM a\r\nRUN b \\\r\n  c\r\n"
    assert shown(text) == ["1-1 FROM a", "2-3 RUN b   c"]
    assert [each.text for each in read(text).instructions] == ["FROM a", "RUN b \\\r\n  c"]


def test_a_byte_order_mark_takes_a_column() -> None:
    assert only("\ufeffFROM a").keyword_span[:5] == (1, 5, 1, 1, 2)


def test_a_backtick_continues_where_the_directive_says_so() -> None:
    parsed = read("# escape=`\nFROM a\nCOPY a C:\\\nRUN a `\n b")
    assert [str(each) for each in parsed.instructions] == ["FROM a", "COPY a C:\\", "RUN a  b"]
    assert parsed.escape == "`"


@pytest.mark.parametrize("above", ["# check=skip=all\n", "# syntax=docker/dockerfile:1\n", "#SYNTAX = a/b\r\n"])
def test_the_escape_directive_counts_behind_other_directives(above: str) -> None:
    assert read(f"{above}# escape=`\nFROM a").escape == "`"


@pytest.mark.parametrize("above", ["\n", "# a comment\n", "FROM a\n", "# key=value\n"])
def test_a_directive_below_anything_else_is_a_comment(above: str) -> None:
    parsed = read(f"{above}# escape=`\nFROM a")
    assert (parsed.escape, parsed.directives) == ("\\", ())


def test_directives_have_name_value_and_place() -> None:
    text = "#  Syntax = docker/dockerfile:1 \nFROM a"
    (directive,) = read(text).directives
    assert directive[:2] == ("syntax", "docker/dockerfile:1")
    assert cut(text, directive.span) == "#  Syntax = docker/dockerfile:1 "


def test_every_comment_has_its_text_and_place() -> None:
    text = "# one\nRUN a \\\n  #two \n b\n\t## three\n"
    comments = read(text).comments
    assert [each.text for each in comments] == ["one", "two", "# three"]
    assert [cut(text, each.span) for each in comments] == ["# one", "#two ", "## three"]
    assert [each.span.line for each in comments] == [1, 3, 5]


def test_an_instruction_knows_the_comments_directly_above_it() -> None:
    parsed = read("# syntax=a/b\n# first\n# second\nFROM a\n# far\n\nRUN b\n")
    assert [[each.text for each in one.comments] for one in parsed.instructions] == [["first", "second"], []]


def test_keyword_flags_and_value_have_exact_places_across_lines() -> None:
    text = "FROM a\n  RUN --mount=type=cache,\\\ntarget=/x \\\n # why\n --network=none  make \\\n all"
    run = read(text).instructions[1]
    assert cut(text, run.keyword_span) == "RUN"
    assert [cut(text, flag.span) for flag in run.flags] == ["--mount=type=cache,\\\ntarget=/x", "--network=none"]
    assert [cut(text, flag.value_span) for flag in run.flags] == ["type=cache,\\\ntarget=/x", "none"]
    assert cut(text, run.value_span) == "make \\\n all"
    assert (run.keyword_span.line, run.keyword_span.column, run.flags[1].span.line) == (2, 3, 5)


def test_a_flag_has_a_name_and_a_value_without_its_quotes() -> None:
    flags = only("COPY --from=\"my stage\" --chown='a':b --link a b").flags
    assert [flag[:2] for flag in flags] == [("from", "my stage"), ("chown", "a:b"), ("link", None)]
    assert flags[2].value_span.start == flags[2].value_span.end == flags[2].span.end


def test_two_dashes_alone_end_the_flags() -> None:
    run = only("RUN --network=none -- --mount=x")
    assert ([flag.name for flag in run.flags], run.value) == (["network"], "--mount=x")


def test_the_instruction_behind_onbuild_has_places_in_the_file() -> None:
    text = "FROM a\nonbuild \\\n copy --from=b \\\n c /d\n"
    trigger = read(text).instructions[1].trigger
    assert trigger is not None
    assert (trigger.keyword, cut(text, trigger.keyword_span)) == ("COPY", "copy")
    assert (trigger.flags[0].value, trigger.value) == ("b", "c /d")
    assert (trigger.line, trigger.end_line, cut(text, trigger.value_span)) == (3, 4, "c /d")


def test_a_chain_of_onbuild_is_followed_one_step() -> None:
    trigger = only("ONBUILD ONBUILD RUN a").trigger
    assert trigger is not None
    assert (trigger.keyword, trigger.trigger) == ("ONBUILD", None)


def test_bytes_that_are_no_utf8_stay_what_they_are() -> None:
    source = Source.decode("Dockerfile", b"FROM a\nRUN echo \xff\xfe\n")
    assert parse(source).instructions[1].value.encode("utf-8", "surrogateescape") == b"echo \xff\xfe"
    assert source.encode() == b"FROM a\nRUN echo \xff\xfe\n"


def test_only_blanks_separate_a_keyword_from_its_value() -> None:
    keywords = [each.keyword for each in read("RUN\xa0a\nRUN\x1cb\nRUN\x0bc").instructions]
    assert keywords == ["RUN\xa0a", "RUN\x1cB", "RUN"]


def test_unicode_blanks_are_trimmed_and_other_controls_are_not() -> None:
    assert [each.value for each in read("RUN a\u2003\xa0\nRUN b\x1c\n").instructions] == ["a", "b\x1c"]


def test_a_line_separator_of_unicode_ends_no_line() -> None:
    assert shown("RUN a\u2028b\x85c\nUSER d") == ["1-1 RUN a\u2028b\x85c", "2-2 USER d"]


def test_a_line_too_long_for_docker_is_a_fault_and_the_rest_is_read() -> None:
    parsed = read(f"FROM a\nRUN {'x' * LONGEST_LINE}\nUSER b")
    assert [(each.span.line, each.rule) for each in parsed.faults] == [(2, "invalid-syntax")]
    assert [each.keyword for each in parsed.instructions] == ["FROM", "USER"]


def test_the_longest_line_that_docker_takes_is_no_fault() -> None:
    assert not read(f"FROM a\nRUN {'x' * (LONGEST_LINE - 4)}\n").faults


def test_what_nobody_writes_is_not_read_to_its_end() -> None:
    parsed = read("FROM a\n" + "RUN b\n" * MOST)
    assert len(parsed.instructions) == MOST
    assert parsed.faults[0].span.line == MOST + 1


def test_a_lone_backslash_is_no_instruction() -> None:
    assert fault("FROM a\n \\\n").span.line == 2
