"""What is too small for a comment of its own, and who wants it on its line all the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import rules
from rules.policy import DEFAULT, Policy
from rules.problem import Severity

if TYPE_CHECKING:
    from rules.report import Finding

ADDS_A_FOLDER = 'FROM python:3.13-slim\nWORKDIR /srv\nADD app/ app/\nUSER 10001\nCMD ["python", "app/main.py"]\n'
LEAVES_LISTS = (
    "FROM debian:13-slim\nRUN apt-get update && apt-get install -y --no-install-recommends gdb\n"
    'USER 10001\nCMD ["gdb"]\n'
)


def found(rule: str, text: str, path: str = "Dockerfile", policy: Policy = DEFAULT) -> Finding:
    findings = rules.review({}, {path: text.encode()}, policy=policy).findings
    return next(finding for finding in findings if finding.rule == rule)


def test_what_changes_nothing_is_minor() -> None:
    finding = found("add-instead-of-copy", ADDS_A_FOLDER)
    assert finding.minor
    assert not finding.wants_comment


@pytest.mark.parametrize(
    "policy",
    [
        Policy(rules={"add-instead-of-copy": "on"}),
        Policy(rules={"add-instead-of-copy": Severity.INFO}),
        Policy(fail_on=Severity.INFO),
    ],
    ids=["named", "with a weight", "failing on it"],
)
def test_a_policy_that_asks_for_it_has_it_on_its_line(policy: Policy) -> None:
    assert found("add-instead-of-copy", ADDS_A_FOLDER, policy=policy).wants_comment


def test_a_policy_that_fails_on_graver_ones_leaves_it_where_it_is() -> None:
    assert found("add-instead-of-copy", ADDS_A_FOLDER, policy=Policy(fail_on=Severity.WARNING)).minor


@pytest.mark.parametrize(
    "path",
    [
        "Dockerfile.dev",
        ".devcontainer/Dockerfile",
        "tests/image/Dockerfile",
        ".clusterfuzzlite/Dockerfile",
        "projects/oss-fuzz/Dockerfile",
        "issues/issue48/Dockerfile",
    ],
)
def test_what_ships_too_much_is_minor_where_nothing_ships(path: str) -> None:
    assert found("package-cache-left", LEAVES_LISTS).wants_comment
    assert found("package-cache-left", LEAVES_LISTS, path).minor


def test_what_ships_too_much_is_minor_in_an_image_to_build_fuzzers_in() -> None:
    text = LEAVES_LISTS.replace("debian:13-slim", "gcr.io/oss-fuzz-base/base-builder-go:v1")
    assert found("package-cache-left", text).minor


def test_a_single_number_in_a_file_of_two_stages_is_minor() -> None:
    two = "FROM debian:13-slim\nFROM debian:13-slim\nCOPY --from=0 /srv /srv\n"
    assert found("copy-from-stage-index", two).minor
    assert found("copy-from-stage-index", f"FROM debian:13-slim\n{two}").wants_comment


def test_an_escape_at_the_end_of_a_file_is_minor() -> None:
    assert found("empty-continuation", "FROM debian:13-slim\nRUN echo one \\\n").minor


def test_a_relative_destination_that_a_workdir_below_names_whole_is_minor() -> None:
    text = "FROM debian:13-slim AS base\nCOPY . shop/\nFROM base\nWORKDIR /shop\n"
    assert found("copy-relative-without-workdir", text).minor
    assert found("copy-relative-without-workdir", text.replace("/shop\n", "/srv\n")).wants_comment
