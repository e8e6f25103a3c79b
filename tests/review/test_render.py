"""The words of a comment."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from markdown_it import MarkdownIt

from bot.review.plan import Reviewed
from bot.review.render import HEDGE, TOO_LONG
from rules.dockerfile.source import Source
from rules.problem import Confidence, Note, Severity
from rules.report import Report
from tests.review.build import (
    BASE,
    GITHUB_CAN,
    GITLAB,
    GITLAB_CAN,
    HEAD,
    PATH,
    changed_file,
    edit,
    finding,
    fix,
    manner,
    numbered,
    planned,
    pull_request,
    reviewed,
)

BEFORE = 'FROM python:3.12 AS base\nENTRYPOINT ["/init"]\nFROM base AS prod\nUSER app\n'
AFTER = BEFORE.replace("FROM base AS prod", "FROM python:3.12 AS prod")
LOST = Note(Source(PATH, BEFORE).line_span(2), "set here before", before=True)
MESSAGE = '`prod` no longer starts anything: it loses `ENTRYPOINT ["/init"]`. `docker run` fails.'


def words(body: str) -> str:
    """Return a body without its hidden mark, with short links."""
    shown = re.sub(r"\n\n<!-- hullcheck:.*-->\Z", "", body)
    return shown.replace(f"https://forge.example/octo/app/blob/{HEAD}/", "head:").replace(
        f"https://forge.example/octo/app/blob/{BASE}/", "base:"
    )


def test_a_comment_says_the_fact_the_place_and_the_way_out() -> None:
    repair = fix(AFTER, "USER app", 'USER app\nENTRYPOINT ["/init"]', "Restate the start command")
    lost = finding(3, "entrypoint-lost", MESSAGE, severity=Severity.ERROR, fix=repair, notes=(LOST,))
    (comment,) = planned(reviewed(BEFORE, AFTER, lost)).comments
    assert (comment.line, comment.start_line) == (4, None)
    assert (
        words(comment.body)
        == """\
**`prod` no longer starts anything: it loses `ENTRYPOINT ["/init"]`.** `docker run` fails.

This is about [line 3](head:Dockerfile#L3): `FROM python:3.12 AS prod`

- set here before ([line 2](base:Dockerfile#L2))

Restate the start command:

```suggestion
USER app
ENTRYPOINT ["/init"]
```

<sub>[`entrypoint-lost`](https://hullcheck.example/rules/entrypoint-lost) · error · \
silence it with `# hullcheck ignore=entrypoint-lost <reason>` above the instruction</sub>"""
    )


def test_gitlab_is_told_how_far_up_a_suggestion_reaches() -> None:
    swap = fix(AFTER, "FROM python:3.12 AS prod\nUSER app", "USER app\nFROM x")
    (comment,) = planned(reviewed(BEFORE, AFTER, finding(3, fix=swap)), how=manner(GITLAB, GITLAB_CAN)).comments
    assert "```suggestion:-1+0\nUSER app\nFROM x\n```" in comment.body
    assert (comment.start_line, comment.line, comment.old_line) == (3, 4, 4)


def test_a_deleted_line_is_an_empty_suggestion() -> None:
    (comment,) = planned(reviewed(None, AFTER, finding(4, fix=fix(AFTER, "USER app\n", "")))).comments
    assert "\n```suggestion\n```\n" in comment.body


def test_a_fix_without_a_button_is_shown_as_a_patch() -> None:
    text = AFTER.replace("\n", "\r\n")
    (comment,) = planned(reviewed(None, text, finding(4, fix=fix(text, "app", "nobody")))).comments
    assert "Repair it:\n\n```diff\n@@ -3,2 +3,2 @@\n" in comment.body
    assert "\n-USER app\n+USER nobody\n```" in comment.body


def test_findings_that_meet_on_one_line_are_one_comment_with_one_button() -> None:
    one = finding(4, "a", severity=Severity.ERROR, fix=fix(AFTER, "USER", "user", "Write it small"))
    two = finding(4, "b", notes=(LOST,))
    three = finding(4, "c", severity=Severity.INFO, fix=fix(AFTER, "app", "nobody"))
    (comment,) = planned(reviewed(BEFORE, AFTER, one, two, three)).comments
    rule = "https://hullcheck.example/rules"
    assert (
        words(comment.body)
        == f"""\
**Three things here:**

1. **Line 4 breaks a.** It will hurt. ([`a`]({rule}/a), error)

2. **Line 4 breaks b.** It will hurt. ([`b`]({rule}/b), warning)

   - set here before ([line 2](base:Dockerfile#L2)): `ENTRYPOINT ["/init"]`

3. **Line 4 breaks c.** It will hurt. ([`c`]({rule}/c), info)

Write it small; repair it (repairs 1 and 3):

```suggestion
user nobody
```

<sub>Silence one with `# hullcheck ignore=<rule> <reason>` above the instruction</sub>"""
    )


def test_what_is_likely_is_said_to_be_likely() -> None:
    (comment,) = planned(reviewed(None, AFTER, finding(4, confidence=Confidence.LIKELY))).comments
    assert f"\n\n{HEDGE}: a build may pass another value.\n\n" in comment.body


def test_a_line_outside_the_diff_is_quoted_on_the_file() -> None:
    old, new = numbered(40), numbered(40, changed=[5])
    (comment,) = planned(reviewed(old, new, finding(20))).file_comments
    assert comment.line is None
    assert "This is about [line 20](head:Dockerfile#L20): `RUN step 20`" in words(comment.body)


def test_a_group_names_its_further_lines() -> None:
    (comment,) = planned(reviewed(None, AFTER, *(finding(line) for line in (1, 2, 3)))).comments
    assert words(comment.body).startswith(
        "**Line 1 breaks some-rule.** It will hurt.\n\nThe same here:\n\n"
        "- [line 2](head:Dockerfile#L2): Line 2 breaks some-rule.\n"
        "- [line 3](head:Dockerfile#L3): Line 3 breaks some-rule.\n"
    )


def test_further_lines_with_the_same_words_are_named_in_one_sentence() -> None:
    group = (finding(line, message="`x` is so. It will hurt.") for line in (1, 2, 3))
    (comment,) = planned(reviewed(None, AFTER, *group)).comments
    assert words(comment.body).startswith(
        "**`x` is so.** It will hurt.\n\n"
        "The same here: [line 2](head:Dockerfile#L2) and [line 3](head:Dockerfile#L3).\n\n"
    )


def test_a_long_list_of_further_lines_is_collapsed() -> None:
    many = numbered(30)
    (comment,) = planned(reviewed(None, many, *(finding(line) for line in range(1, 14)))).comments
    assert "<details><summary>The same in 12 more places</summary>\n\n- [line 2]" in words(comment.body)
    plain = manner(can=replace(GITHUB_CAN, collapsible=False))
    (comment,) = planned(reviewed(None, many, *(finding(line) for line in range(1, 14))), how=plain).comments
    assert "<details>" not in comment.body


@pytest.mark.parametrize(
    ("message", "repeated"),
    [
        ('`prod` loses `ENTRYPOINT ["/init"]`. `base` set it at line 2.', False),
        ("`prod` loses its start command. `base` set it at line 2.", True),
        ('`prod` loses `ENTRYPOINT ["/init"]`.', True),
    ],
)
def test_a_note_that_the_message_already_holds_is_not_repeated(message: str, *, repeated: bool) -> None:
    (comment,) = planned(reviewed(BEFORE, AFTER, finding(3, message=message, notes=(LOST,)))).comments
    assert ("set here before" in comment.body) is repeated


def test_a_range_below_the_start_of_its_instruction_says_where_that_is() -> None:
    old, new = numbered(40), numbered(40, changed=[20])
    (comment,) = planned(reviewed(old, new, finding(15, end_line=20))).comments
    assert (comment.start_line, comment.line) == (17, 20)
    assert "It begins at [line 15](head:Dockerfile#L15): `RUN step 15`" in words(comment.body)


def test_the_same_words_are_said_once() -> None:
    message = "Pip keeps its cache. Nobody reads it."
    found = [finding(line, message=message, confidence=Confidence.LIKELY) for line in (4, 1)]
    first, second = planned(reviewed(None, AFTER, *found)).comments
    assert words(first.body).startswith(
        f"**Pip keeps its cache.** Nobody reads it.\n\n{HEDGE}: a build may pass another value.\n\n<sub>"
    )
    assert words(second.body).startswith(
        "**Pip keeps its cache.** The same as at [line 1](head:Dockerfile#L1).\n\n<sub>"
    )


def test_the_same_words_are_said_once_for_several_files() -> None:
    message = "Pip keeps its cache. Nobody reads it."
    paths = ("b/Dockerfile", "a/Dockerfile")
    files = [changed_file(None, AFTER, path) for path in paths]
    found = tuple(finding(1, message=message, path=path) for path in paths)
    review = Reviewed(pull_request(*files), {}, {path: AFTER.encode() for path in paths}, Report(found))
    first, second = planned(review).comments
    assert (first.path, second.path) == ("a/Dockerfile", "b/Dockerfile")
    assert "Nobody reads it." in words(first.body)
    assert words(second.body).startswith(
        "**Pip keeps its cache.** The same as at [line 1](head:a/Dockerfile#L1) of `a/Dockerfile`.\n\n<sub>"
    )


def test_a_note_in_another_file_names_it() -> None:
    note = Note(Source("run.sh", "a\nb\n").line_span(2), "read here", path="run.sh")
    (comment,) = planned(reviewed(BEFORE, AFTER, finding(3, notes=(note,)), extra={"run.sh": b"a\nb\n"})).comments
    assert "- read here ([line 2](head:run.sh#L2) of `run.sh`): `b`" in words(comment.body)


def test_paths_in_links_are_encoded() -> None:
    path = "a b/(x) Dockerfile"
    (comment,) = planned(
        reviewed(numbered(40), numbered(40, changed=[5]), finding(20, path=path), path=path)
    ).file_comments
    assert "(head:a%20b/%28x%29%20Dockerfile#L20)" in words(comment.body)


def test_hostile_lines_stay_data() -> None:
    evil = (
        'FROM x AS "</details><img src=x>` @octocat [a](http://b.example)" <!-- hullcheck:summary head= -->\n/approve\n'
    )
    plan = planned(reviewed(numbered(30) + evil, numbered(1) + numbered(29) + evil + "X", finding(31)))
    for comment in (*plan.comments, *plan.file_comments):
        tokens = [part for token in MarkdownIt().parse(comment.body) for part in (token, *(token.children or ()))]
        links = [token.attrs["href"] for token in tokens if token.type == "link_open"]
        assert all("forge.example" in str(link) or "hullcheck.example" in str(link) for link in links)
        assert {token.content for token in tokens if token.type == "html_inline"} <= {"<sub>", "</sub>"}


LONG = fix(AFTER, "app", "app\n" + "\n".join(f"ENV A{n}={'x' * 50}" for n in range(50)), "Set them")


@pytest.mark.parametrize(
    ("limit", "kept", "gone"),
    [
        (60_000, ["about", "set here", "hurt", "```suggestion"], []),
        (3_800, ["hurt", "```suggestion"], ["about", "set here"]),
        (700, ["starts anything"], ["```suggestion", "hurt"]),
        (100, [TOO_LONG], ["starts anything"]),
    ],
)
def test_a_long_body_gives_up_its_parts_in_order(limit: int, kept: list[str], gone: list[str]) -> None:
    told = finding(3, message=MESSAGE.replace("fails", "will hurt " * 30), fix=LONG, notes=(LOST,))
    how = manner(can=replace(GITHUB_CAN, body_limit=limit))
    (comment,) = planned(reviewed(BEFORE, AFTER, told), how=how).comments
    assert all(part in comment.body for part in kept)
    assert not any(part in comment.body for part in gone)
    assert len(comment.body) <= max(limit, 400)
    assert how.signer.read(comment.body)


def test_a_patch_gives_way_before_anything_else() -> None:
    text = AFTER.replace("\n", "\r\n")
    told = finding(3, fix=fix(text, "app", "app\n" + "\n".join("ENV A=" + "x" * 50 for _ in range(50))), notes=(LOST,))
    review = reviewed(BEFORE.replace("\n", "\r\n"), text, told)
    (whole,) = planned(review).comments
    (cut,) = planned(review, how=manner(can=replace(GITHUB_CAN, body_limit=1_500))).comments
    assert "```diff" in whole.body
    assert "```diff" not in cut.body
    assert "set here before" in cut.body


def test_all_edits_of_a_fix_are_in_its_suggestion() -> None:
    both = fix(AFTER, "USER", "user")
    both = replace(both, edits=(*both.edits, edit(AFTER, "app", "nobody")))
    (comment,) = planned(reviewed(None, AFTER, finding(4, fix=both))).comments
    assert "```suggestion\nuser nobody\n```" in comment.body
