"""Which commands an image has: yes, no, or not known."""

from __future__ import annotations

import pytest

from rules.dockerfile.reference import parse_reference
from rules.facts.command_packages import package_of_command, provides
from rules.facts.images import ImageFacts, image_facts


def facts(text: str) -> ImageFacts:
    reference = parse_reference(text)
    assert reference is not None
    found = image_facts(reference)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("text", "present"),
    [
        ("python:3.12-slim", "sh bash python3 pip apt-get useradd perl /bin/sh /usr/local/bin/python"),
        ("python:3.12", "curl wget git gcc make ps"),
        ("debian:12-slim", "adduser dpkg find tar"),
        ("ubuntu:22.04", "adduser useradd ps pgrep"),
        ("ubuntu:26.04", "ps top free pkill"),
        ("node:24-trixie", "adduser"),
        ("node:22-alpine", "sh ash wget node npm npx yarn nc vi ps unzip apk adduser"),
        ("golang:1.27", "go gofmt git curl"),
        ("eclipse-temurin:21-jre", "java bash"),
        ("postgres:16", "psql pg_isready gosu"),
        ("gcr.io/distroless/python3-debian12", "/usr/bin/python3.11"),
        ("cgr.dev/chainguard/python:latest-dev", "sh bash apk git"),
        ("registry.access.redhat.com/ubi9-minimal", "bash microdnf"),
        ("busybox:1.36", "sh wget nc"),
        ("gcr.io/distroless/static-debian13:debug", "sh ls adduser addgroup"),
    ],
)
def test_a_command_is_there(text: str, present: str) -> None:
    answers = {tool: facts(text).has_tool(tool) for tool in present.split()}
    assert answers == dict.fromkeys(answers, True)


@pytest.mark.parametrize(
    ("text", "absent"),
    [
        ("python:3.12-slim", "curl wget git gcc make ps uv poetry gunicorn node tini gosu sudo dig nc /usr/bin/curl"),
        ("python:3.12", "uv poetry node sudo"),
        ("debian:trixie-slim", "curl python3 apk adduser addgroup deluser"),
        ("debian:13", "adduser"),
        ("ubuntu:24.04", "adduser curl wget ip"),
        ("node:22-alpine", "bash curl git useradd apt-get python3 make tini"),
        ("node:22-slim", "python3 curl wget"),
        ("gcr.io/distroless/static-debian12", "sh bash curl wget ls apt-get"),
        ("gcr.io/distroless/nodejs22-debian13", "sh bash apt-get python3"),
        ("cgr.dev/chainguard/python:latest", "sh bash apk curl wget"),
        ("busybox:1.36", "bash"),
        ("gcr.io/distroless/static-debian13:debug", "groupadd apt-get bash python3"),
        ("eclipse-temurin:21-jre", "mvn gradle node javac"),
    ],
)
def test_a_command_is_missing(text: str, absent: str) -> None:
    answers = {tool: facts(text).has_tool(tool) for tool in absent.split()}
    assert answers == dict.fromkeys(answers, False)


@pytest.mark.parametrize(
    ("text", "tool"),
    [
        ("python:3.12-slim", "some-program"),
        ("python:3.12-slim", "/opt/tool/bin/curl"),
        ("python:3.12", "python2"),
        ("golang:1.27", "python3"),
        ("debian:testing-slim", "adduser"),
        ("eclipse-temurin:21", "adduser"),
        ("postgres:16", "python3"),
        ("registry.access.redhat.com/ubi9", "vi"),
        ("centos:7", "curl"),
        ("dhi.io/python:3.13", "sh"),
        ("mcr.microsoft.com/dotnet/core/aspnet:3.1", "curl"),
        ("python:3.12-windowsservercore-ltsc2022", "curl"),
    ],
)
def test_it_is_not_known_whether_a_command_is_there(text: str, tool: str) -> None:
    assert facts(text).has_tool(tool) is None


def test_the_shell_of_a_distroless_debug_image_is_not_where_shell_forms_look() -> None:
    debug = facts("gcr.io/distroless/base-debian12:debug")
    assert debug.has_shell is False


@pytest.mark.parametrize(
    ("package", "command"),
    [
        ("curl", "curl"),
        ("curl=8.5.0-2", "curl"),
        ("dnsutils", "dig"),
        ("procps", "ps"),
        ("build-essential", "gcc"),
        ("openjdk-17-jre-headless", "java"),
        ("openjdk21-jre", "java"),
        ("postgresql16-client", "pg_isready"),
        ("shadow", "useradd"),
        ("python3-pip", "pip3"),
    ],
)
def test_a_package_brings_a_command(package: str, command: str) -> None:
    assert command in provides(package)


@pytest.mark.parametrize(
    ("command", "distro", "package"),
    [
        ("dig", "debian", "dnsutils"),
        ("dig", "ubuntu", "dnsutils"),
        ("dig", "alpine", "bind-tools"),
        ("dig", "fedora", "bind-utils"),
        ("curl", "alpine", "curl"),
        ("ps", "debian", "procps"),
        ("ping", "alpine", None),
        ("gosu", "alpine", None),
        ("su-exec", "alpine", "su-exec"),
        ("su-exec", "debian", None),
        ("sqlite3", "alpine", "sqlite"),
        ("envsubst", "debian", "gettext-base"),
        ("curl", "windows", None),
        ("no-such-command", "debian", None),
    ],
)
def test_the_package_of_a_command_depends_on_the_distribution(command: str, distro: str, package: str | None) -> None:
    assert package_of_command(command, distro) == package


@pytest.mark.parametrize(
    ("image", "manager"),
    [
        ("mysql:8.4", "microdnf"),  # FROM oraclelinux:9-slim
        ("mysql:5.7", "yum"),  # FROM oraclelinux:7-slim, which has no microdnf
        ("oraclelinux:9", "dnf"),
        ("almalinux:9-minimal", "microdnf"),
        ("registry.access.redhat.com/ubi9-minimal", "microdnf"),
    ],
)
def test_small_images_of_red_hats_family_have_the_small_manager(image: str, manager: str) -> None:
    assert facts(image).package_manager == manager


@pytest.mark.parametrize("text", ["eclipse-temurin:21-jdk", "eclipse-temurin:21-alpine", "amazoncorretto:21-alpine"])
def test_an_image_of_java_may_be_a_jdk_unless_it_says_otherwise(text: str) -> None:
    assert facts(text).has_tool("javac") is not False
