"""What the rules say with the files that a review on a forge reads is what they say with all of the repository's."""

from __future__ import annotations

from pathlib import Path

import pytest

import rules
from bot.repository import ROUNDS, around, further
from rules import catalogue
from tests.cases import TODAY, Case, cases_in, cases_of_file

HERE = Path(__file__).parent
CASES = [case for rule in catalogue.load() for case in cases_in(rule.id, rule.page)]
CASES += [case for path in sorted(HERE.glob("*.md")) for case in cases_of_file(path, path.stem)]
NOT_READ = {
    "worker/Dockerfile": "another Dockerfile is read where the change touches it",
    "api/Dockerfile": "another Dockerfile is read where the change touches it",
    "web/Dockerfile": "another Dockerfile is read where the change touches it",
    "web.dockerfile": "another Dockerfile is read where the change touches it",
    "deploy/.dockerignore": "an ignore file elsewhere is read where the change touches it",
    "nginx.conf": "nothing in the Dockerfile names it",
    "jobs/probe": "it comes with a folder, and nothing names it",
    "ci/build.sh": "a script that builds is looked for beside the Dockerfile and above it alone",
    "ci-config.json": "the settings of a pipeline have no name that could be looked for",
    "jwt.key": "no secret is read",
    "secrets/jwsSigningKey.key": "no secret is read",
    "tools/wait.sh": "a script names it that is itself read only because the Dockerfile names it",
    "till/till.js": "a manifest names it that is itself read only because the Dockerfile names its folder",
    "rootfs/srv/bin/certificate": "a script names it that is itself read only because the Dockerfile names it",
}
"""Files of the examples that no review reads, although a rule could tell more, or less, by them."""


def said(case: Case, files: dict[str, bytes]) -> list[tuple[int, str]]:
    before, after = case.trees()
    listing = {**dict.fromkeys(after, 0o100644), **(case.listing(after) or {})}
    report = rules.review(
        before, files, listing=listing, ships=case.blocks.get("ships", "").split(), today=TODAY, enable={case.rule}
    )
    return sorted((one.line, one.message) for one in report.findings if one.rule == case.rule)


def gathered(case: Case) -> dict[str, bytes]:
    _, after = case.trees()
    listing = {**dict.fromkeys(after, 0o100644), **(case.listing(after) or {})}
    files = {path: after[path] for path in (case.path, *around([case.path], listing)) if path in after}
    for _ in range(ROUNDS):
        files |= {path: after[path] for path in further([case.path], files, listing) if path in after}
    return files


@pytest.mark.parametrize("rule", sorted({case.rule for case in CASES}))
def test_the_files_that_a_rule_reads_are_gathered(rule: str) -> None:
    for case in CASES:
        if case.rule != rule or "policy" in case.blocks or not any(name.startswith("file ") for name in case.blocks):
            continue
        (_, after), files = case.trees(), gathered(case)
        lost = after.keys() - files.keys() - NOT_READ.keys()
        known = files | {path: after[path] for path in after.keys() & NOT_READ.keys()}
        assert not lost or said(case, known) == said(case, after), (case.title, lost)


def test_a_lock_file_of_bundler_is_gathered_with_the_whole_tree() -> None:
    dockerfile = b"FROM ruby:3.4-slim\nWORKDIR /shop\nCOPY . .\nRUN bundle install\n"
    listing = dict.fromkeys(("Dockerfile", "Gemfile", "Gemfile.lock", "db/Gemfile.lock"), 0o100644)
    assert further(["Dockerfile"], {"Dockerfile": dockerfile, "Gemfile": b""}, listing) == ["Gemfile.lock"]
