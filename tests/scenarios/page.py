"""The golden reviews as pages of a browser, to be looked at: `python -m tests.scenarios.page FOLDER`.

Writes `<scenario>.html` and, where a Chromium is installed, `<scenario>.png` beside it. Mermaid draws its diagrams once
`npm install --prefix tests/mermaid --no-package-lock` has run. What is missing is said.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from html import escape
from pathlib import Path

from markdown_it import MarkdownIt

from tests.scenarios.golden import FOLDER, names

MERMAID = Path(__file__).parents[1] / "mermaid" / "node_modules" / "mermaid" / "dist" / "mermaid.min.js"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
WIDTH = 1000
STYLE = """
body { font: 14px/1.5 system-ui, "DejaVu Sans", sans-serif; color: #1f2328; max-width: 900px; margin: 24px auto; }
h1 { font-size: 22px } h2 { font-size: 17px; border-bottom: 1px solid #d1d9e0; padding-bottom: 4px; margin-top: 28px }
code { font: 12px/1.45 "DejaVu Sans Mono", monospace; background: #eff1f3; padding: 2px 5px; border-radius: 6px }
pre { background: #f6f8fa; padding: 12px; border-radius: 6px; overflow-x: auto; margin: 8px 0 }
pre code { background: none; padding: 0 }
pre.suggestion { border: 1px solid #2da44e; background: #eaffea }
pre.suggestion::before { content: "Suggested change"; display: block; font-size: 12px; color: #57606a }
blockquote { border: 1px solid #d1d9e0; border-radius: 6px; margin: 10px 0 10px 32px; padding: 8px 14px }
table { border-collapse: collapse } td, th { border: 1px solid #d1d9e0; padding: 5px 10px; vertical-align: top }
sub { font-size: 12px; color: #59636e; vertical-align: baseline }
ins { background: #e6ffec } del { background: #ffebe9 }
ins, del { text-decoration: none; display: block } details { margin: 8px 0 } summary { cursor: pointer }
"""


def page(name: str) -> str:
    """Return a scenario's review as HTML, collapsed parts open so that a picture shows them."""
    text = (FOLDER / name / "review.md").read_text("utf-8")
    body = _markdown().render(text).replace("<details>", "<details open>")
    script = f'<script src="{MERMAID.as_uri()}"></script>' if MERMAID.is_file() else ""
    return f'<!doctype html><meta charset="utf-8"><title>{name}</title><style>{STYLE}</style>{body}{script}'


def _markdown() -> MarkdownIt:
    """Return a reader of Markdown as the forges have it: CommonMark, tables, HTML, and fences with a meaning."""
    reader = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    reader.add_render_rule("fence", _fence)
    return reader


def _fence(_self: object, tokens: list, at: int, _options: object, _env: object) -> str:  # type: ignore[type-arg]  # the library's
    info, content = tokens[at].info.strip(), tokens[at].content
    if info == "mermaid":
        return f'<pre class="mermaid">{escape(content)}</pre>'
    if info == "diff":
        marks = {"+": "ins", "-": "del"}
        lines = [(marks.get(line[:1], "span"), escape(line)) for line in content.splitlines()]
        shown = "".join(f"<{tag}>{line or ' '}</{tag}>{'' if tag != 'span' else chr(10)}" for tag, line in lines)
        return f"<pre><code>{shown}</code></pre>"
    return f'<pre class="{escape(info)}"><code>{escape(content)}</code></pre>'


def _height(text: str) -> int:
    """Return a window's height that shows the whole of a page, roughly: a browser pictures its window."""
    return min(16_000, 300 + sum(15 + 18 * (len(line) // 120) for line in text.splitlines()))


def main(folder: Path) -> None:
    """Write every page, and its picture where there is a browser."""
    folder.mkdir(parents=True, exist_ok=True)
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    for name in names():
        text = page(name)
        made = folder / f"{name}.html"
        made.write_text(text, "utf-8")
        if browser is not None:
            size = f"--window-size={WIDTH},{_height((FOLDER / name / 'review.md').read_text('utf-8'))}"
            quiet = [
                "--headless=new",
                "--no-sandbox",
                "--hide-scrollbars",
                "--disable-gpu",
                "--virtual-time-budget=8000",
            ]
            shot = f"--screenshot={made.with_suffix('.png')}"
            subprocess.run([browser, *quiet, size, shot, made.as_uri()], check=True, capture_output=True)
    print(f"{len(names())} pages in {folder}")
    if browser is None:
        print("NO PICTURES: no Chromium is installed")
    if not MERMAID.is_file():
        print("NO DIAGRAMS: first run: npm install --prefix tests/mermaid --no-package-lock")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
