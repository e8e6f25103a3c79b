"""What the repository's other files say about builds: which Dockerfile, which context, which target."""

from __future__ import annotations

import pytest

from rules.repository import Repository
from rules.repository.builds import Build, builds_in

COMPOSE = b"""\
services:
  api:
    build:
      context: ./api
      dockerfile: docker/Dockerfile
      target: prod
      args:
        RELEASE: "1.0"
      additional_contexts:
        assets: ./assets
    command: serve
  web:
    build: ./web
  cache:
    image: redis:8
"""
WORKFLOW = b"""\
jobs:
  image:
    steps:
      - uses: docker/build-push-action@v6
        with:
          context: api
          file: api/docker/Dockerfile
          target: prod
          platforms: linux/amd64,linux/arm64
          build-args: |
            RELEASE=2.0
"""
BAKE = b"""\
target "api" {
  context = "./api"
  dockerfile = "docker/Dockerfile"
  target = "prod"
}
"""
MAKE = (
    b"image:\n\tdocker build --pull -f api/docker/Dockerfile --target prod -t api \\\n\t\t--build-arg RELEASE=3 api\n"
)
SKAFFOLD = b"""\
build:
  artifacts:
    - image: api
      context: api
      docker:
        dockerfile: docker/Dockerfile
        target: prod
"""


@pytest.mark.parametrize(
    ("path", "data"),
    [
        ("compose.yaml", COMPOSE),
        ("docker-compose.prod.yml", COMPOSE),
        (".github/workflows/image.yml", WORKFLOW),
        ("docker-bake.hcl", BAKE),
        ("Makefile", MAKE),
        ("skaffold.yaml", SKAFFOLD),
    ],
)
def test_every_kind_of_file_names_dockerfile_context_and_target(path: str, data: bytes) -> None:
    build = builds_in(path, data)[0]
    assert (build.dockerfile, build.context, build.target) == ("api/docker/Dockerfile", "api", "prod")


def test_compose_gives_arguments_contexts_and_its_own_command() -> None:
    build = builds_in("compose.yaml", COMPOSE)[0]
    assert (build.args, build.contexts, build.command, build.line) == ({"RELEASE": "1.0"}, ("assets",), "serve", 6)


@pytest.mark.parametrize(
    ("path", "service", "settings", "expected"),
    [
        ("compose.yaml", "web", "", False),
        ("compose.dev.yaml", "web", "", True),
        ("compose.yaml", "web-test", "", True),
        ("compose.yaml", "web", "command: npm run watch", True),
        ("compose.yaml", "web", "command: [npm, run, watch]", True),
        ("compose.yaml", "web", "environment: {NODE_ENV: development}", True),
        ("compose.yaml", "web", "environment: [NODE_ENV=production]", False),
    ],
)
def test_a_service_for_developers_says_so(path: str, service: str, settings: str, *, expected: bool) -> None:
    text = f"services:\n  {service}:\n    build: {{context: ., target: tools}}\n    {settings}\n"
    assert [build.development for build in builds_in(path, text.encode())] == [expected]
    assert not builds_in(path, text.replace("tools", "production").encode())[0].development


def test_a_short_build_is_a_context() -> None:
    assert builds_in("deploy/compose.yaml", COMPOSE)[1][:3] == ("deploy/web/Dockerfile", "deploy/web", "")


def test_a_command_gives_contexts() -> None:
    data = b"image:\n\tdocker buildx build --build-context tools=../tools -t x .\n"
    assert builds_in("Makefile", data)[0].contexts == ("tools",)


def test_a_workflow_says_how_many_platforms() -> None:
    build = builds_in(".github/workflows/image.yml", WORKFLOW)[0]
    assert (build.platforms, build.args) == (2, {"RELEASE": "2.0"})


@pytest.mark.parametrize(
    "data",
    [
        b"services: [",
        b"services:\n  a: &a {}\n" + b"  b: *a\n" * 30,
        b"a: 1\na: 2\n",
        b"services:\n  web:\n    build:\n      context: ../outside\n",
        b"services:\n  web:\n    build: https://example.com/repo.git\n",
        b"services:\n  web:\n    build:\n      context: ${DIR}\n",
        b"\xff\xfe",
        b"services: 3\n",
        b"x" * 70_000,
    ],
)
def test_what_cannot_be_read_or_lies_outside_describes_nothing(data: bytes) -> None:
    assert builds_in("compose.yaml", data) == ()


def test_a_makefile_with_a_variable_target_describes_a_build_of_that_target() -> None:
    (build,) = builds_in("Makefile", b"image:\n\tdocker build --target $(TARGET) --build-arg A=1 .\n")
    assert (build.dockerfile, build.target, build.args) == ("Dockerfile", "$(TARGET)", {"A": "1"})


def test_the_context_is_what_all_builds_say() -> None:
    repository = Repository({"compose.yaml": COMPOSE, "Makefile": MAKE})
    assert repository.context_of("api/docker/Dockerfile") == "api"


def test_a_folder_with_its_own_ignore_file_is_a_context() -> None:
    assert Repository({"web/.dockerignore": b"*.md\n"}).context_of("web/Dockerfile") == "web"


def test_the_context_of_a_nested_dockerfile_is_unknown() -> None:
    assert Repository({}).context_of("docker/Dockerfile") is None


def test_what_the_context_brings_leaves_out_what_is_ignored() -> None:
    listing = dict.fromkeys(["Dockerfile", "app.py", "notes.md", "docs/a.md"], 0o100644)
    repository = Repository({".dockerignore": b"**/*.md\n"}, listing)
    assert repository.context_files("Dockerfile") == ("Dockerfile", "app.py")


def test_absence_is_known_only_from_a_listing() -> None:
    assert (Repository({}).exists("x"), Repository({}, {}).exists("x")) == (None, False)


def test_a_build_is_a_plain_value() -> None:
    assert Build("Dockerfile", "", "", {}, "compose.yaml", 1).platforms == 0


def context_told_by(dockerfile: str, text: str, *listing: str) -> str | None:
    names = dict.fromkeys((*listing, dockerfile), 0o100644)
    return Repository({dockerfile: text.encode()}, names).context_of(dockerfile)


def test_what_is_copied_tells_the_context() -> None:
    own = "FROM python:3.13\nCOPY requirements.txt ./\nCOPY src src\n"
    assert context_told_by("shop/api/Dockerfile", own, "shop/api/requirements.txt", "shop/api/src/a.py") == "shop/api"
    root = "FROM python:3.13\nCOPY shop/api/requirements.txt ./\n"
    assert context_told_by("shop/api/Dockerfile", root, "shop/api/requirements.txt") == ""
    above = 'FROM python:3.13\nCOPY ["api/main.py", "/app/"]\nADD shared.py dist/app.whl /app/\n'
    assert context_told_by("shop/docker/Dockerfile", above, "shop/api/main.py", "shop/shared.py") == "shop"


def test_what_is_written_as_a_folder_tells_the_context_too() -> None:
    listing = ("web/package.json", "deploy/build/README.md")
    for line in ("COPY ./web /web/", "COPY web/ /srv/"):
        assert context_told_by("deploy/build/Dockerfile", f"FROM node:24\n{line}\n", *listing) == ""
    for line in ("COPY web /usr/local/bin/", "COPY web /web"):
        assert context_told_by("deploy/build/Dockerfile", f"FROM node:24\n{line}\n", *listing) is None


def test_what_is_copied_leaves_the_context_open() -> None:
    both = "FROM node:24\nCOPY package.json ./\n"
    assert context_told_by("shop/Dockerfile", both, "package.json", "shop/package.json") is None
    made = "FROM alpine:3.22\nADD shop /bin/\nCOPY --from=build /a/b.txt /\nCOPY $FILE *.txt https://example.org/c /\n"
    assert context_told_by("deploy/image/Dockerfile", made, "deploy/shop/main.go", "b.txt", "a/b.txt", "c") is None
    torn = "FROM alpine:3.22\nCOPY a.txt b.txt /\n"
    assert context_told_by("x/Dockerfile", torn, "a.txt", "x/b.txt") is None


def test_what_a_submodule_or_a_link_holds_is_not_known() -> None:
    listing = {"docker": 0o160000, "lib": 0o120000, "src/a.py": 0o100644}
    repository = Repository({}, listing)
    assert [repository.exists(path) for path in ("docker/start.sh", "lib/b.py", "src/b.py")] == [None, None, False]
    assert [repository.exists(path) for path in ("docker", "src", "src/a.py")] == [True, True, True]
    assert repository.context_files("Dockerfile") is None, "what `COPY . .` brings of the submodule"


def test_a_file_of_an_unknown_context_is_found_where_one_folder_alone_has_it() -> None:
    repository = Repository({"apps/till/start.sh": b"", "shared/run.sh": b"", "run.sh": b""})
    assert repository.in_context("apps/till/Dockerfile", "start.sh") == "apps/till/start.sh"
    assert repository.in_context("apps/till/Dockerfile", "./run.sh") == "run.sh"
    assert repository.in_context("apps/till/Dockerfile", "../start.sh") is None
    assert Repository({"run.sh": b"", "a/run.sh": b""}).in_context("a/Dockerfile", "run.sh") is None
    assert Repository({}).in_context("Dockerfile", "run.sh") == "run.sh"


def test_compose_gives_the_health_check_of_the_container_as_a_shell_has_it() -> None:
    def probe(check: str) -> str:
        text = f"services:\n  till:\n    build: .\n    healthcheck: {check}\n"
        return builds_in("compose.yaml", text.encode())[0].probe

    assert probe("{test: curl -f $$HOST}") == "curl -f $HOST"
    assert probe('{test: [CMD, wget, "a b"]}') == "wget 'a b'"
    assert probe('{test: [CMD-SHELL, "true || exit 1"]}') == "true || exit 1"
    assert [probe(check) for check in ("{test: [NONE]}", "{test: []}", "{disable: true, test: curl}", "{}")] == [""] * 4


@pytest.mark.parametrize(
    ("target", "expected", "development"),
    [
        ("${TARGET:-prod}", "prod", False),
        ("${TARGET-prod}", "prod", False),
        ("${TARGET:-dev}", "dev", True),
        ("dev", "dev", False),
        ("${TARGET:-}", "", False),
        ("${TARGET}", "${TARGET}", False),
        ("${TARGET:?name a stage}", "${TARGET:?name a stage}", False),
    ],
)
def test_a_variable_of_a_compose_file_has_its_default(target: str, expected: str, *, development: bool) -> None:
    text = f"services:\n  web:\n    build:\n      context: ${{ROOT:-.}}/web\n      target: {target}\n"
    (build,) = builds_in("compose.yaml", text.encode())
    assert (build.dockerfile, build.target, build.development) == ("web/Dockerfile", expected, development)


@pytest.mark.parametrize(
    ("call", "places"),
    [
        ("docker build .", [("Dockerfile", "")]),
        ("docker build --no-cache app", [("app/Dockerfile", "app")]),
        ("docker buildx build --load -t x app/", [("app/Dockerfile", "app")]),
        ("docker build . -f ./docker/Dockerfile", [("docker/Dockerfile", "")]),
        ("docker build -t x . > build.log", [("Dockerfile", "")]),
        ("docker build app 2>&1 | tee build.log", [("app/Dockerfile", "app")]),
        ("IMAGE=$(docker build -q .)", [("Dockerfile", "")]),
        ('docker build "app" # all of it', [("app/Dockerfile", "app")]),
        ("docker build - < Dockerfile.tools", []),
    ],
)
def test_the_context_is_the_word_that_no_option_takes(call: str, places: list[tuple[str, str]]) -> None:
    found = builds_in("Makefile", f"image:\n\t{call}\n".encode())
    assert [(build.dockerfile, build.context) for build in found] == places
