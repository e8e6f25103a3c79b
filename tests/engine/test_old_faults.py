"""An old fault stays an old one where a change only moves the image below it, or calls something otherwise."""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING

import pytest

import rules
from rules import catalogue
from tests.cases import TODAY, Case, flagged

if TYPE_CHECKING:
    from collections.abc import Mapping

OF_THE_BASE = frozenset(
    "base-image-eol base-image-loosened base-image-no-digest base-image-tag-unknown base-image-unpinned "
    "digest-not-renewed from-platform-redundant".split()
)
"""Rules that speak of the reference itself, which is what `moved` changes."""
WITHOUT_NAMES = frozenset({"stage-name-duplicate"})
"""Rules in whose examples nobody can tell which stage is which."""


def moved(text: str) -> str:
    """Hold each stage to another build of its image, with a platform in front: no word of its FROM stays as it was."""
    digest = f"@sha256:{'e' * 64}"
    return re.sub(
        r"(?m)^FROM (?!--)([a-z][\w./-]*:[\w.-]+)(?:@\S+)?", rf"FROM --platform=$TARGETPLATFORM \1{digest}", text
    )


def called_otherwise(text: str) -> str:
    """Give each stage and each argument above the stages another name."""
    for name in re.findall(r"(?m)^FROM .* AS ([a-z]\w*)$", text):
        text = re.sub(rf"(?m)( AS |from=|^FROM ){name}(?![\w:/.-])", rf"\1{name}-2", text)
    for name in re.findall(r"(?m)^ARG (\w+)", text.partition("FROM ")[0]):
        text = re.sub(rf"\b{name}\b", f"{name}_2", text)
    return text


def labelled(text: str) -> str:
    """Put a line below each FROM that has nothing to do with anything."""
    return re.sub(r"(?m)^(FROM [^\\\n]+)$", r"\1" + '\nLABEL org.example.note="one"', text)


def new(case: Case, text: str) -> list[str]:
    """Return the rules that have something new to say of a change of the case's file to a text."""
    _, tree = case.trees()
    report = rules.review(tree, {**tree, case.path: text.encode()}, listing=case.listing(tree), today=TODAY)
    return sorted({found.rule for found in report.findings if found.baseline == "new"} - OF_THE_BASE)


EXAMPLES = [case for rule in catalogue.load() if rule.id not in WITHOUT_NAMES and (case := flagged(rule)) is not None]


CHANGES = {
    "another image below it": moved,
    "other names of stages and arguments besides": lambda text: moved(called_otherwise(text)),
    "a line about something else": labelled,
}


@pytest.mark.parametrize("case", EXAMPLES, ids=lambda case: case.rule)
def test_a_change_of_something_else_makes_an_old_fault_no_new_one(case: Case) -> None:
    # One test for each change of each example would take as long to hand round as to run.
    text = case.blocks["dockerfile"]
    assert {name: new(case, change(text)) for name, change in CHANGES.items()} == {name: [] for name in CHANGES}


@pytest.mark.parametrize("case", EXAMPLES, ids=lambda case: case.rule)
def test_what_a_change_does_not_touch_is_neither_new_nor_repaired(case: Case) -> None:
    _, tree = case.trees()
    listing = case.listing(tree)
    report = rules.review(tree, tree, listing=listing, listing_before=listing, today=TODAY, enable={case.rule})
    assert {found.rule for found in report.findings if found.baseline != "unchanged"} == set()


def baselines(rule: str, before: str, after: str, others: Mapping[str, bytes] = MappingProxyType({})) -> list[str]:
    report = rules.review({"Dockerfile": before.encode()}, {"Dockerfile": after.encode(), **others}, today=TODAY)
    return sorted(found.baseline for found in report.findings if found.rule == rule)


def test_a_renamed_argument_is_the_same_one() -> None:
    text = 'ARG VERSION=1\nFROM debian:13-slim\nRUN fetch "$VERSION"\nCMD ["/app"]\n'
    assert baselines("undefined-variable", text, text.replace("VERSION", "RELEASE")) == ["unchanged"]


def test_a_secret_of_another_name_is_another_one() -> None:
    text = 'FROM debian:13-slim\nARG NPM_TOKEN\nRUN fetch "$NPM_TOKEN"\nCMD ["/app"]\n'
    assert baselines("secret-in-arg-or-env", text, text.replace("NPM_TOKEN", "GIT_TOKEN")) == ["absent", "new"]


def test_what_a_rule_has_a_reason_to_be_silent_about_is_neither_repaired_nor_new() -> None:
    text = 'FROM debian:13-slim\nRUN apt-get update && apt-get install -y tree\nUSER root\nCMD ["/srv/agent"]\n'
    as_root = text.replace("tree", "iptables")
    assert baselines("final-user-root", text, as_root) == []
    assert baselines("final-user-root", as_root, text) == ["unchanged"]
    assert baselines("final-user-root", text, text.replace("USER root", "USER 1000")) == ["absent"]


def test_what_moves_into_a_script_that_a_run_calls_is_not_repaired() -> None:
    text = 'FROM debian:13-slim\nCOPY . /src/\nWORKDIR /src\nRUN pip install shop && rm -rf /src\nCMD ["/app"]\n'
    moved = text.replace("pip install shop && rm -rf /src", "tools/build")
    script = "#!/bin/sh\npip3 install shop\nrm -rf /src\n"
    for rule in ("pip-unpinned", "pip-cache-left", "copied-then-deleted"):
        assert baselines(rule, text, moved, {"tools/build": script.encode()}) == []
        assert baselines(rule, text, moved, {"tools/build": b"#!/bin/sh\nmake\n"}) == ["absent"]
        assert baselines(rule, text, moved) == []


def test_a_run_that_goes_to_the_stage_above_takes_along_what_it_lists() -> None:
    before = "FROM python:3.13-slim AS tools\nRUN pip install requests\n\nFROM tools\nRUN pip install flask\n"
    after = before.replace("\nFROM tools\n", "").replace(" AS tools", "")
    assert baselines("pip-unpinned", before, after) == ["unchanged", "unchanged"]
    assert baselines("pip-unpinned", after, before) == ["unchanged", "unchanged"]


BOTH = """FROM debian:13-slim AS worker
CMD ["/worker"]

FROM debian:13-slim
CMD ["/app"]
"""


def test_the_last_stage_says_what_it_is_for_and_repairs_no_other_one() -> None:
    named = BOTH.replace('slim\nCMD ["/app', 'slim AS production\nCMD ["/app')
    assert baselines("final-user-missing", BOTH, named) == ["unchanged"]
    assert baselines("final-user-missing", named, BOTH) == ["unchanged", "unchanged"]


LOOSE = "FROM python:3.13-slim\nCOPY --from=ghcr.io/astral-sh/uv:latest /uv /bin/\n"


def test_an_image_that_files_are_taken_from_gets_a_stage() -> None:
    staged = "FROM ghcr.io/astral-sh/uv:latest AS uv\n" + LOOSE.replace("=ghcr.io/astral-sh/uv:latest", "=uv")
    assert baselines("unpinned-copy-from-image", LOOSE, staged) == []
    assert baselines("base-image-unpinned", LOOSE, staged) == ["unchanged"]
    assert baselines("base-image-unpinned", LOOSE, staged.replace("AS uv\n", "AS uv\nRUN true\n")) == ["new"]
    assert baselines("unpinned-copy-from-image", LOOSE, staged.replace("uv:latest", "uv:0.9.1")) == ["absent"]


def test_a_digest_is_asked_for_where_an_image_came_and_not_where_it_is_written_otherwise() -> None:
    digest = f"sha256:{'a' * 64}"
    copied = f"FROM debian:13-slim AS app\nCOPY --from=busybox:1.37@{digest} /bin/sh /sh\n"
    staged = f"FROM busybox:1.37@{digest} AS shell\n" + copied.replace(f"busybox:1.37@{digest}", "shell")
    by_argument = "ARG BASE=debian:13-slim\n" + staged.replace("debian:13-slim", "${BASE}")
    rule = "base-image-no-digest"
    assert baselines(rule, copied, staged) == ["unchanged"]
    assert baselines(rule, copied, staged.replace("debian:13-slim", "ubuntu:24.04")) == ["new"]
    assert baselines(rule, staged, by_argument) == []
    assert baselines(rule, by_argument, staged) == ["unchanged"]
    assert baselines(rule, staged, staged.replace("13-slim", f"13-slim@{digest}")) == ["absent"]


def test_a_release_line_that_another_stage_told_is_no_new_one() -> None:
    node, python = "FROM node:{}-bullseye-slim AS {}\nRUN npm run build\n", "FROM python:3.14-slim\n"
    old, newer = node.format("20.19.0", "old"), node.format("22.12.0", "newer")
    copies = "COPY --from=old /a /a\nCOPY --from=newer /b /b\n"
    rule = "base-image-eol"
    assert baselines(rule, old + newer + python + copies, newer + old + python + copies) == ["unchanged", "unchanged"]
    assert baselines(rule, old + python + copies[:25], newer + python + copies[25:]) == ["absent", "new"]


def test_a_copy_and_its_mode_that_a_variable_parts_are_as_they_were() -> None:
    before = 'FROM alpine:3.22\nENV MODE=shop\nCOPY start.sh /start.sh\nRUN chmod +x /start.sh\nCMD ["/start.sh"]\n'
    parted = before.replace("ENV MODE=shop\n", "").replace("RUN", "ENV MODE=shop\nRUN")
    assert baselines("copy-chmod-separate-layer", before, parted) == []
    assert baselines("copy-chmod-separate-layer", parted, before) == ["unchanged"]
    assert baselines("copy-chmod-separate-layer", before, before.replace("RUN chmod +x /start.sh\n", "")) == ["absent"]


def test_a_variable_that_may_choose_a_stage_does_away_with_none() -> None:
    unused = 'FROM golang:1.26\nRUN true\n\nFROM debian:13-slim\nCMD ["/app"]\n'
    chosen = "ARG BASE=debian:13-slim\n" + unused.replace("FROM debian:13-slim", "FROM ${BASE}")
    assert baselines("stage-unreachable", unused, chosen) == []
    assert baselines("stage-unreachable", unused, unused.replace("FROM golang:1.26\nRUN true\n\n", "")) == ["absent"]


def test_what_ships_by_a_guess_does_so_in_another_layout_too() -> None:
    agent = 'FROM debian:13-slim AS agent\nRUN apt-get update && apt-get install -y curl\nCMD ["/agent"]\n'
    shop = 'FROM debian:13-slim AS shop\nCMD ["/shop"]\n'
    before = f"{agent}FROM debian:13-slim AS tools\nCOPY --from=agent /a /a\n{shop}"
    for after in (agent, agent.replace(" && ", " \\\n    && ")):
        assert baselines("apt-recommends-installed", before, after + shop) == ["unchanged"]
