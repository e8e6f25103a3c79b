"""Which language runtimes an image has, and their versions as far as its name says them."""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING

from rules.numbers import number_of

if TYPE_CHECKING:
    from collections.abc import Mapping

_VERSION = r"v?(\d+(?:\.\d+)*)"
_BY_LEADING_VERSION = {
    "python": "python", "pypy": "python", "node": "node", "golang": "go", "ruby": "ruby", "php": "php",
    "rust": "rust", "perl": "perl", "eclipse-temurin": "java", "openjdk": "java", "java": "java",
    "amazoncorretto": "java", "azul-zulu": "java", "sapmachine": "java", "ibm-semeru-runtimes": "java",
    "adoptopenjdk": "java", "erlang": "erlang", "elixir": "elixir", "swift": "swift", "julia": "julia",
    "r-base": "r", "haskell": "haskell", "dart": "dart", "composer": "php", "iojs": "node",
    "denoland/deno": "deno", "oven/bun": "bun", "bitnami/python": "python", "bitnami/node": "node",
    "mcr.microsoft.com/dotnet/sdk": "dotnet", "mcr.microsoft.com/dotnet/aspnet": "dotnet",
    "mcr.microsoft.com/dotnet/runtime": "dotnet", "public.ecr.aws/lambda/python": "python",
    "public.ecr.aws/lambda/nodejs": "node", "public.ecr.aws/lambda/ruby": "ruby",
    "public.ecr.aws/lambda/java": "java", "public.ecr.aws/lambda/dotnet": "dotnet",
    "cgr.dev/chainguard/python": "python", "cgr.dev/chainguard/node": "node", "cgr.dev/chainguard/go": "go",
    "cgr.dev/chainguard/ruby": "ruby", "cgr.dev/chainguard/php": "php", "cgr.dev/chainguard/rust": "rust",
    "cgr.dev/chainguard/jre": "java", "cgr.dev/chainguard/jdk": "java",
}  # fmt: skip
"""Images whose tag begins with the version of the language."""

_HIDDEN_VERSION = frozenset({"pypy", "composer"})
"""Images whose leading number is not the language's: pypy:7.3, composer:2."""

_IN_TAG = (
    ("pypy", "python", re.compile(r"(\d+\.\d+)(?:-|$)")),
    ("maven", "java", re.compile(r"(?:jdk|temurin|openjdk|corretto|zulu|sapmachine|semeru|graalvm\w*)-(\d+)")),
    ("gradle", "java", re.compile(r"jdk-?(\d+)")),
    ("tomcat", "java", re.compile(r"(?:jdk|jre)-?(\d+)")),
    ("jetty", "java", re.compile(r"(?:jdk|jre)-?(\d+)")),
    ("tomee", "java", re.compile(r"(?:jdk|jre)-?(\d+)")),
    ("clojure", "java", re.compile(r"(?:temurin|openjdk)-(\d+)")),
    ("groovy", "java", re.compile(r"(?:jdk|jre)-?(\d+)")),
    ("ghcr.io/astral-sh/uv", "python", re.compile(r"python(\d+\.\d+)")),
    ("wordpress", "php", re.compile(r"php(\d+\.\d+)")),
    ("drupal", "php", re.compile(r"php(\d+\.\d+)")),
    ("dunglas/frankenphp", "php", re.compile(r"php(\d+(?:\.\d+)*)")),
)
"""Images that name the version of a language somewhere in their tag."""

_IN_NAME = (
    (re.compile(r"gcr\.io/distroless/nodejs(\d+)-.+"), "node"),
    (re.compile(r"gcr\.io/distroless/java(\d+)-.+"), "java"),
    (re.compile(r"registry\.access\.redhat\.com/ubi\d+/python-(\d)(\d+)"), "python"),
    (re.compile(r"registry\.access\.redhat\.com/ubi\d+/nodejs-(\d+)"), "node"),
)
_DISTROLESS_PYTHON = {"debian10": "3.7", "debian11": "3.9", "debian12": "3.11", "debian13": "3.13"}
"""gcr.io/distroless/python3-*: Debian's own Python (README of GoogleContainerTools/distroless)."""

_SYSTEM_PYTHON = {
    ("debian", "9"): "3.5", ("debian", "10"): "3.7", ("debian", "11"): "3.9", ("debian", "12"): "3.11",
    ("debian", "13"): "3.13", ("ubuntu", "16.04"): "3.5", ("ubuntu", "18.04"): "3.6",
    ("ubuntu", "20.04"): "3.8", ("ubuntu", "22.04"): "3.10", ("ubuntu", "24.04"): "3.12",
    ("ubuntu", "24.10"): "3.12", ("ubuntu", "25.04"): "3.13", ("ubuntu", "25.10"): "3.13",
    ("alpine", "3.15"): "3.9", ("alpine", "3.16"): "3.10", ("alpine", "3.17"): "3.10",
    ("alpine", "3.18"): "3.11", ("alpine", "3.19"): "3.11", ("alpine", "3.20"): "3.12",
    ("alpine", "3.21"): "3.12", ("alpine", "3.22"): "3.12",
    ("amazonlinux", "2023"): "3.9",
}  # fmt: skip
"""The version of the package `python3`, by the distributions' own package lists and docs.aws.amazon.com/linux."""

_SYSTEM_RUST = {("debian", "12"): "1.63"}
"""The version of `rustc`, as `apt-cache policy` gives it; the `cargo` beside it (0.66.0+ds1-1) calls itself 1.65."""


def languages_of(name: str, tag: str | None) -> Mapping[str, str | None]:
    """Return the runtimes of an image with their versions.

    Args:
        name: The image as `rules.facts.names.table_name` gives it.
        tag: The tag that is pulled.

    Returns:
        Language to version, as precise as the name says it (`3`, `3.12`, `3.12.4`), or to `None` where the runtime is
        there in an unknown version. An image that is not known to have a runtime gives nothing, which says nothing.
    """
    return MappingProxyType(dict(_found(name, tag or "")))


def release_line(version: str | None) -> tuple[int, int] | None:
    """Return the first two numbers of a version, `None` where one of them is not written.

    >>> release_line("3.12.4")
    (3, 12)
    """
    parts = (version or "").split(".")[:2]
    return (number_of(parts[0]), number_of(parts[1])) if len(parts) > 1 and all(map(str.isdecimal, parts)) else None


def system_python(distro: str | None, number: str | None) -> str | None:
    """Return the version of the distribution's own Python 3, such as `3.11` for Debian 12."""
    return _SYSTEM_PYTHON.get((distro or "", number or ""))


def system_rust(distro: str | None, number: str | None) -> str | None:
    """Return the version of the Rust that a distribution's package `cargo` builds with, where that is known."""
    return _SYSTEM_RUST.get((distro or "", number or ""))


def _found(name: str, tag: str) -> list[tuple[str, str | None]]:
    for pattern, language in _IN_NAME:
        if found := pattern.fullmatch(name):
            return [(language, ".".join(found.groups()))]
    if name.startswith("gcr.io/distroless/python3"):
        return [("python", _DISTROLESS_PYTHON.get(name.rpartition("-")[2]))]
    for image, language, pattern in _IN_TAG:
        if image == name:
            found = pattern.search(tag)
            return [(language, found[1] if found else None)]
    if name in _BY_LEADING_VERSION:
        version = None if name in _HIDDEN_VERSION else re.match(_VERSION, tag)
        return [(_BY_LEADING_VERSION[name], version[1] if version else None)]
    return []
