"""A build of a compose file that stands upon another has its context from there."""

from __future__ import annotations

import pytest

from rules.repository import Repository
from rules.repository.builds import builds_in

BASE = b"services:\n  api:\n    build:\n      context: ./api\n      args:\n        RELEASE: '1'\n        KIND: shop\n"
OVER = b"services:\n  api:\n    build:\n      target: dev\n      args: [RELEASE=2]\n"


@pytest.mark.parametrize("over", ["compose.override.yaml", "compose.prod.yml"])
def test_a_file_that_overrides_another_keeps_its_context(over: str) -> None:
    builds = Repository({"app/compose.yaml": BASE, f"app/{over}": OVER}).builds_of("app/api/Dockerfile")
    assert [(one.path, one.context, one.target) for one in builds] == [
        (f"app/{over}", "app/api", "dev"),
        ("app/compose.yaml", "app/api", ""),
    ]
    assert builds[0].args == {"RELEASE": "2", "KIND": "shop"}


def test_a_service_that_extends_another_keeps_its_context() -> None:
    text = "services:\n  api:\n    extends: {%s}\n    build: {target: dev}\n"
    there = {"app/compose.yaml": BASE, "ci/compose.yaml": (text % "file: ../app/compose.yaml, service: api").encode()}
    assert [(one.path, one.target) for one in Repository(there).builds_of("app/api/Dockerfile")] == [
        ("app/compose.yaml", ""),
        ("ci/compose.yaml", "dev"),
    ]
    unread = {"ci/compose.yaml": there["ci/compose.yaml"]}
    assert Repository(unread).builds == ()
    circle = (text % "service: api").encode()
    assert Repository({"compose.yaml": circle}).builds == ()


def test_a_build_without_a_context_has_the_folder_of_its_file() -> None:
    (build,) = builds_in("app/compose.override.yaml", OVER)
    assert (build.dockerfile, build.context) == ("app/Dockerfile", "app")


def test_a_service_that_only_extends_another_is_built_as_that_is() -> None:
    text = b"services:\n  shop:\n    extends: {file: app/compose.yaml, service: api}\n    command: serve\n"
    builds = Repository({"app/compose.yaml": BASE, "compose.yaml": text}).builds_of("app/api/Dockerfile")
    assert [(one.path, one.command) for one in builds] == [("app/compose.yaml", ""), ("compose.yaml", "serve")]
