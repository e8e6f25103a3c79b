"""What is said about base images, and what is left unsaid."""

from __future__ import annotations

from datetime import date

import pytest

from rules.dockerfile.reference import parse_reference
from rules.facts.distributions import Release
from rules.facts.images import ImageFacts, image_facts, newer_systems
from rules.facts.languages import system_python
from rules.facts.names import canonical_name

DIGEST = "@sha256:" + "0123456789abcdef" * 4


def maybe(text: str, platform: str | None = None) -> ImageFacts | None:
    reference = parse_reference(text)
    assert reference is not None, text
    return image_facts(reference, platform=platform)


def facts(text: str) -> ImageFacts:
    found = maybe(text)
    assert found is not None, text
    return found


def test_a_listed_tag_is_known_exactly() -> None:
    python = facts("python:3.12-slim")
    assert python.exact
    assert python.listed
    assert (python.kind, python.user, python.entrypoint, python.cmd) == ("runtime", "", (), ("python3",))
    assert (python.distro, python.libc, python.package_manager) == ("debian", "glibc", "apt")
    assert python.languages == {"python": "3.12"}
    assert python.runs_as_root
    assert python.stopped is None
    assert python.data_date is not None


@pytest.mark.parametrize(
    ("text", "distro", "release"),
    [
        ("alpine", "alpine", Release(number="3.24")),
        ("alpine:3", "alpine", Release(number="3.24")),
        ("python:3.6-slim", "debian", Release("bullseye", "11")),
        ("node:18-alpine", "alpine", Release(number="3.21")),
        ("ubuntu:24.04", "ubuntu", Release("noble", "24.04")),
        ("ubuntu:jammy", "ubuntu", Release("jammy", "22.04")),
        ("debian:12.5-slim", "debian", Release("bookworm", "12")),
        ("alpine:3.20.1", "alpine", Release(number="3.20")),
        ("amazonlinux:2023", "amazonlinux", Release(number="2023")),
        ("oraclelinux:9-slim", "oraclelinux", Release(number="9")),
        ("centos:7", "centos", Release(number="7")),
        ("gcr.io/distroless/python3-debian12", "debian", Release("bookworm", "12")),
        ("mcr.microsoft.com/dotnet/aspnet:8.0-alpine3.24", "alpine", Release(number="3.24")),
        ("mcr.microsoft.com/dotnet/aspnet:8.0-jammy-chiseled", "ubuntu", Release("jammy", "22.04")),
        ("buildpack-deps:jammy", "ubuntu", Release("jammy", "22.04")),
        ("debian:bookworm-20250520-slim", "debian", Release("bookworm", "12")),
        ("nvidia/cuda:12.4.1-devel-ubuntu22.04", "ubuntu", Release("jammy", "22.04")),
        ("quay.io/centos/centos:stream9", "centos", Release(number="9")),
        ("debian:sid", "debian", Release("sid")),
        ("hexpm/elixir:1.19.5-erlang-28.5-alpine-3.23.4", "alpine", Release(number="3.23")),
        ("hexpm/elixir:1.18.4-erlang-27.2-debian-bookworm-20250520-slim", "debian", Release("bookworm", "12")),
        ("hexpm/erlang:27.2-ubuntu-noble-20250415.1", "ubuntu", Release("noble", "24.04")),
    ],
)
def test_the_distribution_and_its_release_are_known(text: str, distro: str, release: Release) -> None:
    found = facts(text)
    assert (found.distro, found.release) == (distro, release)


@pytest.mark.parametrize(
    ("text", "stopped"),
    [
        ("python:3.8", date(2024, 10, 7)),
        ("node:18-alpine", date(2025, 5, 28)),
        ("centos:7", date(2024, 7, 1)),
        ("golang:latest", None),
        ("gcr.io/distroless/static-debian12", None),
    ],
)
def test_the_day_on_which_a_tag_was_last_rebuilt_is_known(text: str, stopped: date | None) -> None:
    assert facts(text).stopped == stopped


@pytest.mark.parametrize(
    "mirror",
    [
        "docker.io/library/node:22-slim",
        "docker.io/node:22-slim",
        "public.ecr.aws/docker/library/node:22-slim",
        "mirror.gcr.io/library/node:22-slim",
        "registry.hub.docker.com/library/node:22-slim",
        "registry.docker.com/library/node:22-slim",
        "amd64/node:22-slim",
        "arm64v8/node:22-slim",
        f"node:22-slim{DIGEST}",
    ],
)
def test_a_mirror_has_the_same_facts(mirror: str) -> None:
    mirrored, official = facts(mirror), facts("node:22-slim")
    assert (mirrored.name, mirrored.tag, mirrored.exact) == ("node", "22-slim", True)
    assert (mirrored.users, mirrored.cmd, mirrored.tools) == (official.users, official.cmd, official.tools)


def test_a_name_that_only_looks_like_a_mirror_stays_itself() -> None:
    reference = parse_reference("example.com/library/node:22")
    assert reference is not None
    assert canonical_name(reference) == "example.com/library/node"
    assert image_facts(reference) is None


@pytest.mark.parametrize(
    "text",
    [
        "example.com/app-base:18",
        "someone/python:3.12",
        "python:no-such-variant",
        "ghcr.io/astral-sh/ruff:latest",
        "registry.corp/node:18",
    ],
)
def test_an_unknown_image_is_unknown(text: str) -> None:
    assert maybe(text) is None


def test_a_tag_newer_than_the_table_has_the_facts_of_its_shape_but_no_release() -> None:
    newer = facts("python:3.99-slim")
    assert not newer.exact
    assert newer.listed is False
    assert (newer.distro, newer.release, newer.cmd) == ("debian", None, ("python3",))


def test_a_tag_of_which_only_the_shape_is_known_says_nothing_that_differs_among_such_tags() -> None:
    snapshot = facts("haproxy:2.6.7-20230101")
    assert not snapshot.exact
    assert snapshot.workdir is None


def test_variables_that_hold_another_version_are_left_out() -> None:
    env = facts("postgres:16").env
    assert env["PGDATA"] == "/var/lib/postgresql/data"
    assert "PG_MAJOR" not in env
    assert "PG_MAJOR" in facts("postgres:16").env_names
    assert not any(char.isdecimal() for char in env["PATH"])


def test_a_bare_digest_says_only_what_holds_for_every_tag() -> None:
    node = facts(f"node{DIGEST}")
    assert not node.exact
    assert (node.tag, node.kind, node.release, node.tools) == (None, None, None, None)
    assert node.runs_as_root


@pytest.mark.parametrize(
    ("text", "root", "user"),
    [
        ("debian:12", True, ""),
        ("gcr.io/distroless/static-debian12", True, "0"),
        ("gcr.io/distroless/static-debian12:nonroot", False, "65532"),
        ("gcr.io/distroless/nodejs18-debian11:nonroot", False, "65532"),
        ("cgr.dev/chainguard/python:latest", False, "65532"),
        ("nginxinc/nginx-unprivileged:1.27-alpine", False, "101"),
        ("mcr.microsoft.com/dotnet/aspnet:8.0", True, ""),
        ("mcr.microsoft.com/dotnet/aspnet:8.0.11-noble-chiseled", False, "1654"),
        ("memcached:1.6", False, "memcache"),
        ("dhi.io/python:3.13", False, None),
        ("dhi.io/python:3.13-dev", None, None),
        ("registry.access.redhat.com/ubi9/nodejs-20:1-2", False, "1001"),
    ],
)
def test_the_user_is_known(text: str, *, root: bool | None, user: str | None) -> None:
    found = maybe(text)
    assert (found.runs_as_root if found else None, found.user if found else None) == (root, user)


def test_images_that_give_up_root_by_themselves_are_told_apart() -> None:
    drops = {text: facts(text).drops_privileges for text in ("postgres:16", "redis:7", "nginx:1.27", "python:3.12")}
    workers = {text: facts(text).unprivileged_workers for text in ("nginx:1.27", "php:8.3-fpm", "php:8.3-cli")}
    assert drops == {"postgres:16": True, "redis:7": True, "nginx:1.27": False, "python:3.12": False}
    assert workers == {"nginx:1.27": True, "php:8.3-fpm": True, "php:8.3-cli": False}


@pytest.mark.parametrize(
    ("text", "name", "exists", "uid"),
    [
        ("node:22-slim", "node", True, 1000),
        ("node:22-slim", "www-data", True, 33),
        ("node:22-slim", "app", False, None),
        ("ubuntu:24.04", "ubuntu", True, 1000),
        ("ubuntu:22.04", "ubuntu", False, None),
        ("php:8.3-fpm-alpine", "www-data", True, 82),
        ("postgres:16", "anyone", None, None),
        ("gcr.io/distroless/base-debian12", "nonroot", True, 65532),
        ("python:3.99-slim", "app", None, None),
    ],
)
def test_accounts_are_known(text: str, name: str, *, exists: bool | None, uid: int | None) -> None:
    assert (facts(text).has_user(name), facts(text).uid_of(name)) == (exists, uid)


@pytest.mark.parametrize(
    ("text", "languages"),
    [
        ("python:3.12.4-slim-bookworm", {"python": "3.12.4"}),
        ("python:latest", {"python": None}),
        ("eclipse-temurin:21.0.2_13-jre", {"java": "21.0.2"}),
        ("maven:3.9-eclipse-temurin-21", {"java": "21"}),
        ("gradle:8-jdk17", {"java": "17"}),
        ("gcr.io/distroless/python3-debian12", {"python": "3.11"}),
        ("gcr.io/distroless/nodejs22-debian13:nonroot", {"node": "22"}),
        ("ghcr.io/astral-sh/uv:python3.13-bookworm-slim", {"python": "3.13"}),
        ("registry.access.redhat.com/ubi9/python-312", {"python": "3.12"}),
        ("mcr.microsoft.com/dotnet/sdk:8.0", {"dotnet": "8.0"}),
        ("composer:2", {"php": None}),
        ("wordpress:6.4-php8.1-apache", {"php": "8.1"}),
        ("ubuntu:24.04", {}),
    ],
)
def test_languages_are_known_as_precisely_as_the_name_says(text: str, languages: dict[str, str | None]) -> None:
    assert facts(text).languages == languages


def test_the_python_of_a_distribution_is_known() -> None:
    versions = [system_python(*system) for system in (("debian", "12"), ("ubuntu", "24.04"), ("fedora", "40"))]
    assert versions == ["3.11", "3.12", None]


@pytest.mark.parametrize(
    "text", ["python:3.12-windowsservercore-ltsc2022", "mcr.microsoft.com/windows/nanoserver:ltsc2022"]
)
def test_a_windows_image_is_known_as_such_and_as_nothing_else(text: str) -> None:
    found = facts(text)
    assert found.windows
    assert (found.distro, found.user, found.has_shell, found.has_tool("curl")) == ("windows", None, None, None)


def test_a_platform_makes_an_image_one_for_windows() -> None:
    found = maybe("python:3.12", "windows/amd64")
    assert found is not None
    assert found.windows


def test_relatives_exist_and_fit_the_version() -> None:
    assert facts("python:3.12").relatives.smaller == ("python:3.12-slim", "python:3.12-alpine")
    assert facts("python:3.12-slim").relatives.smaller == ()
    assert facts("eclipse-temurin:21-jdk").relatives.runtime == ("eclipse-temurin:21-jre",)
    assert facts("node:22").relatives.runtime == ("gcr.io/distroless/nodejs22-debian13:nonroot",)
    assert facts("node:18").relatives.runtime == ()
    assert facts("node:22").relatives.nonroot_user == ("node", 1000)
    assert facts("nginx:1.27").relatives.nonroot[0] == "nginxinc/nginx-unprivileged"


def test_an_image_to_copy_a_program_from_is_no_system() -> None:
    uv = facts("ghcr.io/astral-sh/uv:0.9.3")
    assert (uv.kind, uv.distro, uv.has_shell, uv.libc) == ("copy-from", "scratch", False, "")
    assert facts("ghcr.io/astral-sh/uv:0.9.3-python3.12-trixie-slim").has_shell


def test_an_image_that_adds_one_program_to_an_official_one_has_its_system_and_nothing_to_move_to() -> None:
    chef = facts("lukemathwalker/cargo-chef:0.1.72-rust-1.90.0-alpine3.22")
    assert (chef.name, chef.libc, chef.languages["rust"], chef.exact) == (
        "lukemathwalker/cargo-chef",
        "musl",
        "1.90.0",
        False,
    )
    assert chef.relatives.smaller == ()
    assert maybe("lukemathwalker/cargo-chef:latest") is None


@pytest.mark.parametrize(
    ("text", "systems"),
    [
        ("ruby:4.0.2-alpine3.20", ("alpine3.22", "alpine3.23")),
        ("public.ecr.aws/docker/library/ruby:4.0.2-alpine3.20", ()),
        ("ruby:4.0.2-alpine3.99", ()),
        ("ruby:4.9.9-alpine3.10", ()),
        ("python:3.8-slim-buster", ()),
        ("debian:buster", ()),
    ],
)
def test_a_version_was_never_published_for_an_older_system_than_all_that_it_has(
    text: str, systems: tuple[str, ...]
) -> None:
    reference = parse_reference(text)
    assert reference is not None
    assert newer_systems(reference) == systems
