"""Which fixes become a button, and which are shown as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.review.files import Files
from bot.review.placement import locate
from bot.review.suggestions import Remedy, Suggestion, remedies
from bot.review.topics import topics
from rules.dockerfile.source import Source
from rules.problem import Edit, Fix, Severity
from tests.review.build import GITHUB_CAN, PATH, edit, finding, fix, numbered, reviewed

if TYPE_CHECKING:
    from bot.review.plan import Reviewed
    from rules.report import Finding

TEXT = "FROM python:3.12\nRUN pip install a\nUSER app\n"


def offered(review: Reviewed) -> list[Remedy]:
    files = Files.of(review.pull_request, review.before, review.after)
    return list(
        remedies(
            [(topic, locate(topic, files, GITHUB_CAN)) for topic in topics(review.report.findings)], files
        ).values()
    )


def button(after: str, repair: Fix, before: str | None = None, line: int = 1) -> Suggestion | None:
    """Return the suggestion for one fix in a file that is new unless `before` is given."""
    (remedy,) = offered(reviewed(before, after, finding(line, fix=repair)))
    assert remedy.suggestion or remedy.patch or repair.title == "none"
    return remedy.suggestion


def at(text: str, line: int, new: str) -> Fix:
    """Insert text at the start of a line."""
    start = Source(PATH, text).line_starts[line - 1]
    return Fix("Insert", (Edit(Source(PATH, text).span(start, start), new),))


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("3.12", "3.12-slim", Suggestion(1, 1, "FROM python:3.12-slim")),
        ("app", "app\nCMD x", Suggestion(3, 3, "USER app\nCMD x")),
        ("RUN pip install a\n", "", Suggestion(2, 2, None)),
        ("RUN pip install a\nUSER app", "USER app\nRUN x", Suggestion(2, 3, "USER app\nRUN x")),
        ("a\nUSER", "a USER", Suggestion(2, 3, "RUN pip install a USER app")),
        ("\nUSER app", "", Suggestion(3, 3, None)),
        ("3.12\nRUN pip install", "3.12\nRUN pip3 install", Suggestion(2, 2, "RUN pip3 install a")),
        ("USER", "\nUSER", Suggestion(2, 3, "RUN pip install a\n\nUSER app")),
        ("FROM python:3.12\n", "FROM x\n\n", Suggestion(1, 2, "FROM x\n\nRUN pip install a")),
    ],
    ids=[
        "word", "line behind", "deleted", "swapped", "joined", "last line deleted", "one line of two", "blank line",
         "blank line at the end"],
)  # fmt: skip
def test_an_edit_becomes_whole_lines(old: str, new: str, expected: Suggestion) -> None:
    assert button(TEXT, fix(TEXT, old, new)) == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [(1, Suggestion(2, 2, "RUN pip install a\nENV A=1")), (3, Suggestion(3, 3, "ENV A=1\nUSER app"))],
)
def test_a_line_is_inserted_at_the_line_nearer_to_the_finding(line: int, expected: Suggestion) -> None:
    assert button(TEXT, at(TEXT, 3, "ENV A=1\n"), line=line) == expected


@pytest.mark.parametrize(("number", "line"), [(2, 2), (9, 8)])
def test_a_line_inserted_at_a_hunks_edge_hangs_on_the_line_that_is_shown(number: int, line: int) -> None:
    after = numbered(20, changed=[5])
    made = button(after, at(after, number, "ENV A=1\n"), before=numbered(20), line=9 if number == 9 else 1)
    assert made is not None
    assert (made.first, made.last) == (line, line)


def test_a_line_is_inserted_before_the_first() -> None:
    assert button(TEXT, at(TEXT, 1, "# syntax=x\n")) == Suggestion(1, 1, "# syntax=x\nFROM python:3.12")


@pytest.mark.parametrize("text", [TEXT, TEXT.rstrip("\n")])
def test_a_line_is_appended_to_the_file(text: str) -> None:
    end = Source(PATH, text).span(len(text), len(text))
    new = "CMD x\n" if text.endswith("\n") else "\nCMD x"
    assert button(text, Fix("Append", (Edit(end, new),))) == Suggestion(3, 3, "USER app\nCMD x")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("3.12", "3.12"),
        ("pip install a", "x\n/approve"),
        ("3.12", "3.12\u202e"),
        ("3.12", "3.12\udc80"),
        ("3.12", "3.12\x00"),
        ("3.12", "3.12\rx"),
    ],
    ids=["no-op", "quick action", "bidi", "not UTF-8", "NUL", "carriage return"],
)
def test_what_a_forge_would_not_take_or_would_run_is_no_button(old: str, new: str) -> None:
    (remedy,) = offered(reviewed(None, TEXT, finding(1, fix=fix(TEXT, old, new))))
    assert remedy.suggestion is None


def test_a_file_with_carriage_returns_gets_the_patch_as_text() -> None:
    text = TEXT.replace("\n", "\r\n")
    (remedy,) = offered(reviewed(None, text, finding(3, fix=fix(text, "app", "app\nCMD x"))))
    assert remedy.suggestion is None
    assert remedy.patch == "@@ -3 +3,2 @@\n USER app\n+CMD x"


@pytest.mark.parametrize("text", ["A\r\nB\r\nC\r\n", "A\nB\nC\r\n"])
def test_not_even_a_deletion_is_a_button_in_a_file_with_carriage_returns(text: str) -> None:
    assert button(text, fix(text, "B\n" if "B\n" in text else "B\r\n", "")) is None


def test_lines_outside_the_diff_get_the_patch_as_text() -> None:
    after = numbered(40, changed=[5])
    (remedy,) = offered(reviewed(numbered(40), after, finding(5, fix=fix(after, "step 20", "step twenty"))))
    assert remedy.suggestion is None
    assert "+RUN step twenty" in remedy.patch


def test_lines_of_two_hunks_get_the_patch_as_text() -> None:
    after = numbered(40, changed=[5, 30])
    two = Fix("Both", (edit(after, "step 5 new", "five"), edit(after, "step 30 new", "thirty")))
    assert button(after, two, before=numbered(40), line=5) is None


def test_lines_between_which_one_was_deleted_get_the_patch_as_text() -> None:
    after = numbered(10).replace("RUN step 5\n", "")
    assert button(after, fix(after, "RUN step 4\nRUN step 6", "RUN a\nRUN b"), before=numbered(10), line=4) is None


def test_two_fixes_of_one_line_share_a_button() -> None:
    strong = finding(2, "a", severity=Severity.ERROR, fix=fix(TEXT, "pip", "pip3"))
    weak = finding(2, "b", fix=fix(TEXT, "install a", "install a==1"))
    first, second = offered(reviewed(None, TEXT, weak, strong))
    assert (first.suggestion, first.others) == (Suggestion(2, 2, "RUN pip3 install a==1"), 1)
    assert (second.suggestion, second.elsewhere) == (None, first.suggestion)


def test_of_two_fixes_that_exclude_one_another_the_weaker_loses_its_button() -> None:
    strong = finding(2, "a", severity=Severity.ERROR, fix=fix(TEXT, "pip install a", "true"))
    weak = finding(2, "b", fix=fix(TEXT, "install a", "install a==1"))
    first, second = offered(reviewed(None, TEXT, weak, strong))
    assert first.suggestion == Suggestion(2, 2, "RUN true")
    assert (second.suggestion, second.elsewhere) == (None, None)
    assert "+RUN pip install a==1" in second.patch


def test_two_different_insertions_at_one_place_exclude_one_another() -> None:
    one, other = at(TEXT, 3, "ENV A=1\n"), at(TEXT, 3, "ENV B=1\n")
    first, second = offered(reviewed(None, TEXT, finding(2, "a", fix=one), finding(2, "b", fix=other)))
    assert first.suggestion == Suggestion(2, 2, "RUN pip install a\nENV A=1")
    assert (second.suggestion, second.elsewhere) == (None, None)
    assert "+ENV B=1" in second.patch


def test_two_different_insertions_between_two_lines_exclude_one_another_whichever_line_they_hang_on() -> None:
    strong = finding(2, "a", severity=Severity.ERROR, fix=at(TEXT, 3, "ENV A=1\n"))
    weak = finding(3, "b", fix=at(TEXT, 3, "ONBUILD "))
    first, second = offered(reviewed(None, TEXT, weak, strong))
    assert first.suggestion is not None
    assert second.suggestion is None
    assert second.patch


def test_one_edit_that_repairs_two_findings_is_offered_once() -> None:
    same = fix(TEXT, "pip", "pip3")
    first, second = offered(reviewed(None, TEXT, finding(2, "a", fix=same), finding(3, "b", fix=same)))
    assert first.suggestion == second.elsewhere == Suggestion(2, 2, "RUN pip3 install a")


def test_one_line_that_two_findings_want_inserted_is_inserted_once() -> None:
    """One finding stands above the place, one below: alone, each would hang the line on its own neighbour."""
    one = finding(2, "a", severity=Severity.ERROR, fix=at(TEXT, 3, "ENV A=1\n"))
    other = finding(3, "b", fix=at(TEXT, 3, "ENV A=1\n"))
    first, second = offered(reviewed(None, TEXT, one, other))
    assert first.suggestion is not None
    assert first.suggestion == second.elsewhere


def test_a_final_newline_alone_is_no_button() -> None:
    text = TEXT.rstrip("\n")
    (remedy,) = offered(reviewed(None, text, finding(3, fix=fix(text, "app", "app\n"))))
    assert remedy.suggestion is None


def test_a_replacement_that_is_blank_to_the_end_of_the_file_is_no_button() -> None:
    assert button("A\nB\n", fix("A\nB\n", "A\nB", "\n")) is None


def test_a_fix_that_bridges_two_buttons_joins_them() -> None:
    found = [
        finding(1, "a", severity=Severity.ERROR, fix=fix(TEXT, "3.12", "3.13")),
        finding(3, "b", severity=Severity.ERROR, fix=fix(TEXT, "app", "nobody")),
        finding(2, "c", fix=Fix("All", (edit(TEXT, "FROM", "from"), edit(TEXT, "USER", "user")))),
    ]
    first, second, third = offered(reviewed(None, TEXT, *found))
    assert first.suggestion == Suggestion(1, 3, "from python:3.13\nRUN pip install a\nuser nobody")
    assert second.elsewhere == third.elsewhere == first.suggestion


def test_a_fix_in_another_file_is_shown_with_its_name() -> None:
    ignore = ".dockerignore"
    repair = Fix("Ignore it", (Edit(Source(ignore, "a\n").span(2, 2), ".git\n", ignore),))
    (remedy,) = offered(reviewed(None, TEXT, finding(1, fix=repair), extra={ignore: b"a\n"}))
    assert remedy.patch == "--- .dockerignore\n+++ .dockerignore\n@@ -1 +1,2 @@\n a\n+.git"


def group(text: str, *repairs: Fix | None) -> tuple[Finding, ...]:
    return tuple(finding(line, fix=repair) for line, repair in enumerate(repairs, 1))


def test_a_group_is_repaired_by_one_button() -> None:
    repairs = [fix(TEXT, "FROM", "from"), fix(TEXT, "RUN", "run"), fix(TEXT, "USER", "user")]
    (remedy,) = offered(reviewed(None, TEXT, *group(TEXT, *repairs)))
    assert remedy.suggestion == Suggestion(1, 3, "from python:3.12\nrun pip install a\nuser app")


def test_a_group_of_which_one_finding_has_no_fix_shows_the_patch() -> None:
    (remedy,) = offered(reviewed(None, TEXT, *group(TEXT, None, fix(TEXT, "RUN", "run"), fix(TEXT, "USER", "user"))))
    assert remedy.suggestion is None
    assert (remedy.title, remedy.patch.count("\n+")) == ("Repair it", 2)


def test_a_suggestion_longer_than_gitlab_takes_is_no_button() -> None:
    after = numbered(200)
    far = Fix("Both", (edit(after, "step 1\n", "one\n"), edit(after, "step 150\n", "last\n")))
    assert button(after, far) is None
