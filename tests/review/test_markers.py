"""A hidden mark is recognised when we wrote it for this pull request, and only then."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.review.markers import Marker, Signer, strip
from tests.review.build import HEAD, pull_request

OURS = Signer.for_pull_request(b"key", pull_request())
MARK = Marker("comment", HEAD, ("aa11", "bb22"), ("aa11",))


@given(
    st.sampled_from(["comment", "fixed", "review", "summary"]),
    st.text("0123456789abcdef", max_size=40),
    st.lists(st.text("0123456789abcdef", min_size=1, max_size=32), max_size=40).map(tuple),
)
def test_what_was_written_is_read(kind: str, head: str, fingerprints: tuple[str, ...]) -> None:
    marker = Marker(kind, head, fingerprints, fingerprints[:1])  # type: ignore[arg-type]  # one of the four
    assert OURS.read(f"some words\n\n{OURS.write(marker)}\n") == marker


def test_a_mark_is_one_line_of_html_comment() -> None:
    assert re.fullmatch(r"<!-- [^\n>]+ -->", OURS.write(MARK))


def test_line_ends_that_a_forge_changed_do_no_harm() -> None:
    assert OURS.read(f"words\r\n\r\n{OURS.write(MARK)}\r\n") == MARK


@pytest.mark.parametrize(
    "other",
    [
        Signer.for_pull_request(b"another key", pull_request()),
        Signer.for_pull_request(b"key", replace(pull_request(), repository_id=100)),
        Signer.for_pull_request(b"key", pull_request(key=pull_request().key._replace(number=8))),
        Signer.for_pull_request(b"key", pull_request(key=pull_request().key._replace(instance="gitlab.example"))),
    ],
    ids=["server", "repository", "number", "instance"],
)
def test_a_mark_of_another_server_or_pull_request_is_not_ours(other: Signer) -> None:
    assert OURS.read(other.write(MARK)) is None


def test_a_renamed_repository_keeps_its_marks() -> None:
    renamed = pull_request(key=pull_request().key._replace(repository="octo/renamed"))
    assert Signer.for_pull_request(b"key", renamed).read(OURS.write(MARK)) == MARK


@pytest.mark.parametrize(
    "changed",
    [("comment", "fixed"), (HEAD, "f" * 40), ("aa11,bb22", "aa11"), ("done=aa11", "done=bb22"), (" done=aa11", "")],
)
def test_a_mark_that_was_changed_is_not_ours(changed: tuple[str, str]) -> None:
    assert OURS.read(OURS.write(MARK).replace(*changed)) is None


def test_a_copy_of_a_real_mark_in_quoted_text_does_not_count() -> None:
    stolen = OURS.write(Marker("summary", HEAD))
    body = f"```\n{stolen}\n```\n\n{OURS.write(MARK)}"
    assert OURS.read(body) == MARK


def test_a_mark_inside_a_line_is_none() -> None:
    assert OURS.read(f"`{OURS.write(MARK)}`") is None


def test_the_key_is_never_shown() -> None:
    assert "key" not in repr(OURS).replace("key=", "")
    assert "b'" not in repr(OURS)


def test_a_body_without_its_mark_is_its_words() -> None:
    assert strip(f"words\n\n{OURS.write(MARK)}\n") == "words"
