"""Comments in the file silence rules, and are reported with their reason."""

from __future__ import annotations

import pytest

import rules
from rules import Report

TEXT = 'FROM node\nUSER node\nCMD ["node"]\n'


def review(text: str, before: str | None = None) -> Report:
    return rules.review({} if before is None else {"Dockerfile": before.encode()}, {"Dockerfile": text.encode()})


def silenced(text: str) -> set[str]:
    return {entry.finding.rule for entry in review(text).suppressed}


@pytest.mark.parametrize(
    "comment",
    [
        "# hullcheck ignore=base-image-unpinned the registry has one tag only",
        "# hullcheck ignore=shell-form-start,base-image-unpinned reasons",
        "# hadolint ignore=DL3006",
        "# hadolint global ignore=DL3006",
        "# hullcheck ignore-file=base-image-unpinned everywhere",
        "# trivy:ignore:AVD-DS-0001",
        "# trivy:ignore:DS001",
        "# hadolint stage ignore=DL3006",
        "# tally ignore=hadolint/DL3006;reason=one tag only",
        "# tally global ignore=hadolint/DL3006",
        "#checkov:skip=CKV_DOCKER_7:one tag only",
    ],
)
def test_a_comment_above_the_instruction_silences_the_rule(comment: str) -> None:
    assert "base-image-unpinned" in silenced(f"{comment}\n{TEXT}")


def test_the_reason_and_the_line_are_reported() -> None:
    entry = review(f"# hullcheck ignore=base-image-unpinned one tag only\n{TEXT}").suppressed[0]
    assert (entry.reason, entry.line, entry.added) == ("one tag only", 1, True)


def test_a_comment_that_stood_there_before_is_not_added() -> None:
    text = f"# hullcheck ignore=base-image-unpinned one tag only\n{TEXT}"
    assert [entry.added for entry in review(text, text).suppressed] == [False]


def test_another_rule_is_not_silenced() -> None:
    assert "base-image-unpinned" not in silenced(f"# hullcheck ignore=final-user-missing\n{TEXT}")


def test_another_instruction_is_not_silenced() -> None:
    text = 'FROM node:22 AS build\n# hullcheck ignore=base-image-unpinned here\nRUN true\nFROM node\nCMD ["node"]\n'
    assert "base-image-unpinned" not in silenced(text)


def test_a_comment_at_the_top_set_off_by_a_blank_line_covers_the_file() -> None:
    text = '# hullcheck ignore=base-image-unpinned all of them\n\nFROM node:22 AS build\nFROM node\nCMD ["node"]\n'
    assert "base-image-unpinned" in silenced(text)


def test_a_comment_on_a_stage_covers_it_to_its_end_and_no_further() -> None:
    text = (
        "# hadolint stage ignore=DL3011\nFROM node:24 AS one\nUSER node\nEXPOSE 80000\n"
        'FROM node:24\nUSER node\nEXPOSE 80001\nCMD ["node"]\n'
    )
    assert [entry.finding.line for entry in review(text).suppressed] == [4]
    assert [f.line for f in review(text).findings if f.rule == "expose-invalid-port"] == [7]


def test_a_comment_of_dockerfile_utils_names_no_rule_and_means_what_it_finds() -> None:
    assert "invalid-syntax" in silenced(f"{TEXT}# dockerfile-utils: ignore\nMODEL llama\n")


def test_checkov_skips_a_check_in_the_whole_file() -> None:
    entry = review(f"{TEXT}# checkov:skip=CKV_DOCKER_7: one tag only").suppressed[0]
    assert (entry.finding.rule, entry.finding.line, entry.reason) == ("base-image-unpinned", 1, "one tag only")


def test_the_comment_on_a_fact_silences_the_rule_that_tells_the_same_as_a_change() -> None:
    before = 'FROM debian:13-slim\nRUN useradd -u 10001 app\nUSER 10001\nCMD ["/app"]\n'
    after = before.replace(
        "USER 10001", "# hullcheck ignore=final-user-root the init process drops privileges\nUSER root"
    )
    report = review(after, before)
    assert [entry.finding.rule for entry in report.suppressed] == ["user-escalated"]
    assert not [f for f in report.findings if f.baseline == "new"]


def test_the_comment_on_a_fact_leaves_what_a_stronger_rule_says_besides() -> None:
    key = "AKIA" + "QYLPMN5HFIQR7XYA"
    text = f"FROM node:24\n# hadolint ignore=DL3064 a public one\nENV API_KEY={key}\nUSER node\n"
    assert "secret-value-literal" in {f.rule for f in review(text).findings}


@pytest.mark.parametrize(
    "head", ["# check=skip=FromAsCasing,StageNameCasing,DL3006\n", "\n# check=skip=DL3006;error=true\n"]
)
def test_a_check_directive_counts_also_where_the_builder_passes_over_it(head: str) -> None:
    assert "base-image-unpinned" in silenced(f"{head}{TEXT}")


def test_a_check_comment_that_no_instruction_follows_does_not_count() -> None:
    assert "base-image-unpinned" not in silenced(f"{TEXT}# check=skip=DL3006\n")


def test_a_check_comment_above_an_instruction_holds_for_it_alone() -> None:
    text = "FROM node:24\n# check=skip=WorkdirRelativePath\nWORKDIR a\nFROM node:24\nWORKDIR b\nUSER node\n"
    report = review(text)
    assert [s.finding.line for s in report.suppressed if s.finding.rule == "workdir-relative"] == [3]
    assert [f.line for f in report.findings if f.rule == "workdir-relative"] == [5]


def test_of_two_check_comments_above_an_instruction_the_first_counts() -> None:
    text = "FROM node:24\n# check=skip=UndefinedVar\n# check=skip=WorkdirRelativePath\nWORKDIR a\nUSER node\n"
    assert "workdir-relative" in {f.rule for f in review(text).findings}


@pytest.mark.parametrize("broken", ["RUNN true\n", "COPY a\n", "# check=skip=all\nFROM node\n"])
def test_a_check_directive_that_skips_all_does_not_skip_what_stops_the_build(broken: str) -> None:
    head = "# check=skip=all\n"
    text = f"{head}{broken}" if broken.startswith("#") else f"{head}{TEXT}{broken}"
    assert "invalid-syntax" in {each.rule for each in review(text).findings}


def test_all_in_a_check_directive_is_all_of_buildkits_checks_and_no_other_rule() -> None:
    body = "FROM node:24 as base\nWORKDIR a\nRUN curl https://example.com/x.sh | sh\nCMD node x.js\n"
    plain = {each.rule for each in review(body).findings}
    silent = plain - {each.rule for each in review(f"# check=skip=all\n{body}").findings}
    assert {"workdir-relative", "shell-form-start"} <= silent
    assert "remote-script-piped-to-shell" in plain - silent


@pytest.mark.parametrize("names", ["ALL", "all,DL4006"])
def test_all_in_a_check_directive_is_the_same_in_capitals_and_beside_other_names(names: str) -> None:
    silent = silenced(f"# check=skip={names}\nFROM node:24\nWORKDIR a\nCMD node x.js\n")
    assert {"workdir-relative", "shell-form-start"} <= silent


@pytest.mark.parametrize("name", ["invalid-syntax", "hadolint,invalid-syntax"])
def test_a_check_directive_that_names_what_stops_the_build_does_not_silence_it(name: str) -> None:
    assert "invalid-syntax" in {each.rule for each in review(f"# check=skip={name}\n{TEXT}RUNN true\n").findings}
