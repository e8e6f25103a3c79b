"""An image that a change makes in other stages is the same one: nothing in it is new, and nothing repaired."""

from __future__ import annotations

import rules
from tests.cases import TODAY


def told(rule: str, before: str, after: str, **others: str) -> list[str]:
    around = {name.replace("_", "."): text.encode() for name, text in others.items()}
    report = rules.review({"Dockerfile": before.encode()}, {"Dockerfile": after.encode(), **around}, today=TODAY)
    return sorted(found.baseline for found in report.findings if found.rule == rule)


SOURCES = """FROM node:22-alpine AS app
WORKDIR /app
COPY . .
RUN npm ci
CMD ["node", "/app/index.js"]
"""
SOURCES_BELOW = SOURCES.replace("AS app", "AS base").replace("RUN npm", "\nFROM base AS app\nRUN npm")


def test_a_stage_that_is_split_keeps_what_was_wrong_with_it() -> None:
    rule = "source-copied-before-install"
    assert told(rule, "", SOURCES) == ["new"]
    assert "absent" not in told(rule, SOURCES, SOURCES_BELOW)
    assert "absent" in told(rule, SOURCES, SOURCES.replace("COPY . .\nRUN npm ci", "RUN npm ci"))


def test_stages_that_are_joined_bring_nothing_new() -> None:
    rule = "source-copied-before-install"
    assert told(rule, SOURCES_BELOW, SOURCES) in ([], ["unchanged"])
    assert told(rule, SOURCES_BELOW, SOURCES.replace("npm ci", "npm install")) == ["new"]


def test_what_is_around_the_file_may_make_something_new_of_the_same_image() -> None:
    rule = "source-copied-before-install"
    assert told(rule, SOURCES_BELOW, SOURCES, package_json="{}") == ["new"]


def test_a_label_moves_in_front_of_a_step() -> None:
    before = 'FROM debian:13-slim\nARG GIT_SHA\nENV A=b\nRUN apt-get update\nEXPOSE 80\nCMD ["/app"]\n'
    after = 'FROM debian:13-slim\nARG GIT_SHA\nENV A=b\nCMD ["/app"]\nEXPOSE 80\nRUN apt-get update\n'
    assert told("package-update-alone", before, after) == ["unchanged"]


def test_what_a_stage_inherits_is_said_at_the_from_of_the_new_one() -> None:
    before = 'FROM debian:13-slim\nRUN useradd --uid 10001 app\nUSER app\nCMD ["/app"]\n'
    after = before.replace("slim\n", "slim AS runtime\n") + "\nFROM runtime AS production\n"
    assert told("user-name-not-numeric", before, after) == ["unchanged"]
