"""Words of instructions, against the Dockerfile reference and BuildKit's lexer."""

from __future__ import annotations

import pytest

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
    ("word", "text"),
    [("${x:-12}", "12"), ("${x-12}", "12"), ("$x", None), ("${x}", None), ("${x:+a}", None), ("${x:?a}", None)],
)
def test_an_argument_that_nobody_gives_takes_the_default_that_stands_with_it(word: str, text: str | None) -> None:
    assert expand(word, {"x": NOT_GIVEN}.get) == text
