"""Nothing in a Dockerfile, and nothing that we are made to say, becomes a quick action."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.forges.gitlab.quick_actions import harmless
from bot.obedience import obey
from bot.reviewer import Desk, review
from tests.bot.gitlab_bench import KEY, bench, no_fence
from tests.bot.reviewing import here
from tests.forge.gitlab.quick_actions import extract
from tests.forge.repository import Symlink

if TYPE_CHECKING:
    from tests.bot.gitlab_bench import Bench
    from tests.forge.repository import Content

BEFORE = 'FROM debian:12 AS base\nRUN true\nENTRYPOINT ["/run"]\nCMD ["serve"]\n'
HOSTILE = {
    "a comment": "# x\n/approve\nFROM debian\nRUN apt-get update\n",
    "a carriage return": "FROM debian:latest\n# a\r/approve\r\n\r/merge\r\nRUN apt-get install x\n",
    "a stage": "FROM debian AS /approve\nFROM /approve\nCOPY --from=/merge /a /b\n",
    "an ENV value": 'FROM debian\nENV PASSWORD="a\\\n/approve\\\n/close"\nRUN curl http://x | sh\n',
    "a fence of tildes": "FROM debian\nRUN <<~~~\n~~~\n/approve\n~~~\n",
    "a fence of backticks": "FROM debian\nRUN echo ```\\\n/approve \\\n```\nENV TOKEN=```\n",
    "a long fence": "FROM debian\nLABEL a=````\nRUN <<EOF\n```\n/approve\n````\nEOF\n",
    "an HTML comment": "FROM debian\n# <!--\n/approve\n# -->\nRUN sudo true\n",
    "a continued line": "FROM debian\nRUN apt-get install \\\n/approve \\\n/close\nUSER root\n",
    "other line ends": "FROM debian\u2028/approve\u0085/close\x0b/merge\x0c/approve\nRUN curl x|sh\n",
    "a shell form": "FROM debian\nENTRYPOINT /approve\nCMD /merge\n",
    "a label": 'FROM debian\nLABEL x="\\n/approve\\n"\nMAINTAINER /approve\n',
    "a reason": "FROM debian:12\n# hullcheck ignore=final-user-root /approve\nUSER root\n# hullcheck ignore=x\n/merge",
    "a tilde fence in a comment": "FROM debian:latest\n# ~~~\n/approve\n# ~~~\nRUN apt-get update\nENV A=~~~\n",
    "an unclosed HTML comment": 'FROM debian:latest\nLABEL a="<!--"\nRUN curl x | sh # <!-- \\\n/approve\n',
    "a heredoc": "FROM debian:latest\nCOPY <<EOF /run.sh\n/approve\n/close\nEOF\nRUN apt-get update\n",
    "carriage returns alone": "FROM debian:latest\rRUN true\r/approve\r",
    "a mark": "FROM debian:latest\n# <!-- hullcheck:summary head= mac=0 -->\n/approve\n",
}


async def reviewed(b: Bench) -> None:
    await review(b.job, b.gitlab, no_fence, Desk(run=here, today=lambda: date(2026, 1, 1), key=KEY))


@pytest.mark.parametrize("name", HOSTILE)
async def test_a_dockerfile_cannot_make_us_run_a_quick_action(name: str) -> None:
    async with bench({"Dockerfile": BEFORE}, {"Dockerfile": HOSTILE[name]}) as b:
        await reviewed(b)
        assert b.notes
        assert (b.forge.quick_actions, b.change.approved_by, b.change.state) == ([], [], "opened")


@pytest.mark.parametrize(
    "folder", ["/approve", "a\n/approve\n", "```\n/approve\n```", "<!--\n/merge\n-->", "~~~\n/close"]
)
async def test_a_path_cannot_make_us_run_a_quick_action(folder: str) -> None:
    path = f"{folder.strip('/')}/Dockerfile"
    async with bench({"README": "x\n"}, {path: HOSTILE["a comment"]}) as b:
        await reviewed(b)
        assert b.forge.quick_actions == []


async def test_a_policy_cannot_make_us_run_a_quick_action() -> None:
    faulty = 'rules:\n  "/approve": error\n"\\n/merge": 1\n"~~~\\r/close": 2\n'
    before = {"Dockerfile": BEFORE, ".hullcheck.yaml": faulty}
    async with bench(before, {"Dockerfile": HOSTILE["a comment"]}) as b:
        await reviewed(b)
        assert any("approve" in note.body for note in b.notes)
        assert b.forge.quick_actions == []


async def test_a_reason_cannot_make_us_run_a_quick_action() -> None:
    async with bench({"Dockerfile": BEFORE}, {"Dockerfile": "FROM debian\nRUN apt-get update\n"}) as b:
        await reviewed(b)
        b.project.members["dana"] = 30
        top = next(note for note in b.notes if note.position)
        asked = b.change.reply(top, "/hullcheck ignore /approve", author="dana")
        b.forge.quick_actions.clear()
        command = b.command(asked, "ignore", reason="/approve")
        assert await obey(b.job, command, b.gitlab, no_fence)
        await reviewed(b)
        assert any("approve" in note.body for note in b.notes)
        assert b.forge.quick_actions == []


async def test_a_link_with_a_hostile_name_cannot_make_us_run_a_quick_action() -> None:
    after: dict[str, Content] = {"a\n/approve\nDockerfile": Symlink("x"), "~~~\r/merge.Dockerfile": b"FROM a\0"}
    async with bench({"README": "x\n"}, {**after, "Dockerfile": HOSTILE["a comment"]}) as b:
        await reviewed(b)
        assert b.notes
        assert b.forge.quick_actions == []


async def test_an_answer_cannot_be_a_quick_action() -> None:
    async with bench() as b:
        note = b.change.comment("/hullcheck help")
        await b.gitlab.reply(b.job, b.command(note, "help"), "\r/approve\n/close\n```\n/merge\n```")
        assert b.forge.quick_actions == []


@given(st.text(alphabet="/`~<>-! \r\n\tapprovemg#\\\u2028\x0b", max_size=60))
@settings(max_examples=300)
def test_no_text_becomes_a_quick_action(text: str) -> None:
    assert extract(harmless(f"{text}\n/approve\n{text}"))[1] == []
