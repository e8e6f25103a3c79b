"""Build `eol.zip`: end-of-life dates by product and cycle, and which images are which product.

python -m rules.data.build.eol eol.json
"""

from __future__ import annotations

import json
from typing import Any

from rules.data.build.pack import arguments, write

Json = dict[str, Any]

FREE_EXTENSION = {"debian": "Debian LTS"}
"""Products whose extended support reaches everyone who installs updates; elsewhere it is sold."""

NEWEST_ONLY = frozenset(
    "bun caddy clickhouse composer deno docker-engine grafana influxdb jenkins keycloak neo4j prometheus rust "
    "traefik".split()
)
"""Products that fix their newest release line only, so that every pinned line ends within weeks or months."""

BITNAMI = "since August 2025 versioned tags are in bitnamilegacy/*, which gets no updates"
ADOPTOPENJDK: Json = {"note": "AdoptOpenJDK publishes no images any more"}
TEMURIN = "renamed to eclipse-temurin"
OPENJ9: Json = {"instead": "ibm-semeru-runtimes", "note": "AdoptOpenJDK's builds with OpenJ9 became IBM Semeru"}
# adoptopenjdk.net: with its move to the Eclipse Foundation, builds with OpenJ9 are IBM's, and Temurin has HotSpot
DISTROLESS: Json = {
    "instead": r"\1-debian13",
    "note": "GoogleContainerTools/distroless SUPPORT_POLICY.md: no longer updated",
}
MAMBAFORGE = "Mambaforge is built no more since January 2025, and Miniforge is the same"
# conda-forge.org/news/2024/07/29/sunsetting-mambaforge
DOTNET = "mcr.microsoft.com/dotnet"
MOVED: Json = {"note": "moved to the Microsoft Container Registry", "withdrawn": True}
"""Microsoft took them off Docker Hub by August 2021 (dotnet/dotnet-docker 2848 and 2960, dotnet/announcements 197)."""
WITHOUT_NODE: Json = {"note": "moved to the Microsoft Container Registry, where the SDK comes without Node.js"}
# aspnet/Announcements 298
JUPYTER: Json = {
    "registry": "docker.io",
    "date": "2023-10-20",
    "note": "since then the Jupyter Docker Stacks are published at quay.io alone",
}
# jupyter/docker-stacks, README.md: what is on Docker Hub "will no longer be updated"
STACKS = "docker-stacks-foundation base-notebook minimal-notebook r-notebook julia-notebook scipy-notebook".split()
STACKS += "tensorflow-notebook datascience-notebook pyspark-notebook all-spark-notebook".split()

DEAD: list[Json] = [
    {"match": "openjdk", "instead": "eclipse-temurin", "note": "the official image is deprecated"},
    {"match": "java", "instead": "eclipse-temurin", "note": "removed from the official images"},
    {"match": "adoptopenjdk/maven-.*", "instead": "maven"} | ADOPTOPENJDK,
    {"match": "adoptopenjdk/.*openj9.*"} | OPENJ9,
    {"match": "adoptopenjdk", "tag": ".*openj9.*"} | OPENJ9,
    {"match": r"adoptopenjdk(?:/openjdk\d+(?:-nightly)?)?", "instead": "eclipse-temurin", "note": TEMURIN},
    {"match": "adoptopenjdk/.*"} | ADOPTOPENJDK,
    {"match": "centos", "note": "removed from the official images; CentOS Linux has ended"},
    {"match": "jenkins", "instead": "jenkins/jenkins", "note": "removed from the official images"},
    {"match": "iojs", "instead": "node", "note": "io.js was merged into Node.js"},
    {"match": "nuxeo|rails|django|sentry|fsharp|known|mono", "note": "removed from the official images"},
    {"match": "vault", "instead": "hashicorp/vault", "note": "removed from the official images"},
    {"match": "consul", "instead": "hashicorp/consul", "note": "removed from the official images"},
    {"match": "owncloud", "instead": "owncloud/server", "note": "removed from the official images"},
    {"match": "bitnami/.+", "tag": r"\d.*", "date": "2025-08-28", "note": BITNAMI},
    {"match": "bitnamilegacy/.+", "date": "2025-08-28", "note": BITNAMI},
    {"match": "condaforge/mambaforge", "instead": "condaforge/miniforge3", "note": MAMBAFORGE},
    {"match": "condaforge/mambaforge-pypy3", "note": "Mambaforge is built no more since January 2025"},
    {"match": "microsoft/aspnetcore", "instead": f"{DOTNET}/aspnet"} | MOVED,
    {"match": "microsoft/aspnetcore-build", "instead": f"{DOTNET}/sdk"} | MOVED | WITHOUT_NODE,
    {"match": "microsoft/dotnet", "tag": ".*sdk.*|latest", "instead": f"{DOTNET}/sdk"} | MOVED,
    {"match": "microsoft/dotnet", "tag": ".*aspnetcore-runtime.*", "instead": f"{DOTNET}/aspnet"} | MOVED,
    {"match": "microsoft/dotnet", "tag": ".*runtime-deps.*", "instead": f"{DOTNET}/runtime-deps"} | MOVED,
    {"match": "microsoft/dotnet", "tag": ".*runtime.*", "instead": f"{DOTNET}/runtime"} | MOVED,
    {"match": "microsoft/dotnet"} | MOVED,
    *({"match": f"quay.io/jupyter/{name}", "instead": f"quay.io/jupyter/{name}"} | JUPYTER for name in STACKS),
    {"match": r"(gcr\.io/distroless/(?:java|nodejs).*)-debian12", "date": "2026-01-31"} | DISTROLESS,
    {"match": r"(gcr\.io/distroless/python3)-debian12", "date": "2026-04-30"} | DISTROLESS,
    {"match": r"(gcr\.io/distroless/.*)-debian12", "date": "2026-09-30"} | DISTROLESS,
    {"match": r"(gcr\.io/distroless/.*)-debian1[01]"} | DISTROLESS,
]
"""Images that are no longer updated, whatever they hold; the first match counts.

`match` is the familiar name, `tag` limits it to some tags, `registry` to one of several that hold the same image,
`date` is the last day of updates where it is known, `withdrawn` says that its registry has none of its tags any more,
`instead` is the image to use; one that names a group of `match` is the same image of a later system, where the table of
images has it.
From the raw table's `dead_images`, whose notes are written for people.
"""


SUSE = r"registry\.suse\.com/(?:bci/bci-(?:base|minimal|micro|init|busybox)(?:-fips)?|suse/sle15)"
"""SUSE's base container images, which have the life cycle of SLES, and whose tags name its service pack (SUSE's
Container Guide)."""
IMAGES = [
    ["hexpm/elixir", "elixir"],  # hexpm/bob, which builds them
    ["hexpm/erlang", "erlang"],
    [r"opensuse|opensuse/leap|registry\.opensuse\.org/opensuse/leap", "opensuse"],  # en.opensuse.org/Lifetime
    [SUSE, "sles"],
]
"""Images of a product that the raw table leaves out."""

LINES = {
    "nginx": {
        "1.17": "2020-05-26",
        "1.15": "2019-05-21",
        "1.13": "2018-06-05",
        "1.11": "2017-04-25",
        "1.9": "2016-05-24",
        "1.7": "2015-04-28",
    },
    "go": {
        "1.9": "2018-08-24",
        "1.8": "2018-02-16",
        "1.7": "2017-08-24",
        "1.6": "2017-02-16",
        "1.5": "2016-08-15",
        "1.4": "2016-02-17",
        "1.3": "2015-08-19",
        "1.2": "2014-12-10",
    },
}
"""Release lines that the raw table leaves out, with their last day.

It has nginx' mainline from 1.19 on, and Go from 1.10 on. A line of nginx ends, as there, on the day on which the next
one begins (nginx.org, CHANGES), one of Go on that of the next but one (go.dev/doc/devel/release).
"""

SYSTEMS = [[r"alpine-(\d+\.\d+)(?:\.\d+)?", "alpine-linux"]]
"""Ways to name the system in a tag that the raw table leaves out: Hex's images have a hyphen behind its name."""


def main() -> None:
    """Read the raw table and write the compact one."""
    given = arguments("Build eol.zip", "eol")
    raw = json.loads(given.eol.read_text())
    systems = [*raw["suffix"]["patterns"], *SYSTEMS]
    parts: Json = {
        "meta": raw["meta"],
        "images": [*([match, product] for match, product in raw["image_map"] if product != "@dead"), *IMAGES],
        "systems": [[rf"(?:^|-){match}(?=$|-)", product] for match, product in systems],
        "codenames": raw["suffix"]["codenames"],
        "dead": DEAD,
    }
    parts |= {f"product/{name}": product(name, value) for name, value in raw["products"].items()}
    write(given.output / "eol.zip", parts)


def product(name: str, raw: Json) -> Json:
    """Return one product: its label, its page, and its cycles from the newest on."""
    missing = [{"cycle": line, "eol": last} for line, last in LINES.get(name, {}).items()]
    cycles = [*raw["cycles"], *missing]
    if missing:
        cycles.sort(key=lambda cycle: [int(part) for part in cycle["cycle"].split(".")], reverse=True)
    return {
        "label": raw["label"],
        "link": raw["link"],
        "extension": FREE_EXTENSION.get(name, ""),
        "newest_only": name in NEWEST_ONLY,
        "cycles": [
            {key: cycle[key] for key in ("cycle", "eol", "eoes", "lts") if cycle.get(key) is not None}
            for cycle in cycles
        ],
    }


if __name__ == "__main__":
    main()
