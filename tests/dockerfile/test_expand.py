"""Words of instructions, against the Dockerfile reference, BuildKit's lexer and a real shell."""

from __future__ import annotations

import shutil
import subprocess
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.dockerfile.expand import NOT_GIVEN, UNKNOWN, Unknown, expand, expand_words, expansion_fault, variables

VALUES: dict[str, str | Unknown] = {
    "foo": "/bar",
    "abc": "hello",
    "version": "3.12.4-slim",
    "path": "/usr/local/bin",
    "two": "one two",
    "star": "*",
    "stars": "a*b*c",
    "sharp": "#a",
    "ünï": "ok",
    "_": "under",
    "empty": "",
    "only_the_build_knows": UNKNOWN,
    "VERSION": "v1.2.3",
    "TARGETOS": "linux",
    "TARGETARCH": "arm",
    "TARGETVARIANT": "v7",
}


def expanded(word: str, escape: str = "\\") -> str | None:
    return expand(word, VALUES.get, escape)


# The examples of "Environment replacement" in the Dockerfile reference, with FOO=/bar, and their kin.
@pytest.mark.parametrize(
    ("word", "text"),
    [
        ("plain", "plain"),
        ("", ""),
        ("$foo", "/bar"),
        ("${foo}", "/bar"),
        (r"\$foo", "$foo"),
        (r"\${foo}", "${foo}"),
        ("${foo}_suffix", "/bar_suffix"),
        ("$foo_suffix", ""),
        ("$foo/x$foo", "/bar/x/bar"),
        ("$unset", ""),
        ("${unset}", ""),
        ("$ünï", "ok"),
        ("$_", "under"),
        ("$", "$"),
        ("a$", "a$"),
        ("$.", "$."),
        ("$$", ""),
        ("$1x", "x"),
        ("$12x", "x"),
        ("$@$*$#$?$-$!$0", ""),
        ("${@}", ""),
        ("'$foo'", "$foo"),
        (r"'a\'", "a\\"),
        ('"$foo"', "/bar"),
        (r'"\$foo"', "$foo"),
        (r'"\a\\\""', r"\a\""),
        ('"it\'s"', "it's"),
        ("'\"'", '"'),
        ("a'b'\"c\"d", "abcd"),
        (r"a\ b", "a b"),
        (r"\a\\", "a\\"),
        ("a\\", "a"),
        ("${unset:-word}", "word"),
        ("${unset-word}", "word"),
        ("${empty:-word}", "word"),
        ("${empty-word}", ""),
        ("${foo:-word}", "/bar"),
        ("${foo:+word}", "word"),
        ("${foo+word}", "word"),
        ("${empty:+word}", ""),
        ("${empty+word}", "word"),
        ("${unset:+word}", ""),
        ("${unset+word}", ""),
        ("${foo:?no}", "/bar"),
        ("${empty?no}", ""),
        ("${unset:-}", ""),
        ("${unset:-$foo/${abc}}", "/bar/hello"),
        ("${unset:-'a}b'}", "a}b"),
        (r"${unset:-a\}b}", "a}b"),
        ('"${unset:-"a b"}"', "a b"),
        ("x-${VERSION}.$TARGETOS-$TARGETARCH${TARGETVARIANT:+-${TARGETVARIANT}}", "x-v1.2.3.linux-arm-v7"),
    ],
)
def test_a_word_is_expanded_as_the_reference_says(word: str, text: str) -> None:
    assert expanded(word) == text


@pytest.mark.parametrize(
    ("word", "text"),
    [
        ("${version#3.}", "12.4-slim"),
        ("${version#*.}", "12.4-slim"),
        ("${version##*.}", "4-slim"),
        ("${version%.*}", "3.12"),
        ("${version%%.*}", "3"),
        ("${version%%-*}", "3.12.4"),
        ("${version#x}", "3.12.4-slim"),
        ("${version#}", "3.12.4-slim"),
        ("${version##*}", ""),
        ("${version#*}", "3.12.4-slim"),
        ("${version%????}", "3.12.4-"),
        ("${version:#3.}", "12.4-slim"),
        ("${path#*/*/}", "local/bin"),
        ("${path%/*}", "/usr/local"),
        (r"${stars#*\*}", "b*c"),
        (r"${stars%%\**}", "a"),
        ("${stars#a$star}", "*b*c"),
        ("${unset#*}", ""),
        ("${abc#${abc%lo}}", "lo"),
        ("${abc#'h'}", "ello"),
        ("${version/./_}", "3_12.4-slim"),
        ("${version//./_}", "3_12_4-slim"),
        ("${path//\\//\\/}", r"\/usr\/local\/bin"),
        ("${path/l*l/X}", "/usr/X/bin"),
        ("${abc/l/}", "helo"),
        ("${abc//l/}", "heo"),
        ("${abc//?/x}", "xxxxx"),
        ("${abc///}", "hello"),
        ("${abc//*/x}", "x"),
        ("${abc/$unset/x}", "xhello"),
        ("${abc/ell/$foo}", "h/baro"),
    ],
)
def test_patterns_cut_and_replace(word: str, text: str) -> None:
    assert expanded(word) == text


@pytest.mark.parametrize(
    ("word", "fault"),
    [
        ("'a", "single-quote"),
        ('"a', "double-quote"),
        ('"a\\', "double-quote"),
        ("${", "missing '}'"),
        ("${foo", "unsupported modifier"),
        ("${foo:-", "missing '}'"),
        ("${foo#a", "missing '}'"),
        ("${}", "bad substitution"),
        ("${:x}", "bad substitution"),
        ("${{x}}", "bad substitution"),
        ("${foo=x}", "unsupported modifier (=)"),
        ("${foo:=x}", "unsupported modifier (:=)"),
        ("${foo!}", "unsupported modifier (!)"),
        ("${foo,,}", "unsupported modifier (,)"),
        ("${foo//x}", "missing '/' in ${}"),
        (r"${foo#\x}", r"invalid escape '\x'"),
        ("${unset?}", "unset: is not allowed to be unset"),
        ("${empty:?}", "empty: is not allowed to be empty"),
        ("${unset:?say $abc}", "unset: say hello"),
    ],
)
def test_what_buildkit_refuses_is_unknown_and_has_a_reason(word: str, fault: str) -> None:
    assert expanded(word) is None
    assert fault in (expansion_fault(word, VALUES.get) or "")


def test_a_word_that_buildkit_takes_has_no_fault() -> None:
    assert expansion_fault("${foo:-x}", VALUES.get) is None


@pytest.mark.parametrize(
    "word",
    [
        "$U",
        "a${U}b",
        '"$U"',
        "${U:-x}",
        "${U-x}",
        "${U:+x}",
        "${U:?x}",
        "${U#x}",
        "${U/a/b}",
        "${abc#$U}",
        "${abc/$U/x}",
        "${abc/h/$U}",
        "${unset:-$U}",
        "${abc:+$U}",
    ],
)
def test_unknown_spreads_to_every_word_that_needs_it(word: str) -> None:
    word = word.replace("U", "only_the_build_knows")
    assert expanded(word) is None
    assert expansion_fault(word, VALUES.get) is None


@pytest.mark.parametrize(
    ("word", "text"),
    [("'$U'", "$U"), (r"\$U", "$U"), ("${abc:-$U}", "hello"), ("${unset:+$U}", ""), ("x${U:+}", "x")],
)
def test_unknown_does_not_reach_a_word_that_does_without_it(word: str, text: str) -> None:
    word, text = (part.replace("U", "only_the_build_knows") for part in (word, text))
    assert expanded(word) == text


@pytest.mark.parametrize(
    ("word", "text"),
    [("`$foo", "$foo"), (r"c:\$abc", r"c:\hello"), ('"`"`$"', '"$'), (r'"\"', "\\"), ("a``b", "a`b")],
)
def test_a_backtick_can_be_the_escape_character(word: str, text: str) -> None:
    assert expanded(word, "`") == text


@pytest.mark.parametrize(
    ("word", "words"),
    [
        ("", []),
        ("  ", []),
        ("a b\tc", ["a", "b", "c"]),
        (" a  b ", ["a", "b"]),
        ("'a b' c", ["a b", "c"]),
        ('"a b"c', ["a bc"]),
        (r"a\ b c", ["a b", "c"]),
        ("$two", ["one", "two"]),
        ('"$two"', ["one two"]),
        ("x$two", ["xone", "two"]),
        ("$two$two", ["one", "twoone", "two"]),
        ("a $unset b", ["a", "b"]),
        ("a '' b", ["a", "b"]),
        ("80${unset:-80}/tcp 9090", ["8080/tcp", "9090"]),
    ],
)
def test_a_text_is_split_after_its_variables_are_put_in(word: str, words: list[str]) -> None:
    assert expand_words(word, VALUES.get) == words


@pytest.mark.parametrize("word", ["a $only_the_build_knows", "'a"])
def test_words_are_unknown_together(word: str) -> None:
    assert expand_words(word, VALUES.get) is None


def test_variables_are_found_with_their_places_and_modifiers() -> None:
    word = "$a${b:-${c}x}'$no'\\$no${d##*.}${e//x/$f}"
    found = [(use.name, word[use.start : use.end], use.modifier) for use in variables(word)]
    assert found == [
        ("a", "$a", ""),
        ("b", "${b:-${c}x}", ":-"),
        ("c", "${c}", ""),
        ("d", "${d##*.}", "##"),
        ("e", "${e//x/$f}", "//"),
        ("f", "$f", ""),
    ]


def test_variables_before_a_fault_are_found() -> None:
    assert [use.name for use in variables("$a${b")] == ["a"]


@pytest.mark.parametrize(
    "word",
    [
        "${a:-" * 100_000,
        "$" * 500_000,
        "\\" * 500_000,
        '"' * 500_001,
        "'x" * 250_000,
        "${x/" + "*a" * 200_000 + "/y}",
        "$a " * 200_000,
    ],
    ids=["nested", "dollars", "backslashes", "double quotes", "single quotes", "stars", "variables"],
)
def test_a_hostile_word_does_not_hold_the_lexer_up(word: str) -> None:
    begin = time.perf_counter()
    expand(word, VALUES.get)
    expand_words(word, VALUES.get)
    variables(word)
    assert time.perf_counter() - begin < 8  # under half a second on a quiet machine


@pytest.mark.parametrize(
    ("word", "text"),
    [("${x:-12}", "12"), ("${x-12}", "12"), ("$x", None), ("${x}", None), ("${x:+a}", None), ("${x:?a}", None)],
)
def test_an_argument_that_nobody_gives_takes_the_default_that_stands_with_it(word: str, text: str | None) -> None:
    assert expand(word, {"x": NOT_GIVEN}.get) == text


@pytest.mark.parametrize("pattern", ["*a*a*a*a*a*a*a*b", "?*?*?*?*?*?*b"])
def test_a_pattern_that_backtracks_elsewhere_takes_no_time(pattern: str) -> None:
    begin = time.perf_counter()
    assert expand(f"${{x//{pattern}/y}}", {"x": "a" * 4000}.get) == "a" * 4000
    assert time.perf_counter() - begin < 8


@given(st.text(alphabet="ab$ {}:-+?#%/*\\'\"`\n.", max_size=40), st.sampled_from("\\`"))
def test_any_word_is_expanded_or_refused(word: str, escape: str) -> None:
    values: dict[str, str | Unknown] = {"a": "a/b", "ab": UNKNOWN}
    text, fault = expand(word, values.get, escape), expansion_fault(word, values.get, escape)
    assert text is None or fault is None
    words = expand_words(word, values.get, escape)
    assert (words is None) == (text is None)
    for use in variables(word, escape):
        assert word[use.start] == "$"
        assert use.name in word[use.start : use.end]


# --- against a real shell, with words that mean the same to both ---

NAMES = st.sampled_from(["foo", "abc", "version", "path", "stars", "empty", "unset"])
TEXT = st.text(alphabet="abz0_.-/", min_size=1, max_size=4)
ESCAPED = st.sampled_from([r"\$", r"\"", r"\\", r"\'", r"\ "])
SIMPLE = st.one_of(NAMES.map("${{{}}}".format), NAMES.map("${}".format))
PATTERN_PARTS = ["*", "?", "a", "b", "l", ".", "-", "3", "${abc}"]
PATTERNS = st.lists(st.sampled_from([*PATTERN_PARTS, "/", r"\*", r"\?"]), max_size=4).map("".join)


def chosen(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    operators = st.sampled_from([":-", "-", ":+", "+"])
    return st.builds("${{{}{}{}}}".format, NAMES, operators, inner.filter(lambda text: "}" not in text))


TRIMMED = st.builds("${{{}{}{}}}".format, NAMES, st.sampled_from(["#", "##", "%", "%%"]), PATTERNS)
QUOTED = st.one_of(
    st.lists(st.one_of(TEXT, SIMPLE, st.sampled_from([" ", r"\$", r"\"", r"\\", "'", r"\a"])), max_size=3)
    .map("".join)
    .map('"{}"'.format),
    st.text(alphabet='ab $"\\*', max_size=4).map("'{}'".format),
)
SHELL_WORDS = st.lists(
    st.one_of(TEXT, ESCAPED, SIMPLE, QUOTED, TRIMMED, chosen(TEXT), chosen(ESCAPED)), min_size=1, max_size=5
).map("".join)
REPLACED = st.builds(
    "${{{}{}{}/{}}}".format,
    NAMES.filter(lambda name: name not in {"empty", "unset"}),  # there `*` matches for BuildKit, not for bash
    st.sampled_from(["/", "//"]),
    # Without a slash, which would end the pattern, and a backslash: bash does not find `*\*` in `a*b`.
    st.lists(st.sampled_from(PATTERN_PARTS), min_size=1, max_size=4).map("".join),
    st.text(alphabet="ab0.", max_size=2),
)


def shell_says(shell: str, words: list[str]) -> list[str]:
    known = {name: value for name, value in VALUES.items() if isinstance(value, str) and name.isascii()}
    # No splitting and no globbing, so that each word stays one argument; a word may vanish, not its line.
    script = "set -f; IFS=; unset unset; " + "".join(f"printf '%s\\0' x{word};" for word in words)
    done = subprocess.run(
        [shell, "-c", script], env=known | {"LC_ALL": "C.UTF-8"}, capture_output=True, check=True, text=True
    )
    return [text.removeprefix("x") for text in done.stdout.split("\0")[:-1]]


@settings(max_examples=100)
@given(st.lists(SHELL_WORDS, min_size=1, max_size=10))
def test_a_shell_expands_the_same_words_to_the_same_texts(words: list[str]) -> None:
    assert [expanded(word) for word in words] == shell_says("sh", words)


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed; sh cannot replace in variables")
@settings(max_examples=50)
@given(st.lists(REPLACED, min_size=1, max_size=10))
def test_bash_replaces_the_same_texts(words: list[str]) -> None:
    assert [expanded(word) for word in words] == shell_says("bash", words)
