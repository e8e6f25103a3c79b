"""What the raw tables of images get wrong or leave out, each with the reason."""

from __future__ import annotations

import re
from typing import Any

from rules.data.build.by_hand import hand_written

Json = dict[str, Any]

KINDS = {
    **dict.fromkeys(
        """alt archlinux centos cirros clearlinux clefos crux euleros mageia neurodebian opensuse sl sourcemage
        ubuntu-debootstrap ubuntu-upstart""".split(),
        "os",
    ),
    **dict.fromkeys(
        """arangodb clickhouse couchbase couchdb crate eclipse-mosquitto elasticsearch emqx influxdb jetty kibana kong
        logstash neo4j registry rethinkdb solr sonarqube telegraf varnish zookeeper""".split(),
        "server",
    ),
}
"""The kind of official images that have tags but no recipe in the raw table; by their own documentation."""
KINDS_BY_TAG = {name: [[r"(?:^|-)jre(?:-|$)", "runtime"], ["", "sdk"]] for name in ("java", "openjdk")}
"""The same where the tag tells: the first pattern that is found in it counts."""

CONVENTIONS: list[Json] = [
    {
        "prefix": "dhi.io/",
        "unless": "(?:^|-)(?:dev|sdk|build|builder|compat)(?:-|$)",
        "source": "Docker Hardened Images documentation: runtime variants run as a non-root user, dev variants as root",
    },
    {
        "prefix": "cgr.dev/chainguard/",
        "unless": "(?:^|-)dev$",
        "source": "Chainguard documentation: images run as uid 65532 unless their page says otherwise",
    },
    {
        "prefix": "docker.io/nginxinc/nginx-unprivileged",
        "unless": "",
        "source": "nginxinc/docker-nginx-unprivileged README: runs as uid 101",
    },
]
"""What a publisher promises for all images under a name: a user that is not root."""

_VERSION = r"v?\d+(?:\.\d+)*(?:-\d+)?"
SHAPES: list[tuple[str, list[list[str]]]] = [
    (
        r"mcr\.microsoft\.com/dotnet/.*",
        [[r"-(?:amd64|arm32v7|arm64v8)$", ""], [r"^(\d+\.\d+)\.\d+(?=-|$)", r"\1"], [r"alpine\d+\.\d+", "alpine"]],
    ),
    (
        r"ghcr\.io/astral-sh/uv",
        [[rf"^{_VERSION}-", ""], [r"\b(?:bookworm|bullseye)\b", "trixie"], [r"alpine\d+\.\d+", "alpine"]],
    ),
    (r"oven/bun", [[rf"^{_VERSION}(?:-|$)", ""], [r"^$", "latest"]]),
    (r"denoland/deno", [[rf"(?:^|-){_VERSION}$", ""], [r"^$", "latest"]]),
    (
        r"mambaorg/micromamba",
        [[rf"^{_VERSION}(?:-|$)", ""], [r"^alpine.*", "alpine"], [r"^(?!alpine|cuda).*", "latest"]],
    ),
    (r"openresty/openresty", [[rf"^{_VERSION}(?:-\d+)?-", ""]]),
    (r"quay\.io/jupyter/.*", [[r"^(?!cuda).+", "latest"]]),
    (r"registry\.access\.redhat\.com/.*", [[r"^\d[\w.-]*$", "latest"]]),
    (r"public\.ecr\.aws/lambda/.*", [[r"-(?:x86_64|arm64)$", ""], [r"\.\d{4}\.\d\d\.\d\d\.\d\d$", ""]]),
    (
        r"nginxinc/nginx-unprivileged",
        [[rf"^{_VERSION}", "mainline"], [r"alpine\d+\.\d+", "alpine"], [r"-(?:perl|otel)$", ""]],
    ),
    (r"(?:condaforge/miniforge3|continuumio/miniconda3)", [[rf"^{_VERSION}$", "latest"]]),
]
"""Tags built by the recipe of another one: for names that match, replacements to try one after the other."""

_DISTROLESS_LANGUAGES = {
    "python3": ({"debian11": "python3.9", "debian12": "python3.11"}, "/usr/bin/{}"),
    "nodejs16": ({"debian11": "node"}, "/nodejs/bin/{}"),
    "nodejs18": ({"debian11": "node", "debian12": "node"}, "/nodejs/bin/{}"),
    "nodejs20": ({"debian11": "node", "debian12": "node"}, "/nodejs/bin/{}"),
    "nodejs22": ({"debian12": "node"}, "/nodejs/bin/{}"),
    "nodejs24": ({"debian12": "node"}, "/nodejs/bin/{}"),
    "java11": ({"debian11": "java"}, "/usr/bin/{}"),
    "java17": ({"debian11": "java", "debian12": "java"}, "/usr/bin/{}"),
    "java21": ({"debian12": "java"}, "/usr/bin/{}"),
}
"""gcr.io/distroless images of earlier Debian releases (README and BUILD files of GoogleContainerTools/distroless)."""

_CODENAMES = {"debian11": "bullseye", "debian12": "bookworm", "debian13": "trixie"}


def corrected(name: str, config: Json) -> Json:
    """Return a configuration of an image without the faults known in the raw table."""
    if name == "busybox":
        # The raw table takes it for a Linux distribution with bash; busybox has its own shell alone.
        return config | {"tools": ["busybox", "sh", "wget"]}
    if name == "gradle" and config.get("users") == {"ubuntu": 1000}:
        # The recipes on Ubuntu 24.04 and later rename the base's account (`usermod --login gradle`).
        config |= {"users": {"gradle": 1000}}
    if config.get("pm") == "dnf" and str(config.get("release")).endswith(("-slim", "-minimal")):
        # The table gives the full image's program; the recipe's base has the small one, which mysql's installs with.
        config |= {"pm": "microdnf"}
    if "env" in config:
        # Quotes that the Dockerfile needs are no part of the value.
        config["env"] = {key: value.strip('"') for key, value in config["env"].items()}
    return config


def shapes_of(name: str) -> list[list[str]]:
    """Return the replacements that turn an image's tags into those of the raw table."""
    return next((shapes for pattern, shapes in SHAPES if re.fullmatch(pattern, name)), [])


def families(images: dict[str, Json]) -> dict[str, Json]:
    """Return the raw families with those that the raw table leaves out."""
    images = {name: _narrowed(name, family) for name, family in images.items()}
    return images | _earlier_distroless(images) | hand_written()


def _narrowed(name: str, family: Json) -> Json:
    if name != "ghcr.io/astral-sh/uv":
        return family
    # The raw pattern for the image that holds the program only also takes 0.9.3-python3.12-trixie-slim.
    broad = r"^(?:latest|v?\d[\w.-]*)$"
    variants = [
        raw | {"match": r"^(?:latest|v?\d+(?:\.\d+)*)$"} if raw["match"] == broad else raw for raw in family["variants"]
    ]
    return family | {"variants": variants}


def _earlier_distroless(images: dict[str, Json]) -> dict[str, Json]:
    """Derive the images of Debian 11 and 12, and those without a release in their name, from those of Debian 13."""
    found: dict[str, Json] = {}
    for plain in ("static", "base", "base-nossl", "cc", "java-base"):
        recipe = images[f"gcr.io/distroless/{plain}-debian13"]
        for release in ("debian11", "debian12", ""):
            name = f"gcr.io/distroless/{plain}" + (f"-{release}" if release else "")
            if name not in images:
                found[name] = _distroless(recipe, release, None)
    for language, (programs, path) in _DISTROLESS_LANGUAGES.items():
        model = {"p": "python3", "n": "nodejs22", "j": "java21"}[language[0]]
        recipe = images[f"gcr.io/distroless/{model}-debian13"]
        for release, program in programs.items():
            found[f"gcr.io/distroless/{language}-{release}"] = _distroless(recipe, release, path.format(program))
    return found


def _distroless(recipe: Json, release: str, program: str | None) -> Json:
    variants = []
    for raw in recipe["variants"]:
        variant = raw | {"release": _CODENAMES.get(release), "how": "hand"}
        variant["source"] = "GoogleContainerTools/distroless README"
        if program and raw["entrypoint"]:
            variant["entrypoint"] = [program, *raw["entrypoint"][1:]]
        variants.append(variant)
    return {"registry": "gcr.io", "variants": variants}
