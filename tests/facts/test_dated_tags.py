"""Debian's and Ubuntu's tags of one day say what the suite in them says."""

from __future__ import annotations

from tests.facts.test_images import facts


def test_a_dated_tag_is_the_suite_as_it_was_on_one_day() -> None:
    dated, suite = facts("debian:bookworm-20240513-slim"), facts("debian:bookworm-slim")
    assert dated.exact
    assert (dated.tag, dated.listed, dated.stopped) == ("bookworm-20240513-slim", None, None)
    assert (dated.release, dated.tools, dated.users) == (suite.release, suite.tools, suite.users)


def test_a_dated_tag_of_a_name_that_moves_is_not_what_that_name_means_now() -> None:
    assert not facts("debian:stable-20201117-slim").exact
