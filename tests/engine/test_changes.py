"""The changed Dockerfiles as the engine hands them out."""

from __future__ import annotations

import rules
from rules.engine import changes
from rules.policy import Policy

OLD, NEW = (
    b"FROM alpine:3.22 AS a\nRUN one\nRUN two\nRUN three\n",
    b"FROM alpine:3.23 AS a\nRUN one\nRUN two\nRUN three\n",
)


def test_each_dockerfile_comes_with_what_it_was() -> None:
    found = changes({"Dockerfile": OLD}, {"Dockerfile": NEW, "x/Dockerfile": NEW, "notes.txt": b""})
    assert [(change.path, change.before is not None) for change in found] == [
        ("Dockerfile", True),
        ("x/Dockerfile", False),
    ]


def test_a_renamed_file_comes_with_its_old_text() -> None:
    (change,) = changes({"Dockerfile": OLD}, {"x/Dockerfile": NEW})
    assert change.before is not None
    assert change.before.path == "Dockerfile"


def test_the_targets_of_the_policy_ship() -> None:
    text = {"Dockerfile": b"FROM alpine:3.22 AS a\nFROM alpine:3.22 AS b\n"}
    (change,) = changes({}, text, policy=Policy(targets={"*": ("a",)}))
    assert [stage.name for stage in change.after.shipped] == ["a", "b"]


def test_without_a_day_nothing_that_depends_on_one_is_said() -> None:
    old = {"Dockerfile": b"FROM node:12\n"}
    assert "base-image-eol" in {finding.rule for finding in rules.review({}, old).findings}
    assert "base-image-eol" not in {finding.rule for finding in rules.review({}, old, today=None).findings}
