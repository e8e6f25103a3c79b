"""What a bake file builds: targets with what they inherit, in both languages."""

from __future__ import annotations

from rules.repository.builds import builds_in

INHERITING = b"""\
variable "TAG" { default = "1" }
target "_common" {
  platforms = ["linux/amd64", "linux/arm64"] // both
  args = {
    RELEASE = "1.0"
    REVISION = "${TAG}"
  }
}
target "api" {
  inherits = ["_common"]
  args = { MODE = "fast" }
  contexts = {
    assets = "./assets"
  }
  dockerfile = "api.Dockerfile"
}
"""


def test_a_bake_target_has_arguments_contexts_and_platforms_of_its_own_and_of_its_parents() -> None:
    (build,) = builds_in("docker-bake.hcl", INHERITING)
    assert (build.dockerfile, build.contexts, build.platforms) == ("api.Dockerfile", ("assets",), 2)
    assert build.args == {"RELEASE": "1.0", "REVISION": None, "MODE": "fast"}


def test_a_bake_file_in_json_says_the_same() -> None:
    text = b"""{"target": {"a": {"args": {"X": "1"}, "platforms": ["linux/amd64"]}, "b": {"inherits": ["a", "b"]}}}"""
    assert [(build.args, build.platforms) for build in builds_in("docker-bake.json", text)] == [({"X": "1"}, 1)] * 2


NESTED_BAKE = b"""
group "default" { targets = ["api"] }
target "_common" {
  dockerfile = "docker/Dockerfile"
  args = {
    NAME = "target } = \\"x"
  }
  contexts = { assets = "assets" }
}
target "api" {
  inherits = ["_common"]
  contexts = {
    # the tools
    "tools" = "target:tools"
    base = "docker-image://debian:13"
  }
  context = "api"
  target = "prod"
}
"""


def test_a_bake_target_inherits_and_its_inner_braces_do_not_end_it() -> None:
    (build,) = builds_in("docker-bake.hcl", NESTED_BAKE)
    assert (build.dockerfile, build.context, build.target, build.line) == ("api/docker/Dockerfile", "api", "prod", 10)
    assert build.contexts == ("assets", "tools", "base")


def test_a_bake_file_in_json_gives_contexts_too() -> None:
    data = b'{"target": {"a": {"inherits": ["a", "b"], "contexts": {"x": "../x"}}, "b": {"target": "dev"}}}'
    assert [(build.target, build.contexts) for build in builds_in("docker-bake.json", data)] == [
        ("dev", ("x",)),
        ("dev", ()),
    ]


MATRIX = b"""
variable "BASE" {
  default = "docker/Dockerfile"
}
variable "OPEN" {}
target "app" {
  name = "app-${item.name}"
  matrix = {
    item = [
      { name = "api", stage = "prod" },
      { name = "web", stage = "static" },
    ]
    arch = ["amd64"]
  }
  dockerfile = BASE // of all
  target = item.stage
  args = {
    NAME = item.name
    OPEN = OPEN
  }
}
target "child" {
  inherits = ["app-web"]
  labels = {
    target = "none"
  }
}
target "open" {
  target = OPEN
}
target "chosen" {
  target = BASE == "" ? "a" : "b"
}
target "inline" {
  dockerfile-inline = "FROM scratch"
}
"""


def test_a_bake_matrix_makes_a_target_for_each_row() -> None:
    api, web, child, *_ = builds_in("docker-bake.hcl", MATRIX)
    assert [(build.dockerfile, build.target) for build in (api, web, child)] == [
        ("docker/Dockerfile", "prod"),
        ("docker/Dockerfile", "static"),
        ("docker/Dockerfile", "static"),
    ]
    assert api.args == {"NAME": "api", "OPEN": None}


def test_a_bake_target_whose_stage_an_expression_names_is_not_the_last_one() -> None:
    *_, open_, chosen = builds_in("docker-bake.hcl", MATRIX)
    assert "$" in open_.target
    assert "$" in chosen.target


def test_a_bake_matrix_in_json_says_the_same() -> None:
    data = b'{"target": {"app": {"name": "app-${s}", "matrix": {"s": ["a", "b"]}, "target": "${s}"}}}'
    assert [build.target for build in builds_in("docker-bake.json", data)] == ["a", "b"]
