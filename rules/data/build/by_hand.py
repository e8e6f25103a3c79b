"""Facts written by hand, where an image has no public recipe; each names its source."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]

_ELASTICSEARCH = ["/bin/tini", "--", "/usr/local/bin/docker-entrypoint.sh"]


def _variant(match: str, **values: Any) -> Json:
    empty: Json = dict.fromkeys(("cmd", "entrypoint", "workdir", "distro", "release", "libc", "pm"))
    return empty | {"match": match, "user": "", "tools": [], "how": "hand", "libc": "glibc"} | values


def hand_written() -> dict[str, Json]:
    """Return the images that have no public recipe, by name; every value was read at the source that it names."""
    return {
        "quay.io/centos/centos": {
            "variants": [
                _variant(
                    r"^stream(?P<release>\d+)(?:-development)?$", kind="os", distro="centos", pm="dnf",
                    cmd=["/bin/bash"], tools=["bash", "sh"], source="quay.io/centos/centos, CentOS Stream images",
                )
            ]
        },
        "centos": {
            "variants": [
                _variant(
                    r"^(?:latest|(?:centos)?(?P<release>\d)[\w.]*)$", kind="os", distro="centos", pm="yum",
                    cmd=["/bin/bash"], tools=["bash", "sh"], source="CentOS/sig-cloud-instance-images",
                )
            ]
        },
        "nvidia/cuda": {"variants": _cuda()},
        "playwright/python, Ubuntu 22.04": _playwright_on_jammy(),
        "gcc": {"variants": [_buildpack("sdk")]},
        "perl": {"variants": [_buildpack("runtime+toolchain")]},
        "hexpm/elixir": {"variants": _hexpm(r"[\d.]+(?:-rc\.\d+)?-erlang-")},
        "hexpm/erlang": {"variants": _hexpm("")},
    } | _servers() | _old_dotnet() | _dotnet_core() | _adoptopenjdk()  # fmt: skip


def _playwright_on_jammy() -> Json:
    """Return Playwright's images on Ubuntu 22.04, which the raw table has on 24.04 alone."""
    return {
        "extends": "mcr.microsoft.com/playwright/python",
        "variants": [
            _variant(
                r"^v?\d[\w.]*-jammy$", kind="runtime", distro="ubuntu", release="jammy", pm="apt", cmd=["/bin/bash"],
                env={"LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", "PLAYWRIGHT_BROWSERS_PATH": "/ms-playwright"},
                users={"pwuser": 1000}, tools=["bash", "curl", "git", "openssh-client", "sh"],
                source="microsoft/playwright-python/utils/docker/Dockerfile.jammy@049372b47d0b",
            )
        ],
    }  # fmt: skip


def _cuda() -> list[Json]:
    """Return NVIDIA's images, whose tags name flavour and system."""
    tag = r"^[\d.]+-(?:cudnn\d*-)?{}-(?:{})$"
    ubuntu = r"ubuntu(?P<release>\d\d\.\d\d)"
    redhat = r"(?:ubi|rockylinux|rhel|centos)(?P<release>\d+)"
    return [
        _variant(
            tag.format(flavour, system), kind=kind, distro=distro, pm=pm,
            unknown=["cmd", "entrypoint", "tools", "env"],
            source="hub.docker.com/r/nvidia/cuda, section Overview of Images",
        )
        for flavour, kind in (("base", "runtime"), ("runtime", "runtime"), ("devel", "sdk"))
        for system, distro, pm in ((ubuntu, "ubuntu", "apt"), (redhat, "rhel", "dnf"))
    ]  # fmt: skip


def _hexpm(language: str) -> list[Json]:
    """Return Hex's images of Erlang and Elixir, whose tags name the system: `1.19.5-erlang-28.5-alpine-3.23.4`.

    Their recipes put programs into the system's image and say nothing of how it starts.
    """
    return [
        _variant(
            rf"^{language}\d[\w.-]*?-{system}$", kind="runtime", distro=distro, pm=pm, libc=libc, cmd=[shell],
            unknown=["env", "tools"], source="hexpm/bob/priv/scripts/docker",
        )
        for system, distro, pm, libc, shell in (
            (r"alpine-(?P<alpine>\d+\.\d+)\.\d+", "alpine", "apk", "musl", "/bin/sh"),
            (r"debian-(?P<release>[a-z]+)-\d+(?:-slim)?", "debian", "apt", "glibc", "bash"),
            (r"ubuntu-(?P<release>[a-z]+)-[\d.]+", "ubuntu", "apt", "glibc", "/bin/bash"),
        )
    ]  # fmt: skip


def _servers() -> dict[str, Json]:
    """Return servers whose start command matters, since it begins with an init."""
    return {
        "elasticsearch": {
            "variants": [
                _variant(
                    r"^[789]\.\d[\w.-]*$", kind="server", entrypoint=_ELASTICSEARCH, cmd=["eswrapper"],
                    workdir="/usr/share/elasticsearch", libc=None,
                    unknown=["distro", "env", "libc", "pm", "release", "tools", "user", "users"],
                    source="elastic/elasticsearch/distribution/docker/src/docker/Dockerfile",
                )
            ]
        },
        "jenkins/jenkins": {
            "variants": [
                _variant(
                    r"^(?:lts|latest|2\.[4-9]\d\d(?:\.\d+)?(?:-lts)?)(?:-slim)?(?:-jdk\d+)?$", kind="server",
                    entrypoint=["/usr/bin/tini", "--", "/usr/local/bin/jenkins.sh"],
                    user="jenkins", libc=None,
                    unknown=["cmd", "distro", "env", "libc", "pm", "release", "tools", "users"],
                    source="jenkinsci/docker/debian/bookworm/hotspot/Dockerfile",
                )
            ]
        },
    }  # fmt: skip


_DOTNET_TOOLS = {
    ("sdk", "debian"): ["bash", "ca-certificates", "curl", "git", "sh", "tzdata", "wget"],
    ("sdk", "alpine"): ["curl", "git", "sh", "wget"],
    ("runtime", "debian"): ["bash", "ca-certificates", "sh", "tzdata"],
    ("runtime", "alpine"): ["sh", "wget"],
}
"""What the recipes of .NET 5 to 7 install, as those of 8 do (`src/sdk`, `src/runtime-deps` of dotnet/dotnet-docker)."""


def _old_dotnet() -> dict[str, Json]:
    """Return .NET 5 to 7; the tag without a system is Debian 10's for 5, and Debian 11's for 6 and 7."""
    dotnet_debian = r"^[567]\.0(?:\.\d+)?(?:-(?P<release>buster|bullseye|bookworm|focal|jammy)(?:-slim)?)?$"
    dotnet_alpine = r"^[567]\.0(?:\.\d+)?-alpine(?P<alpine>\d+\.\d+)?$"
    of_buster, of_bullseye = r"^5\.0|5\.0\-buster\-slim$", r"^6\.0|6\.0\-bullseye\-slim|7\.0|7\.0\-bullseye\-slim$"
    return {
        f"mcr.microsoft.com/dotnet/{image} 5 to 7": {
            "extends": f"mcr.microsoft.com/dotnet/{image}",
            "variants": [
                _variant(
                    match, kind=kind, distro=distro, pm=pm, libc=libc, release=release, unknown=["env"], cmd=[shell],
                    tools=_DOTNET_TOOLS[kind, distro], source="dotnet/dotnet-docker, README of .NET 5 to 7",
                )
                for match, release, distro, pm, libc, shell in (
                    (of_buster, "buster", "debian", "apt", "glibc", "bash"),
                    (of_bullseye, "bullseye", "debian", "apt", "glibc", "bash"),
                    (dotnet_debian, None, "debian", "apt", "glibc", "bash"),
                    (dotnet_alpine, None, "alpine", "apk", "musl", "/bin/sh"),
                )
            ],
        }
        for image, kind in (("aspnet", "runtime"), ("runtime", "runtime"), ("runtime-deps", "runtime"), ("sdk", "sdk"))
    }  # fmt: skip


def _dotnet_core() -> dict[str, Json]:
    """Return .NET Core 2.1 to 3.1, as `mcr.microsoft.com/dotnet/core` and, before 2019, `microsoft/…` had it."""
    source = "dotnet/dotnet-docker, Dockerfiles of .NET Core 2.1 to 3.1: no USER"
    systems = (
        (r"(?:-(?P<release>jessie|stretch|buster)(?:-slim)?)?", "debian", "apt", "glibc"),
        (r"-(?P<release>bionic|disco|focal)", "ubuntu", "apt", "glibc"),
        (r"-alpine(?P<release>\d+\.\d+)?", "alpine", "apk", "musl"),
    )

    def variants(tag: str, kind: str) -> list[Json]:
        return [
            _variant(
                f"^{tag.format(system)}$", kind=kind, distro=distro, pm=pm, libc=libc,
                unknown=["cmd", "env", "tools"], source=source,
            )
            for system, distro, pm, libc in systems
        ]  # fmt: skip

    version = r"[123]\.\d(?:\.\d+)?"
    core = {
        f"mcr.microsoft.com/dotnet/core/{image}": {"variants": variants(version + "{}", kind)}
        for image, kind in (("aspnet", "runtime"), ("runtime", "runtime"), ("runtime-deps", "runtime"), ("sdk", "sdk"))
    }
    hub = [*variants(version + "-sdk{}", "sdk"), *variants(version + "-(?:aspnetcore-)?runtime(?:-deps)?{}", "runtime")]
    earlier = {"microsoft/dotnet": hub, "microsoft/aspnetcore": variants(version + "{}", "runtime")}
    return core | {name: {"variants": found} for name, found in earlier.items()}


def _adoptopenjdk() -> dict[str, Json]:
    """Return what is certain of the images before eclipse-temurin: they set no user, whatever system they are on."""
    known_not = ["cmd", "distro", "env", "libc", "pm", "release", "tools", "users"]
    source = "AdoptOpenJDK/openjdk-docker: no USER"
    return {
        f"adoptopenjdk/openjdk{version}{machine}": {
            "variants": [
                _variant(match, kind=kind, libc=None, unknown=known_not, source=source)
                for match, kind in ((r"^(?:.*-)?jre(?:-.*)?$", "runtime"), (r"^(?!.*\bjre\b).*$", "runtime+toolchain"))
            ]
        }
        for version in (8, 11, 12, 13, 14, 15, 16)
        for machine in ("", "-openj9")
    }


def _buildpack(kind: str) -> Json:
    """Return what is certain of the images built from buildpack-deps on Debian."""
    return _variant(
        r"^(?:latest|\d[\w.]*)(?:-(?P<release>stretch|buster|bullseye|bookworm|trixie|forky))?$", kind=kind,
        distro="debian", pm="apt",
        unknown=["cmd", "env", "tools", "workdir"], source="docker-library Dockerfiles: FROM buildpack-deps, no USER",
    )  # fmt: skip
