"""What the executor of Kaniko is told in a pipeline, is a build."""

from __future__ import annotations

import pytest

from rules.repository.builds import builds_in


@pytest.mark.parametrize(
    ("call", "places"),
    [
        (
            "/kaniko/executor --context $CI_PROJECT_DIR --dockerfile $CI_PROJECT_DIR/app/Dockerfile",
            ("app/Dockerfile", ""),
        ),
        ('/kaniko/executor -c "${CI_PROJECT_DIR}/app"', ("app/Dockerfile", "app")),
        ("/kaniko/executor --context=dir://${{ github.workspace }}/app --no-push", ("app/Dockerfile", "app")),
        ("/kaniko/executor --context .\n        --dockerfile ci/Dockerfile", ("ci/Dockerfile", "")),
        ("/kaniko/executor --context $CI_PROJECT_DIR/app --dockerfile Dockerfile", None),
        ("/kaniko/executor --context git://git.example.com/shop.git", None),
        ("/kaniko/executor --context $WHERE", None),
    ],
)
def test_kaniko_builds_what_its_executor_is_told(call: str, places: tuple[str, str] | None) -> None:
    found = builds_in(".gitlab-ci.yml", f"image:\n  script:\n    - >-\n      {call}\n".encode())
    assert [(build.dockerfile, build.context) for build in found] == ([places] if places else [])


def test_kaniko_gives_target_arguments_and_names() -> None:
    call = "/kaniko/executor --target prod --build-arg RELEASE=2 \\\n        --build-arg=TOKEN -d example.com/shop:1"
    (build,) = builds_in(".gitlab-ci.yml", f"image:\n  script:\n    - {call}\n".encode())
    assert (build.target, build.args, build.images, build.line) == (
        "prod",
        {"RELEASE": "2", "TOKEN": None},
        ("example.com/shop:1",),
        3,
    )
