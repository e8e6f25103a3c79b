"""A rule's page as HTML: the Markdown beside the rule, with its test blocks captioned for readers."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from markdown_it import MarkdownIt
from markupsafe import Markup

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markdown_it.token import Token

CAPTIONS = {
    "dockerfile before": "Before the change",
    "dockerfile fixed": "With the suggestion committed",
    "dockerfile": "Dockerfile",
    "findings": "What Hullcheck says",
}
"""A fence's info string in a rule page, and what a reader is told about the block."""


def html(page: str) -> Markup:
    """Render a rule page.

    Raw HTML in the page is shown as text, and links with a scheme that runs something are left as text.

    Args:
        page: Markdown as it stands beside the rule.

    Returns:
        Markup that needs no further escaping.
    """
    markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = markdown.parse(page)
    _caption(tokens)
    return Markup(markdown.renderer.render(tokens, markdown.options, {}))  # noqa: S704 - the renderer escapes every text; raw HTML is off


def inline(text: str) -> Markup:
    """Render one line of Markdown without a paragraph around it: a rule's title."""
    return Markup(MarkdownIt("commonmark", {"html": False}).renderInline(text))  # noqa: S704 - as above


def _caption(tokens: Sequence[Token]) -> None:
    """Replace each fence by a figure whose caption says what the block is."""
    after = False
    for token in tokens:
        if token.type == "heading_open":
            after = False
        if token.type != "fence":
            continue
        info = " ".join(token.info.split())
        caption = "After the change" if after and info == "dockerfile" else CAPTIONS.get(info, info)
        after = info == "dockerfile before"
        token.type = "html_block"
        label = f"<figcaption>{escape(caption)}</figcaption>" if caption else ""
        block = _findings(token.content) if info == "findings" else f"<pre><code>{escape(token.content)}</code></pre>"
        token.content = f"<figure>{label}{block}</figure>\n"


def _findings(block: str) -> str:
    """Render the lines `line: message` of an example as the comments that they are."""
    rows = (line.partition(": ") for line in block.splitlines() if line)
    return "".join(f'<p class="said"><b>Line {escape(line)}</b> {inline(message)}</p>' for line, _, message in rows)
