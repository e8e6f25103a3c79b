"""The demo shows what the bot posts, to a person and to a pipe."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.demo import page, terminal
from tests.demo.changes import NAMES, change
from tests.demo.posted import Row, Said, Shown, ShownFile, visible

if TYPE_CHECKING:
    from pytest_aiohttp.plugin import AiohttpClient

BODY = '**`prod` starts nothing.** It [lost](https://example.com/x) its command.\n\n```suggestion\nCMD ["serve"]\n```'
SHOWN = Shown(
    "acme/api",
    7,
    "Change <the> base",
    "Because.",
    (
        ShownFile(
            "Dockerfile", (Row("@", None, None, "@@ -1 +1 @@"), Row("+", None, 1, "FROM b", (Said(BODY, 1, 1),))), ()
        ),
    ),
    ("One more thing.",),
    "failure",
    "1 new finding",
)


@pytest.fixture(scope="module")
def output() -> str:
    """Run the demo as a pipe sees it."""
    demo = [sys.executable, "-m", "bot.cli", "demo"]
    done = subprocess.run(demo, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@pytest.mark.parametrize("name", NAMES)
def test_a_review_stands_on_each_pull_request(output: str, name: str) -> None:
    review = output.partition(f"/{name}#1")[2].partition("═")[0]
    assert "┌─ hullcheck, on line" in review
    assert "Check: " in review


def test_the_deliveries_were_signed_and_stored(output: str) -> None:
    assert output.count("pull_request.opened, signed: answered 202 in ") == len(NAMES)


def test_the_change_that_keeps_its_start_command_is_not_told_otherwise(output: str) -> None:
    review = output.partition("/shop-api#1")[2].partition("═")[0]
    assert "/app" in review
    assert "no longer starts" not in review


def test_the_change_that_loses_its_start_command_is_offered_both_lines(output: str) -> None:
    review = output.partition("/report-worker#1")[2].partition("═")[0]
    assert '  + ENTRYPOINT ["/usr/local/bin/entrypoint.sh"]' in review
    assert '  + CMD ["python", "-m", "reports.worker"]' in review


def test_the_page_has_an_address_at_the_end(output: str) -> None:
    assert output.splitlines()[-1].startswith("The same as a page: http://127.0.0.1:")


def test_a_comment_stands_under_its_line() -> None:
    out = io.StringIO()
    terminal.write(SHOWN, out)
    lines = out.getvalue().splitlines()
    at = lines.index("        1 + FROM b")
    assert lines[at + 1 : at + 3] == [
        "           ┌─ hullcheck, on line 1",
        "           │ `prod` starts nothing. It lost (https://example.com/x) its command.",
    ]
    assert '           │   + CMD ["serve"]' in lines


async def test_the_page_shows_the_same(aiohttp_client: AiohttpClient) -> None:
    client = await aiohttp_client(page.application(lambda: [SHOWN]))
    text = await (await client.get("/")).text()
    assert "Change &lt;the&gt; base" in text
    assert "<strong><code>prod</code> starts nothing.</strong>" in text
    assert "<span>+ CMD [&quot;serve&quot;]</span>" in text
    assert (await client.get("/style.css")).content_type == "text/css"


def test_a_hidden_marker_is_not_shown() -> None:
    assert visible("<!-- hullcheck v1 abc -->\n**So.**\n") == "**So.**"


@pytest.mark.parametrize("name", NAMES)
def test_a_change_touches_the_dockerfile_alone(name: str) -> None:
    assert list(change(name).after) == ["Dockerfile"]
    assert change(name).before["Dockerfile"] != change(name).after["Dockerfile"]


def test_the_readme_quotes_what_is_said(output: str) -> None:
    readme = Path(__file__).parents[2].joinpath("README.md").read_text("utf-8")
    quoted = [line.removeprefix("> ").replace("**", "") for line in readme.splitlines() if line.startswith("> ")]
    review = output.partition("/report-worker#1")[2].partition("═")[0]
    comment = " ".join(line.removeprefix("           │").strip(" +") for line in review.splitlines())
    said = [line for line in quoted if not line.startswith(("```", "`entrypoint-lost`"))]
    assert [line for line in said if line not in comment] == []
