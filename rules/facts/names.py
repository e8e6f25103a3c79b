"""One name for an image, wherever it is mirrored."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rules.dockerfile.reference import ImageReference

LAMBDA = "public.ecr.aws/lambda/"
"""Images for AWS Lambda, which runs each of them as a user of its own."""
_HUB_HOSTS = frozenset(
    {"docker.io", "registry.docker.com", "registry.hub.docker.com", "registry-1.docker.io", "mirror.gcr.io"}
)
_ARCHITECTURES = frozenset("amd64 arm32v5 arm32v6 arm32v7 arm64v8 i386 mips64le ppc64le riscv64 s390x winamd64".split())
"""Namespaces of Docker Hub that hold the official images for one architecture."""

_MIRRORED = re.compile(r"[^/]+/(?:[^/]+/)+library/([^/]+)")
"""An official image in a registry that mirrors Docker Hub, or passes it through: it keeps the namespace `library`."""

_SAME = (
    (re.compile(r"public\.ecr\.aws/docker/library/(.+)"), r"docker.io/library/\1"),
    (re.compile(r"(?:redhat|docker\.io/redhat)/(ubi\d+(?:-\w+)?)"), r"registry.access.redhat.com/\1"),
    (re.compile(r"registry\.redhat\.io/(ubi\d+.*)"), r"registry.access.redhat.com/\1"),
    (re.compile(r"public\.ecr\.aws/(amazonlinux|debian|ubuntu)/\1"), r"docker.io/library/\1"),
    (re.compile(r"quay\.io/(fedora)/fedora|registry\.fedoraproject\.org/(fedora)"), r"docker.io/library/\1\2"),
    (re.compile(r"(?:docker\.io|quay\.io)/rockylinux/(rockylinux)"), r"docker.io/library/\1"),
    (re.compile(r"quay\.io/almalinuxorg/(almalinux)"), r"docker.io/library/\1"),
    (re.compile(r"ghcr\.io/oracle/(oraclelinux)"), r"docker.io/library/\1"),
    (re.compile(r"container-registry\.oracle\.com/os/(oraclelinux)"), r"docker.io/library/\1"),
    (re.compile(r"docker\.elastic\.co/(elasticsearch|kibana|logstash)/\1"), r"docker.io/library/\1"),
    (re.compile(r"docker\.io/jupyter/(.+)"), r"quay.io/jupyter/\1"),
    (re.compile(r"docker\.io/amazon/aws-lambda-(\w+)"), r"public.ecr.aws/lambda/\1"),
    (re.compile(r"docker\.io/chainguard/(.+)"), r"cgr.dev/chainguard/\1"),
    (re.compile(r"docker\.io/astral/uv"), "ghcr.io/astral-sh/uv"),
    (re.compile(r"lscr\.io/linuxserver/(.+)|ghcr\.io/linuxserver/(.+)"), r"lscr.io/linuxserver/\1\2"),
)


def canonical_name(reference: ImageReference) -> str:
    """Return the full repository under which the tables know an image.

    Official images mirrored by Amazon, Google and others, and those for one architecture, are the same images:
    `public.ecr.aws/docker/library/python`, `hub.example.com/proxy/library/python` and `amd64/python` are
    `docker.io/library/python`.
    """
    registry, path = reference.registry, reference.path
    if registry in _HUB_HOSTS:
        namespace, slash, rest = path.partition("/")
        if not slash:
            path = f"library/{path}"
        elif namespace in _ARCHITECTURES and "/" not in rest:
            path = f"library/{rest}"
        registry = "docker.io"
    name = f"{registry}/{path}"
    for pattern, replacement in _SAME:
        if found := pattern.fullmatch(name):
            return found.expand(replacement)
    mirrored = _MIRRORED.fullmatch(name)
    return f"docker.io/library/{mirrored[1]}" if mirrored else name


def architecture_of(reference: ImageReference) -> str | None:
    """Return the architecture that an image is named for: `arm32v7/node`; `None` for most, which are of several."""
    namespace, slash, rest = reference.path.partition("/")
    one = namespace if reference.registry in _HUB_HOSTS and slash and "/" not in rest else ""
    return one if one in _ARCHITECTURES else None


def table_name(reference: ImageReference) -> str:
    """Return the familiar form of the canonical name: `python`, `bitnami/node`, `gcr.io/distroless/cc-debian12`."""
    return canonical_name(reference).removeprefix("docker.io/").removeprefix("library/")


def same_image(one: ImageReference, other: ImageReference) -> bool:
    """Tell whether two references name one image, perhaps from different mirrors, whatever their tags are."""
    return canonical_name(one) == canonical_name(other)


def path_name(reference: ImageReference) -> str:
    """Return an image's repository without its registry, of a mirrored image that of the original: `library/python`."""
    return canonical_name(reference).partition("/")[2]


_CARGO_CHEF = re.compile(r"(?:latest|\d+\.\d+\.\d+)-rust-(.+)")


_DATED = re.compile(
    r"(?!stable|oldstable|oldoldstable|testing|unstable|sid|experimental|latest|rolling|devel)"  # another one each time
    r"([a-z]+)-20\d{6}(?:\.\d+)?(-slim)?"
)
"""The tag of a suite as it was on one day: `bookworm-20251020-slim` (the READMEs of debian and ubuntu)."""


def built_upon(name: str, tag: str | None) -> tuple[str, str] | None:
    """Return the official image and tag that an image adds one program to, or is a day's state of, as its tag says.

    `lukemathwalker/cargo-chef:latest-rust-1.90.0` is `rust:1.90.0` with cargo-chef (what its tags on Docker Hub say).

    Args:
        name: The image as `table_name` gives it.
        tag: The tag that is pulled.
    """
    day = _DATED.fullmatch(tag or "") if name in ("debian", "ubuntu") else None
    if day is not None:
        return name, day[1] + (day[2] or "")
    found = _CARGO_CHEF.fullmatch(tag or "") if name == "lukemathwalker/cargo-chef" else None
    return ("rust", found[1]) if found is not None else None
