"""The changed Dockerfiles as the engine hands them out."""

from __future__ import annotations

import pytest

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


@pytest.mark.parametrize(
    ("stages", "shipped"),
    [
        (("base", "production", "dev"), ["production"]),
        (("base", "shop-prod", "till-prod", "test"), ["shop-prod", "till-prod"]),
        (("base", "production", "web"), ["production", "web"]),  # the last one is what is built without a target
        (("production-deps", "prod-base", "dev"), ["dev"]),  # steps on the way
        (("base", "web", "dev"), ["web"]),
    ],
)
def test_the_stage_for_production_ships_where_the_last_is_for_developers(
    stages: tuple[str, ...], shipped: list[str]
) -> None:
    text = "".join(f'FROM alpine:3.22 AS {name}\nCMD ["shop"]\n' for name in stages)
    (change,) = changes({}, {"Dockerfile": text.encode()})
    assert [stage.name for stage in change.after.shipped] == shipped


def test_a_named_stage_that_nothing_uses_and_that_starts_something_ships() -> None:
    text = (
        b'FROM alpine:3.22 AS deps\nFROM deps AS api\nCMD ["api"]\nFROM deps AS docs\nCMD ["docs"]\n'
        b'FROM deps AS files\nFROM deps AS worker\nCMD ["worker"]\n'
    )
    (change,) = changes({}, {"Dockerfile": text})
    assert [stage.name for stage in change.after.shipped] == ["api", "worker"]


def test_a_stage_that_starts_what_only_developers_run_does_not_ship() -> None:
    starts = (b'["npm", "run", "dev"]', b'["pytest"]', b"uvicorn app:app --reload", b'["node", "server.js"]')
    stages = b"".join(b"FROM node:24 AS s%d\nCMD %s\n" % row for row in enumerate(starts))
    (change,) = changes({}, {"Dockerfile": stages + b'FROM node:24 AS last\nCMD ["node", "job.js"]\n'})
    assert [stage.name for stage in change.after.shipped] == ["s3", "last"]


def test_the_known_targets_or_a_last_stage_for_production_say_what_ships_alone() -> None:
    text = b"".join(b'FROM alpine:3.22 AS %s\nCMD ["shop"]\n' % name for name in (b"api", b"job", b"web"))
    (told,) = changes({}, {"Dockerfile": text}, policy=Policy(targets={"*": ("api",)}))
    assert [stage.name for stage in told.after.shipped] == ["api", "web"]
    (production,) = changes({}, {"Dockerfile": text.replace(b"AS web", b"AS production")})
    assert [stage.name for stage in production.after.shipped] == ["production"]


def test_a_stage_that_another_than_the_developers_extends_or_that_starts_nothing_is_a_step() -> None:
    extended = b'FROM alpine:3.22 AS runtime\nCMD ["shop"]\nFROM runtime AS web\nFROM web AS dev\n'
    silent = b"FROM alpine:3.22 AS production\nFROM alpine:3.22 AS dev\n"
    for text in (extended, silent):
        (change,) = changes({}, {"Dockerfile": text})
        assert [stage.name for stage in change.after.shipped] == ["dev"]


def test_without_a_day_nothing_that_depends_on_one_is_said() -> None:
    old = {"Dockerfile": b"FROM node:12\n"}
    assert "base-image-eol" in {finding.rule for finding in rules.review({}, old).findings}
    assert "base-image-eol" not in {finding.rule for finding in rules.review({}, old, today=None).findings}
