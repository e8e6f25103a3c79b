import pytest

from rules.dockerfile.arguments import shell_view
from tests.dockerfile.reading import cut, only, read


def words(text: str) -> list[str]:
    return [word.text for word in read(text).instructions[-1].words]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("FROM a  AS b", ["a", "AS", "b"]),
        ('COPY "a b" c', ['"a', 'b"', "c"]),
        ("EXPOSE 80\t81/udp", ["80", "81/udp"]),
        ("WORKDIR /a b", ["/a b"]),
        ("USER app", ["app"]),
        ("RUN a \"b c\" 'd e' f\\ g", ["a", '"b c"', "'d e'", "f\\ g"]),
        ("RUN 'a\\' b", ["'a\\'", "b"]),
        ('RUN "a\\" b" c', ['"a\\" b"', "c"]),
        ("RUN a 'never closed b", ["a", "'never closed b"]),
        ("HEALTHCHECK CMD a b", ["CMD", "a", "b"]),
        ('HEALTHCHECK CMD ["a", "b c"]', ["CMD", "a", "b c"]),
        ('COPY ["a b", "c"]', ["a b", "c"]),
        ("# escape=`\nRUN a` b \\ c", ["a` b", "\\", "c"]),
    ],
)
def test_words_are_split_as_each_instruction_splits_them(text: str, expected: list[str]) -> None:
    assert words(text) == expected


def test_a_word_across_a_continuation_has_its_place_in_the_file() -> None:
    text = 'RUN a "b \\\n# no\n c" d\\\r\ne'
    parts = only(text).words
    assert [word.text for word in parts] == ["a", '"b  c"', "de"]
    assert [cut(text, word.span) for word in parts] == ["a", '"b \\\n# no\n c"', "d\\\r\ne"]
    assert [(word.span.line, word.span.end_line) for word in parts] == [(1, 1), (1, 3), (3, 4)]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ('["a","b"]', ["a", "b"]),
        ("[ ]", []),
        ('[ "a" , "" ]', ["a", ""]),
        (r'["\u00e9\n\"", "C:\\a"]', ['é\n"', "C:\\a"]),
        (r'["\ud83d\ude00", "\ud800"]', ["😀", "\ufffd"]),
        ('["a"] dropped', ["a"]),
    ],
)
def test_an_array_of_strings_is_the_exec_form(value: str, expected: list[str]) -> None:
    strings = only(f"CMD {value}").exec_form
    assert strings is not None
    assert [word.text for word in strings] == expected


@pytest.mark.parametrize(
    "value", ["['a']", '["a",]', '["a"', '["a" "b"]', '["a\\d"]', '["a\tb"]', '[ "$x" ] && b', "a", '"a"']
)
def test_anything_else_is_the_shell_form(value: str) -> None:
    assert only(f"CMD {value}").exec_form is None


@pytest.mark.parametrize("text", ['USER ["a"]', 'WORKDIR ["a"]', 'FROM ["a"]', 'ENV ["a"]=b', 'HEALTHCHECK ["a"]'])
def test_instructions_without_a_json_form_have_none(text: str) -> None:
    assert only(text).exec_form is None


def test_the_strings_of_an_array_have_places_with_their_quotes() -> None:
    text = 'CMD ["a", \\\n  "b c"]'
    strings = only(text).exec_form
    assert strings is not None
    assert [cut(text, word.span) for word in strings] == ['"a"', '"b c"']


def pairs(text: str) -> list[tuple[str, str | None]]:
    return [(name.text, value.text if value else None) for name, value in only(text).pairs]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ENV a=b c=d", [("a", "b"), ("c", "d")]),
        ("ENV a b  c=d", [("a", "b  c=d")]),
        ("ENV a", [("a", None)]),
        ("ENV a= b=''", [("a", ""), ("b", "''")]),
        ('ENV a="b c" d=e\\ f', [("a", '"b c"'), ("d", "e\\ f")]),
        ("ENV a=b c", [("a", "b"), ("c", None)]),
        ("ENV a=b=c", [("a", "b=c")]),
        ('LABEL "a b"=c', [('"a b"', "c")]),
        ("ARG a b=c", [("a", None), ("b", "c")]),
        ("ARG =a", [("", "a")]),
        ("RUN a=b", []),
    ],
)
def test_names_and_values_are_taken_apart_as_written(text: str, expected: list[tuple[str, str | None]]) -> None:
    assert pairs(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ARG MODE=y # y or n, or nothing", [("MODE", "y")]),
        ("ARG MODE #DEBUG=1", [("MODE", None)]),
        ("ARG COLOUR=#fff SIZE=2", [("COLOUR", "#fff"), ("SIZE", "2")]),
        ("ENV A=1 # B, C", [("A", "1"), ("#", None)]),
        ("ENV A=1 #B=2 C=3", [("A", "1")]),
        ("ENV NOTE # all of it", [("NOTE", "# all of it")]),
    ],
)
def test_a_comment_behind_names_and_values_names_nothing(text: str, expected: list[tuple[str, str | None]]) -> None:
    assert pairs(text) == expected


def test_names_and_values_have_places() -> None:
    text = 'ENV a=b \\\n  c="d \\\ne"'
    (_, first), (name, second) = only(text).pairs
    assert first is not None
    assert second is not None
    assert [cut(text, each.span) for each in (first, name, second)] == ["b", "c", '"d \\\ne"']
    assert (name.span.line, name.span.column) == (2, 3)


def test_the_legacy_form_has_places_too() -> None:
    text = "ENV  name \\\n  the rest"
    ((name, value),) = only(text).pairs
    assert value is not None
    assert (cut(text, name.span), cut(text, value.span)) == ("name", "the rest")


def view(text: str) -> str:
    seen, start = shell_view(read(text).instructions[-1])
    assert len(seen) == len(text.rstrip("\r\n")) - start
    return seen


def test_the_shell_sees_a_plain_command_as_it_stands() -> None:
    assert view("RUN --network=none  echo a") == "echo a"


def test_comments_in_a_continuation_become_continuations() -> None:
    assert view("RUN a && \\\n # why\n b") == "a && \\\n     \\\n b"


def test_blank_lines_in_a_continuation_become_continuations() -> None:
    assert view("RUN a \\\n  \n\n b") == "a \\\n \\\n  b"


def test_the_continuation_character_is_the_last_of_its_line() -> None:
    assert view("RUN a \\ \t\n b") == "a   \\\n b"


def test_windows_line_endings_and_backticks_continue_for_the_shell() -> None:
    assert view("# escape=`\r\nRUN a `\r\n b") == "a  \\\n b"


def test_the_type_of_a_healthcheck_is_not_for_the_shell() -> None:
    assert view("HEALTHCHECK --interval=5s CMD \\\n curl a") == "curl a"


def test_bodies_of_heredocs_are_not_part_of_the_view() -> None:
    assert shell_view(only("RUN <<E cat\nbody\nE\n")) == ("<<E cat", 4)


def test_an_instruction_without_a_value_shows_the_shell_nothing() -> None:
    assert shell_view(only("RUN"))[0] == ""
