"""The same reviews on a page, dressed as a forge would."""

from __future__ import annotations

from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING

import jinja2
from aiohttp import web
from markdown_it import MarkdownIt
from markupsafe import Markup

from bot.pages.site import HEADERS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from markdown_it.renderer import RendererHTML
    from markdown_it.token import Token
    from markdown_it.utils import EnvType, OptionsDict

    from tests.demo.posted import Shown


def application(shown: Callable[[], Sequence[Shown]]) -> web.Application:
    """Return the application that shows the reviews; `shown` is asked for each visit."""
    templates = jinja2.Environment(loader=jinja2.PackageLoader("tests.demo", "."), autoescape=True)
    templates.filters["markdown"] = markdown
    style = files("bot.pages").joinpath("static/hullcheck.css").read_text("utf-8")
    style += files("tests.demo").joinpath("page.css").read_text("utf-8")

    async def show(_: web.Request) -> web.Response:
        text = templates.get_template("page.html").render(pull_requests=shown())
        return web.Response(text=text, content_type="text/html", headers=HEADERS)

    async def dress(_: web.Request) -> web.Response:
        return web.Response(text=style, content_type="text/css", headers=HEADERS)

    app = web.Application()
    app.add_routes([web.get("/", show), web.get("/style.css", dress)])
    return app


def markdown(body: str) -> Markup:
    """Render a comment as forges do: with tables and the few HTML tags that comments use; nothing on the page runs."""
    parser = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    parser.add_render_rule("fence", _fence)
    return Markup(parser.render(body))


def _fence(self: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType) -> str:
    token = tokens[index]
    if not token.info.startswith("suggestion"):
        return f"<pre><code>{escape(token.content)}</code></pre>\n"
    lines = "".join(f"<span>+ {escape(line)}</span>\n" for line in token.content.splitlines())
    return f'<figure class="suggestion"><figcaption>Suggested change</figcaption><pre>{lines}</pre></figure>\n'
