"""Whatever stands in a pull request, quoted it is text and nothing else."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from bot.review import markdown
from rules.quoting import quote

if TYPE_CHECKING:
    from collections.abc import Callable

DIALECT = MarkdownIt("gfm-like", {"html": True})
ALPHABET = st.sampled_from(list("`~*_[]()<>!|#@$%&^:/\\.-+=\"'\n\r\t aZ0x\u202e\u200b\u00a0\udc80\x00é"))
PIECES = st.sampled_from(
    ["<!--", "-->", "<img src=x onerror=y>", "](http://evil.example)", "https://evil.example", "www.evil.example",
     "@octocat", "octo@cat.example", "#12", "!7", "GH-12", "octo/app#1", "deadbeef", "/approve", "\n/merge",
     "```", "~~~", "</details>", "| a | b |", "$x$", ":tada:", "~label", "%1.0", "&epic", "&lt;",
     "# h", "- x", "1. y", "    z", "---"],
)  # fmt: skip
TEXTS = st.lists(st.one_of(ALPHABET, PIECES, st.text(max_size=5)), max_size=12).map("".join)
ANYTHING = settings(max_examples=600)
REFERENCE = re.compile(
    r"@\w|[#!$%&~^]\w|https?://|www\.|\bgh-\d|\b[0-9a-f]{7,40}\b|:\w+:", re.IGNORECASE
)  # what GitHub and GitLab look for in rendered text
EXAMPLES = ["`", "``", " ` ", "a`b``c", "\\`", "*", "\n", "\u202e", "@a", "[x](http://a.b)", "<b>", "/close", "GH-1"]


def kinds_of(rendered: str) -> list[str]:
    """Return the kinds of all tokens that are not mere text."""
    tokens = [inner for token in DIALECT.parse(rendered) for inner in (token, *(token.children or ()))]
    return [token.type for token in tokens if token.type not in {"inline", "text", "text_special"}]


def words_of(rendered: str) -> str:
    """Return the text in which a forge would search for references."""
    tokens = [inner for token in DIALECT.parse(rendered) for inner in (token.children or ())]
    return "".join(token.content for token in tokens if token.type in {"text", "text_special"})


@ANYTHING
@given(TEXTS)
@example("")
def test_a_quoted_value_is_one_code_span(value: str) -> None:
    kinds = kinds_of(quote(value))
    assert kinds == (
        ["paragraph_open", "code_inline", "paragraph_close"] if value else ["paragraph_open", "paragraph_close"]
    )


@ANYTHING
@given(TEXTS, st.sampled_from(["a ", "stage: ", "x* ", "is **"]), st.sampled_from([" b", ".", ", and", "** c", " `d`"]))
def test_a_quoted_value_stays_one_in_the_middle_of_a_sentence(value: str, ahead: str, behind: str) -> None:
    tokens = DIALECT.parse(f"{ahead}{quote(value)}{behind}")[1].children or []
    codes = [token.content for token in tokens if token.type == "code_inline"]
    assert len(codes) == bool(value) + behind.count("`d`")
    assert not {token.type for token in tokens} & {"link_open", "html_inline", "image", "softbreak", "hardbreak"}


@given(st.text(alphabet="ab` \\~*<>@#", min_size=1, max_size=30))
def test_a_quoted_value_reads_as_it_was_written(value: str) -> None:
    code = (DIALECT.parse(quote(value))[1].children or [])[0]
    assert code.content.strip() == value.strip()


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("app", "`app`"),
        ("a`b", "``a`b``"),
        ("`a`", "`` `a` ``"),
        ("a\nb", r"`a\nb`"),
        ("a\u202eb", r"`a\u202Eb`"),
        ("a\u200bb\ufeff", r"`a\u200Bb\uFEFF`"),
        ("\udc80", r"`\x80`"),
        ("\x1b[31m", r"`\x1B[31m`"),
        ("\U000e0041", r"`\U000E0041`"),
        ("", "(empty)"),
        ("x" * 200, f"`{'x' * 159}…`"),
        ("größe 日本", "`größe 日本`"),
    ],
)
def test_quotes_show_what_the_eye_cannot_see(value: str, shown: str) -> None:
    assert quote(value) == shown


@ANYTHING
@given(TEXTS)
def test_a_fence_holds_the_text_and_nothing_escapes_it(value: str) -> None:
    tokens = DIALECT.parse(f"before\n\n{markdown.fence(value, 'text')}\n\nafter")
    assert [token.type for token in tokens] == [
        *("paragraph_open", "inline", "paragraph_close"),
        "fence",
        *("paragraph_open", "inline", "paragraph_close"),
    ]
    assert tokens[3].info == "text"


@ANYTHING
@given(TEXTS, st.sampled_from([markdown.fence, markdown.prose, markdown.code]))
def test_no_line_can_be_a_quick_action_and_every_text_can_be_sent(value: str, quoted: Callable[[str], str]) -> None:
    shown = quoted(value)
    assert not re.search(r"^/", shown, re.MULTILINE)
    assert b"\r" not in shown.encode("utf-8")


@ANYTHING
@given(TEXTS)
def test_prose_is_plain_words(value: str) -> None:
    shown = markdown.prose(value)
    assert set(kinds_of(shown)) <= {"paragraph_open", "paragraph_close"}
    assert not REFERENCE.search(words_of(shown))


@pytest.mark.parametrize("value", EXAMPLES)
def test_prose_of_hostile_examples_is_plain_words(value: str) -> None:
    shown = markdown.prose(value)
    assert set(kinds_of(shown)) <= {"paragraph_open", "paragraph_close"}
    assert not REFERENCE.search(words_of(shown))


@given(st.text(alphabet="xy.,;?(){}+='\" ", max_size=40))  # no letters that could be a commit's number
def test_prose_reads_as_it_was_written(value: str) -> None:
    assert words_of(markdown.prose(value)).strip() == " ".join(value.split())


def test_a_message_loses_its_markup_but_not_its_words() -> None:
    assert markdown.plain("**`a`** sets `` b`c ``.") == "a sets b`c."
