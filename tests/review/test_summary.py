"""The summary comment and the verdict of the check."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from markdown_it import MarkdownIt

from bot.forges.base import Unread
from bot.review import agents
from rules.engine import changes
from rules.problem import Confidence, Severity
from rules.report import Crash, Finding, Report, Suppressed
from tests.review.build import GITHUB_CAN, HEAD, carried_out, finding, manner, numbered, planned, reviewed

if TYPE_CHECKING:
    from bot.review.plan import Reviewed

OLD, NEW = numbered(40), numbered(40, changed=[5, 6, 7, 30])
ERROR = finding(5, "bad", severity=Severity.ERROR)
WARNING = finding(6, "poor")
POSSIBLE = finding(7, "maybe", confidence=Confidence.POSSIBLE)
OLDER = finding(1, "older", baseline="unchanged")
GONE = finding(2, "gone", baseline="absent")


def review(*found: Finding) -> Reviewed:
    return reviewed(OLD, NEW, *found)


def summary(of: Reviewed) -> str:
    """Return the posted summary without its hidden mark, with short links."""
    text = planned(of).summary
    assert text is not None
    shown = re.sub(r"\n\n<!-- hullcheck:summary .*-->\Z", "", text)
    return shown.replace(f"https://forge.example/octo/app/blob/{HEAD}/", "head:")


@pytest.mark.parametrize(
    ("found", "title"),
    [
        ([], "No new findings"),
        ([ERROR], "1 new error"),
        ([WARNING], "1 new finding"),
        ([ERROR, WARNING, POSSIBLE], "2 new findings (1 error), 1 possible one"),
        ([POSSIBLE], "No new findings, 1 possible one"),
        ([ERROR, GONE, OLDER], "1 new error, 1 fixed by this change, 1 older one not shown"),
        (
            [GONE, OLDER, finding(3, baseline="unchanged")],
            "No new findings, 1 fixed by this change, 2 older ones not shown",
        ),
    ],
)
def test_the_verdict_is_one_line(found: list[Finding], title: str) -> None:
    assert planned(review(*found)).check.title == title


@pytest.mark.parametrize(
    ("found", "fail_on", "conclusion"),
    [
        ([], Severity.INFO, "success"),
        ([OLDER, GONE], Severity.INFO, "success"),
        ([WARNING], None, "neutral"),
        ([WARNING], Severity.ERROR, "neutral"),
        ([WARNING], Severity.WARNING, "failure"),
        ([ERROR], Severity.WARNING, "failure"),
        ([POSSIBLE], Severity.WARNING, "success"),
    ],
)
def test_the_check_fails_at_the_threshold(found: list[Finding], fail_on: Severity | None, conclusion: str) -> None:
    assert planned(review(*found), how=manner(fail_on=fail_on)).check.conclusion == conclusion


@pytest.mark.parametrize("found", [[], [OLDER], [GONE], [POSSIBLE]])
def test_a_clean_change_gets_no_word(found: list[Finding]) -> None:
    plan = planned(review(*found))
    assert (plan.comments, plan.file_comments, plan.body, plan.summary) == ((), (), "", None)
    assert plan.check.conclusion == "success"


@pytest.mark.parametrize(
    "of",
    [
        replace(review(), unread=(Unread("Dockerfile.x", "a symbolic link"),)),
        replace(review(), policy_faults=("line 3: unknown key",)),
        replace(review(), report=Report((), crashes=(Crash("bad", "Dockerfile", "KeyError: 'x'"),))),
        replace(review(), report=Report((), suppressed=(Suppressed(ERROR, "", 4, added=True),))),
    ],
    ids=["not read", "policy", "crash", "suppression"],
)
def test_what_was_not_judged_is_said_and_is_no_success(of: Reviewed) -> None:
    plan = planned(of)
    assert plan.summary is not None
    assert plan.check.conclusion == "neutral"


def test_a_team_may_keep_what_is_only_likely_off_the_lines() -> None:
    likely = finding(6, "poor", confidence=Confidence.LIKELY)
    written = planned(review(ERROR, likely), how=manner(comments_from=Confidence.CERTAIN))
    assert [comment.line for comment in written.comments] == [5]
    assert "Likely, but not certain" in (written.summary or "")
    assert "2 new findings (1 error)" in (written.summary or "")
    assert [comment.line for comment in planned(review(ERROR, likely)).comments] == [5, 6]


def test_a_suppression_that_stood_there_before_is_no_news() -> None:
    of = replace(review(), report=Report((), suppressed=(Suppressed(ERROR, "", 4, added=False),)))
    assert planned(of).summary is None


WHOLE = """\
**2 new findings (1 error), 1 possible one, 1 older one not shown, 1 file not reviewed.**

**By file**

- `Dockerfile`: 1 error and 1 warning
- `other`: 1 warning

**In files that this change leaves as they are**

- `other`, [line 6](head:other#L6) ([`poor`](https://hullcheck.example/rules/poor)): Line 6 breaks poor. It will hurt.

<details><summary>Possible, but not sure (1)</summary>

- `Dockerfile`, [line 7](head:Dockerfile#L7) ([`maybe`](https://hullcheck.example/rules/maybe)): \
Line 7 breaks maybe. It will hurt.

</details>

**Not reviewed**

- `link/Dockerfile`: a symbolic link

**Faults in the policy**

- line 3\\:\u200b unknown key \\`rulez\\`

**Rules that crashed; the others still spoke**

- `odd` on `Dockerfile`: KeyError\\:\u200b \\'x\\'

**Suppressions that this change adds**

- `Dockerfile`, [line 29](head:Dockerfile#L29) silences [`quiet`](https://hullcheck.example/rules/quiet), \
because: as \\*\u200bagreed\\*\u200b

<details><summary>For coding agents</summary>

```text
1. Dockerfile:5 [bad] Line 5 breaks bad. It will hurt. Required outcome: %OPEN.
2. other:6 [poor] Line 6 breaks poor. It will hurt. Required outcome: %OPEN.
3. Dockerfile:7 [maybe] Line 7 breaks maybe. It will hurt. Required outcome: %OPEN.

%SILENCE
```

</details>

<sub>Reviewed a1a1a1a1.</sub>""".replace("%OPEN", agents.OPEN).replace("%SILENCE", agents.SILENCE)


def test_a_whole_summary() -> None:
    report = Report(
        (ERROR, replace(WARNING, path="other"), POSSIBLE, OLDER),
        suppressed=(
            Suppressed(finding(30, "quiet"), "as *agreed*", 29, added=True),
            Suppressed(GONE, "", 1, added=False),
        ),
        crashes=(Crash("odd", "Dockerfile", "KeyError: 'x'"),),
    )
    unread = (Unread("link/Dockerfile", "a symbolic link"),)
    of = replace(review(), report=report, unread=unread, policy_faults=("line 3: unknown key `rulez`",))
    assert summary(of) == WHOLE


def test_a_summary_that_stands_is_edited_even_when_all_is_clean_now() -> None:
    said = carried_out(planned(review(ERROR)))
    assert (planned(reviewed(OLD, NEW, head="d4" * 20), said).summary or "").startswith("**No new findings.**")


def test_a_summary_that_says_the_same_is_left_alone() -> None:
    said = carried_out(planned(review(ERROR)))
    assert said.summary is not None
    windows = replace(said, summary=replace(said.summary, body=said.summary.body.replace("\n", "\r\n")))
    assert planned(review(ERROR), windows).summary is None


def test_findings_over_the_cap_are_listed_and_annotated() -> None:
    plan = planned(review(ERROR, WARNING), how=manner(cap=1))
    assert [comment.line for comment in plan.comments] == [5]
    assert "**More findings than fit as comments**" in (plan.summary or "")
    assert [(note.path, note.start_line, note.level) for note in plan.check.annotations] == [
        ("Dockerfile", 6, "warning")
    ]


def test_what_has_a_comment_and_what_is_only_possible_is_not_annotated() -> None:
    assert planned(review(ERROR, finding(20), POSSIBLE)).check.annotations == ()


def test_what_is_only_possible_says_what_is_not_known() -> None:
    doubtful = replace(POSSIBLE, doubt="the base image may set it")
    assert "It will hurt. Not certain: the base image may set it.\n" in summary(review(ERROR, doubtful))


def test_a_long_list_is_folded() -> None:
    elsewhere = [finding(line, f"rule-{line}", path="other") for line in range(1, 13)]
    assert "<summary>In files that this change leaves as they are (12)</summary>" in summary(review(*elsewhere))


@pytest.mark.parametrize("limit", [60_000, 20_000, 5_000, 1_500, 500])
def test_a_summary_keeps_to_its_limit_and_its_markup_whole(limit: int) -> None:
    elsewhere = [
        finding(line, f"rule-{line}", path=f"other{line % 3}", message="`x` is so. " * 20) for line in range(1, 120)
    ]
    how = manner(can=replace(GITHUB_CAN, body_limit=limit))
    plan = planned(review(*elsewhere), how=how)
    for text in (plan.summary or "", plan.check.summary):
        assert len(text) <= limit
        assert text.count("<details>") == text.count("</details>")
        assert all(token.content.endswith("\n") for token in MarkdownIt().parse(text) if token.type == "fence")
        assert text.startswith("**119 new findings")


def test_the_list_for_agents_goes_first_and_counts_stay() -> None:
    elsewhere = [finding(line, f"rule-{line}", path="other") for line in range(1, 60)]
    how = manner(can=replace(GITHUB_CAN, body_limit=15_000))
    text = planned(review(*elsewhere), how=how).summary or ""
    assert "For coding agents" not in text
    assert "rule-59" in text
    shorter = planned(review(*elsewhere), how=manner(can=replace(GITHUB_CAN, body_limit=5_000))).summary or ""
    assert "rule-10" in shorter
    assert "- and 49 more\n" in shorter
    tight = planned(review(*elsewhere), how=manner(can=replace(GITHUB_CAN, body_limit=2_000))).summary or ""
    assert "59 entries, too many to be listed here." in tight


def test_one_rule_on_many_lines_is_one_entry_of_a_list() -> None:
    many = [finding(line, "some-rule", path="other", message="`x` is so.") for line in range(1, 15)]
    text = summary(review(*many))
    assert text.count("`x` is so. The same holds for lines 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 and 3 more.") == 1


STAGES = """\
FROM python:3.13-slim AS one
FROM one AS two
FROM two AS three
EXPOSE 80
"""


def with_image(*found: Finding) -> Reviewed:
    """Return a review whose summary has a table, a diagram, a list and a block for agents."""
    before, after = {"Dockerfile": STAGES.encode()}, {"Dockerfile": f"{STAGES}USER 7\n".encode()}
    of = reviewed(STAGES, f"{STAGES}USER 7\n", *found)
    return replace(of, changes=changes(before, after))


def test_a_longer_summary_loses_its_parts_in_the_stated_order() -> None:
    elsewhere = [finding(line, f"rule-{line}", path="other", message="`x` is so. " * 5) for line in range(1, 30)]
    marks = {
        "agents": "For coding agents",
        "diagram": "```mermaid",
        "list": "(29)",
        "table": "| User |",
        "ten": "19 more",
    }
    seen: list[frozenset[str]] = []
    of = with_image(*elsewhere)
    for limit in range(20_000, 300, -50):
        text = planned(of, how=manner(can=replace(GITHUB_CAN, body_limit=limit))).check.summary
        assert len(text) <= limit
        assert text.count("<details>") == text.count("</details>")
        assert text.count("```") % 2 == 0
        there = frozenset(name for name, mark in marks.items() if mark in text)
        if there not in seen:
            seen.append(there)
    full = frozenset({"agents", "diagram", "list", "table"})
    assert seen == [
        full,
        full - {"agents"},
        frozenset({"list", "table"}),
        frozenset({"list", "table", "ten"}),
        frozenset({"list", "ten"}),
        frozenset(),
    ]


def test_a_forge_without_mermaid_gets_no_diagram() -> None:
    how = manner(can=replace(GITHUB_CAN, mermaid=False))
    text = planned(with_image(ERROR), how=how).check.summary
    assert "mermaid" not in text
    assert "| User | root by default | `7` |" in text
