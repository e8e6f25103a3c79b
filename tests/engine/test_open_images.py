"""Where a change leaves open which image a stage starts from, nothing else is new, and nothing repaired."""

from __future__ import annotations

import pytest

import rules

_REST = (
    "WORKDIR /app\nCOPY package.json package-lock.json ./\nRUN npm ci --only=production\n"
    'COPY . .\nUSER node\nCMD ["node", "a.js"]\n'
)


def baselines(before: str, after: str, rule: str) -> list[str]:
    trees = ({"Dockerfile": (text + _REST).encode()} for text in (before, after))
    return [f.baseline for f in rules.review(*trees).findings if f.rule == rule]


@pytest.mark.parametrize("named", ["ARG N=12\nFROM node:$N\n", "FROM node:12\n"])
def test_an_unknown_version_makes_no_option_deprecated(named: str) -> None:
    assert baselines(named, "ARG N\nFROM node:$N\n", "deprecated-package-flag") == ["unchanged"]


def test_a_known_version_does() -> None:
    assert baselines("ARG N=12\nFROM node:$N\n", "ARG N=24\nFROM node:$N\n", "deprecated-package-flag") == ["new"]


def test_an_unknown_version_repairs_no_end_of_life() -> None:
    assert baselines("ARG N=12\nFROM node:$N\n", "ARG N\nFROM node:$N\n", "base-image-eol") == []


def test_a_supported_version_does() -> None:
    assert baselines("ARG N=12\nFROM node:$N\n", "ARG N=24\nFROM node:$N\n", "base-image-eol") == ["absent"]
