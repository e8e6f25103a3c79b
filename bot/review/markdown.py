"""Text of any origin as Markdown that can do nothing: no link, no mention, no HTML, no command of a forge.

Rendered text never begins a line with a slash: GitLab would run it as a quick action, in some fences too.
"""

from __future__ import annotations

import re

from rules.quoting import LIMIT, longest_run, quote, visible

ZERO_WIDTH_SPACE = "\u200b"
PROSE_LIMIT = 500

# Everything that CommonMark lets a backslash escape.
_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")
# What GitHub and GitLab read as a reference or a bare link once the Markdown is rendered: a mention, an issue, a
# merge request, a snippet, a label, a milestone, an epic, a formula, a short code of an emoji, a scheme.
_REFERENCE = re.compile(r"(\\[@#!$%&~^:/*\[])")
_BARE_LINK = re.compile(r"(?i)(www|gh)(?=\\[.-])")
_HEXADECIMAL = re.compile(r"(?i)([0-9a-f]{6})(?=[0-9a-f])")  # seven make a commit id

_CODE = re.compile(r"(?<!`)(?P<ticks>`++)(?P<blank> ?)(?P<text>.+?)(?P=blank)(?<!`)(?P=ticks)(?!`)")
_SUGGESTION = re.compile(r"^(`{3,})suggestion\S*[ \t]*$", re.MULTILINE)


def code(text: str, limit: int = LIMIT) -> str:
    """Quote a value as a code span on one line; see `rules.quoting.quote`."""
    return quote(text, limit)


def fence(text: str, info: str = "", keep: str = "") -> str:
    r"""Return text as a fenced block whose fence is longer than any run of backticks inside.

    Args:
        text: Text of any origin; line feeds and tabs stay, carriage returns before a line feed are dropped, everything
            else that is invisible is shown as an escape. A line that begins with a slash is moved by one blank: GitLab
            ends its notion of a code block at any three backticks and would run the rest.
        info: The fence's info string; a constant of ours.
        keep: Further characters that stay as they are.
    """
    shown = visible(text.replace("\r\n", "\n"), keep=f"\n\t{keep}").removesuffix("\n")
    shown = re.sub(r"^/", " /", shown, flags=re.MULTILINE)
    ticks = "`" * max(3, longest_run(shown, "`") + 1)
    return f"{ticks}{info}\n{shown}\n{ticks}"


def without_buttons(body: str, info: str = "") -> str:
    """Return a comment of ours whose suggestions are plain blocks, under another info string: nothing to press."""
    return _SUGGESTION.sub(rf"\1{info}", body)


def prose(text: str, limit: int = PROSE_LIMIT) -> str:
    """Return text as plain words on one line, for reasons and errors that read better without a code span.

    Every punctuation mark is escaped, and what a forge would link after rendering is broken by a zero-width space.
    """
    words = visible(" ".join(text.split()))
    if len(words) > limit:
        words = words[: limit - 1] + "…"
    words = _HEXADECIMAL.sub(rf"\1{ZERO_WIDTH_SPACE}", words)
    escaped = _PUNCTUATION.sub(r"\\\1", words)
    escaped = _REFERENCE.sub(rf"\1{ZERO_WIDTH_SPACE}", escaped)
    return _BARE_LINK.sub(rf"\1{ZERO_WIDTH_SPACE}", escaped)


def plain(markdown: str) -> str:
    """Return one of our messages without its code spans' delimiters and emphasis: for titles and annotations."""
    return _CODE.sub(r"\g<text>", markdown).replace("**", "")


def link(label: str, url: str) -> str:
    """Return a link; `label` is Markdown of ours, `url` is already percent-encoded. Without a URL the label alone."""
    return f"[{label}]({url})" if url else label
