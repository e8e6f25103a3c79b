"""Here-documents in shell code: found and blanked before the grammar sees it, for it loses what stands behind them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from rules.dockerfile.shell.words import Redirect, ShellText, ShellWord
from rules.numbers import number_of

if TYPE_CHECKING:
    from rules.dockerfile.nodes import Heredoc


MAX_HEREDOCS = 500
"""Far above anything real; later ones are not looked for."""


class HeredocUse(NamedTuple):
    """One here-document of a shell text.

    Attributes:
        start: Index of the operator in the view.
        redirect: The operator and its delimiter.
        body: The text between the delimiter lines; leading tabs removed for `<<-`.
        body_offset: Where the body begins in the file.
        expands: Whether variables in it are expanded.
    """

    start: int
    redirect: Redirect
    body: str
    body_offset: int
    expands: bool


# Quotes, escapes, comments and arithmetic are skipped; groups: 1 descriptor, 2 operator, 3 delimiter, 4 end of line.
_TOKEN = re.compile(
    r"""'[^']*+'
      | "(?:[^"\\]|\\.)*+"
      | \\.
      | (?<![^\s;&|()])\#[^\n]*+
      | \(\((?:[^()\n]|\([^()\n]*+\))*+\)\)
      | <<<
      | ([0-9]?)(<<-?)[ \t]*+((?:'[^'\n]*+'|"[^"\n]*+"|\\.|[^\s'"\\;&|<>()`$])++)
      | (\n)""",
    re.VERBOSE | re.DOTALL,
)
_QUOTES = re.compile(r"['\"\\]")
_TABS = re.compile(r"^\t+", re.MULTILINE)
_NOT_NEWLINE = re.compile(r"[^\n]")


def find_heredocs(text: ShellText, outside: tuple[Heredoc, ...]) -> tuple[str, list[HeredocUse]]:
    """Find the here-documents of a shell text.

    Args:
        text: The code.
        outside: The builder's here-documents in the order of their delimiters; their bodies are not in the text.

    Returns:
        The view with operators, delimiters and bodies as blanks, and the here-documents in the order of the text.
    """
    view = text.view
    uses: list[HeredocUse] = []
    blanks: list[tuple[int, int]] = []
    waiting: list[re.Match[str]] = []
    pos = 0
    while len(uses) + len(waiting) < MAX_HEREDOCS and (match := _TOKEN.search(view, pos)):
        pos = match.end()
        if match.group(2):
            blanks.append(match.span())
            if len(uses) < len(outside):
                heredoc = outside[len(uses)]
                uses.append(_use(text, match, heredoc.body, heredoc.body_span.start))
            else:
                waiting.append(match)
        elif match.group(4) and waiting:
            for opener in waiting:
                after, body = _body(view, pos, opener)
                uses.append(_use(text, opener, body, text.place(pos)))
                blanks.append((pos, after))
                pos = after
            waiting = []
            pos -= pos > match.end()  # the end of the last delimiter's line ends the command
    uses.extend(_use(text, opener, "", text.place(len(view))) for opener in waiting)
    return _blanked(view, blanks), uses


def _body(view: str, pos: int, opener: re.Match[str]) -> tuple[int, str]:
    """Return where the line behind the closing delimiter begins, and the body: all the rest if it is unclosed."""
    strips = opener.group(2) == "<<-"
    name = re.escape(_QUOTES.sub("", opener.group(3)))
    tabs = r"\t*+" if strips else ""
    closing = re.compile(rf"^{tabs}{name}\r?(?:\n|\Z)", re.MULTILINE).search(view, pos)
    stop, after = closing.span() if closing else (len(view), len(view))
    body = view[pos:stop]
    return after, _TABS.sub("", body) if strips else body


def _use(text: ShellText, opener: re.Match[str], body: str, body_offset: int) -> HeredocUse:
    start, end = text.place(opener.start()), text.place(opener.end())
    written = opener.group(3)
    name = _QUOTES.sub("", written)
    delimiter = ShellWord(written, name, True, text.place(opener.start(3)), end, text.source)  # noqa: FBT003 - the field's name is near
    descriptor = number_of(opener.group(1)) if opener.group(1) else None
    redirect = Redirect(opener.group(2), delimiter, descriptor, start, end, text.source)
    return HeredocUse(opener.start(), redirect, body, body_offset, name == written)


def _blanked(view: str, blanks: list[tuple[int, int]]) -> str:
    """Return the view with these parts, in order, as spaces; line ends stay."""
    parts: list[str] = []
    pos = 0
    for start, end in sorted(blanks):
        parts += [view[pos:start], _NOT_NEWLINE.sub(" ", view[start:end])]
        pos = end
    return "".join([*parts, view[pos:]])
