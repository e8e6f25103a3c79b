"""Words of instructions, against a real shell: those that mean the same to both."""

from __future__ import annotations

import shutil
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.dockerfile.test_expand import VALUES, expanded

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
