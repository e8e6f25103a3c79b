"""What hosting platforms build and start."""

from __future__ import annotations

import pytest

from rules.repository.builds import builds_in

HEROKU = b"""\
build:
  docker:
    web: web/Dockerfile
    worker:
      dockerfile: worker/Dockerfile
      target: runtime
  config:
    RELEASE: "3"
run:
  web: bundle exec puma
  worker:
    command:
      - bundle exec sidekiq
    image: worker
"""
FLY = b"""\
app = "shop"
[build]
  dockerfile = "deploy/Dockerfile"
  build-target = "runtime"
  [build.args]
    RELEASE = "3"
[processes]
  web = "bin/serve"
  worker = "bin/work"
"""
RENDER = b"""\
services:
  - type: web
    runtime: docker
    rootDir: web
    dockerfilePath: ./deploy/Dockerfile
    dockerCommand: bin/serve
  - type: web
    runtime: node
"""


def described(path: str, data: bytes) -> list[tuple[str, str, str, str]]:
    return [(one.dockerfile, one.context, one.target, one.command) for one in builds_in(path, data)]


def test_heroku_builds_in_the_folder_of_each_dockerfile() -> None:
    assert described("heroku.yml", HEROKU) == [
        ("web/Dockerfile", "web", "", "bundle exec puma"),
        ("worker/Dockerfile", "worker", "runtime", "bundle exec sidekiq"),
    ]
    assert [one.args for one in builds_in("heroku.yml", HEROKU)] == [{"RELEASE": "3"}] * 2


def test_fly_starts_each_process_of_one_image() -> None:
    assert described("fly.toml", FLY) == [
        ("deploy/Dockerfile", "", "runtime", "bin/serve"),
        ("deploy/Dockerfile", "", "runtime", "bin/work"),
    ]
    assert described("fly.staging.toml", b"app = 'shop'") == [("Dockerfile", "", "", "")]


def test_render_builds_what_is_a_docker_service() -> None:
    assert described("render.yaml", RENDER) == [("web/deploy/Dockerfile", "web", "", "bin/serve")]


def test_railway_builds_the_dockerfile_of_the_root_unless_it_is_told_otherwise() -> None:
    assert described(
        "railway.toml", b'[build]\ndockerfilePath = "/api/Dockerfile"\n[deploy]\nstartCommand = "bin/web"'
    ) == [("api/Dockerfile", "", "", "bin/web")]
    assert described("railway.json", b"{}") == [("Dockerfile", "", "", "")]


@pytest.mark.parametrize(
    ("path", "data"),
    [
        ("fly.toml", b"[build]\nimage = 'example.com/shop:1'\n"),
        ("fly.toml", b"[build\n"),
        ("heroku.yml", b"build:\n  languages: [ruby]\n"),
        ("heroku.yml", b"build: [\n"),
        ("render.yaml", b"services: web\n"),
        ("railway.json", b'{"build": {"builder": "NIXPACKS"}}'),
        ("railway.json", b"[1"),
        ("railway.toml", b"[build"),
        ("deploy/fly.toml", FLY),
    ],
)
def test_what_builds_no_dockerfile_or_cannot_be_read_is_none(path: str, data: bytes) -> None:
    assert described(path, data) == []
