"""End of life: dates, what ended, what to take instead; and silence where the table does not know."""

from __future__ import annotations

from datetime import date

import pytest

from rules.dockerfile.reference import ImageReference, parse_reference
from rules.facts.eol import EndOfLife, all_end_of_life, data_date
from rules.facts.replacement import supported_reference

TODAY = date(2026, 11, 20)


def reference(text: str) -> ImageReference:
    found = parse_reference(text)
    assert found is not None, text
    return found


def ended(text: str, today: date = TODAY) -> list[tuple[str, str]]:
    return [(one.product, one.cycle) for one in all_end_of_life(reference(text), today) if one.already_over]


def first(text: str, today: date = TODAY) -> EndOfLife:
    """Return the one that matters most: what is over before what is not."""
    found = all_end_of_life(reference(text), today)
    assert found, text
    return next((one for one in found if one.already_over), found[0])


@pytest.mark.parametrize(
    ("text", "products"),
    [
        ("python:3.9-slim", [("Python", "3.9")]),
        ("python:3.9.1-slim-buster", [("Python", "3.9"), ("Debian", "10")]),
        ("node:18.16.0-alpine3.17", [("Node.js", "18"), ("Alpine Linux", "3.17")]),
        ("node:lts-alpine3.15", [("Alpine Linux", "3.15")]),
        ("golang:1.20", [("Go", "1.20")]),
        ("mcr.microsoft.com/dotnet/sdk:7.0", [("Microsoft .NET", "7")]),
        ("debian:buster-slim", [("Debian", "10")]),
        ("ubuntu:20.04", [("Ubuntu", "20.04")]),
        ("buildpack-deps:stretch-scm", [("Debian", "9")]),
        ("centos:7", [("CentOS", "7")]),
        ("quay.io/centos/centos:stream8", [("CentOS Stream", "8")]),
        ("registry.access.redhat.com/ubi7/ubi:7.9", [("Red Hat Enterprise Linux", "7")]),
        ("amazonlinux:1", [("Amazon Linux", "2018.03")]),
        ("wordpress:6.4-php8.0-apache", [("WordPress", "6.4"), ("PHP", "8.0")]),
        ("ghcr.io/astral-sh/uv:python3.9-bookworm-slim", [("Python", "3.9")]),
        ("ros:foxy-ros-base", [("ROS 2", "foxy")]),
        ("node:3", [("Node.js", "3")]),
        ("python:2-alpine3.7", [("Python", "2.7"), ("Alpine Linux", "3.7")]),
        ("nginx:1.17-alpine", [("nginx", "1.17")]),
        ("haproxy:1", [("HAProxy", "1.9")]),
        ("eclipse-temurin:17-jre-focal", [("Ubuntu", "20.04")]),
        ("public.ecr.aws/docker/library/python:3.8", [("Python", "3.8")]),
        ("hexpm/elixir:1.14.5-erlang-25.3-alpine-3.18.6", [("Elixir", "1.14"), ("Alpine Linux", "3.18")]),
        ("hexpm/erlang:27.2-debian-buster-20240612-slim", [("Debian", "10")]),
    ],
)
def test_what_has_ended_is_named(text: str, products: list[tuple[str, str]]) -> None:
    assert ended(text) == products


@pytest.mark.parametrize(
    "text",
    [
        "python:3.13-slim",
        "python:3.13-slim-bookworm",
        "python:3",
        "python:latest",
        "python:3.99",
        "node:22",
        "node:no-such-tag",
        "debian:bookworm-slim",
        "alpine:3.22",
        "alpine:edge",
        "golang:1.27",
        "golang:1",
        "mongo:4",
        "ubuntu",
        "bitnami/redis:latest",
        "registry.corp/node:18",
        "someone/app:3.9",
        "someone/app:1.2-buster",
        "registry.corp/tool:potato",
        "gcr.io/distroless/static-debian13",
    ],
)
def test_nothing_is_said_about_what_is_supported_or_unknown(text: str) -> None:
    assert ended(text) == []


def test_a_bare_digest_says_nothing() -> None:
    assert all_end_of_life(reference("python@sha256:" + "0" * 64), TODAY) == ()


def test_the_day_after_the_last_one_is_over() -> None:
    assert ended("python:3.9", date(2025, 10, 31)) == []
    assert ended("python:3.9", date(2025, 11, 1)) == [("Python", "3.9")]
    assert [first("python:3.9", date(2025, 10, day)).days for day in (30, 31)] == [-1, 0]


def test_the_date_its_source_and_the_age_of_the_table_are_told() -> None:
    node = first("node:18-slim")
    assert (node.date, node.days, node.part) == (date(2025, 4, 30), 569, "18")
    assert node.link.startswith("https://")
    assert node.data_date == data_date() == date(2026, 8, 22)


def test_the_free_extension_of_debian_counts_and_paid_ones_do_not() -> None:
    bookworm, focal = first("debian:bookworm"), first("ubuntu:focal")
    assert (bookworm.already_over, bookworm.extension, bookworm.regular_end) == (False, "Debian LTS", date(2026, 7, 11))
    assert (focal.already_over, focal.extension, focal.regular_end) == (True, "", None)


@pytest.mark.parametrize(
    ("text", "successor"),
    [
        ("python:3.9", "3.11"),
        ("node:18", "22"),
        ("node:21", "22"),
        ("debian:10", "12"),
        ("ubuntu:18.04", "22.04"),
        ("mcr.microsoft.com/dotnet/aspnet:7.0", "10"),
        ("golang:1.20", "1.26"),
        ("golang:1.27", None),
    ],
)
def test_the_nearest_supported_line_comes_next_and_a_long_term_one_first(text: str, successor: str | None) -> None:
    assert first(text).successor == successor


@pytest.mark.parametrize(
    ("text", "day", "instead"),
    [
        ("openjdk:11-jre-slim", None, "eclipse-temurin"),
        ("adoptopenjdk/openjdk11:latest", None, "eclipse-temurin"),
        ("adoptopenjdk/openjdk11-openj9:latest", None, "ibm-semeru-runtimes"),
        ("adoptopenjdk:11-jre-openj9", None, "ibm-semeru-runtimes"),
        ("adoptopenjdk/maven-openjdk8", None, "maven"),
        ("bitnami/postgresql:99", date(2025, 8, 28), None),
        (
            "gcr.io/distroless/nodejs22-debian12:nonroot",
            date(2026, 1, 31),
            "gcr.io/distroless/nodejs22-debian13:nonroot",
        ),
        ("gcr.io/distroless/static-debian12", date(2026, 9, 30), "gcr.io/distroless/static-debian13"),
        ("gcr.io/distroless/java19-debian12", date(2026, 1, 31), None),
        ("jenkins:2.60.3", None, "jenkins/jenkins"),
    ],
)
def test_an_abandoned_image_is_over_whatever_it_holds(text: str, day: date | None, instead: str | None) -> None:
    found = first(text)
    assert found.already_over
    assert (found.date, found.instead) == (day, instead)
    assert found.note


def test_the_day_on_which_a_tag_left_the_library_is_not_the_day_of_its_image() -> None:
    assert first("openjdk:11-jre-slim").rebuilt_until == date(2022, 8, 19)
    assert first("openjdk:11.0.12-jre-slim").rebuilt_until == date(2021, 10, 21)
    assert first("bitnami/postgresql:99").rebuilt_until is None


def test_a_product_that_fixes_its_newest_line_only_is_marked() -> None:
    assert first("rust:1.70").newest_only
    assert not first("node:18").newest_only


@pytest.mark.parametrize(
    ("text", "replacement"),
    [
        ("python:3.9-slim-buster", "python:3.11-slim-bookworm"),
        ("docker.io/python:3.9-bookworm", "docker.io/python:3.11-bookworm"),
        ("node:18.16.0-alpine3.17", "node:22-alpine3.23"),
        ("debian:buster-slim", "debian:bookworm-slim"),
        ("alpine:3.15.4", "alpine:3.22"),
        ("mcr.microsoft.com/dotnet/sdk:7.0", "mcr.microsoft.com/dotnet/sdk:10.0"),
        ("eclipse-temurin:24.0.2_12-jdk", "eclipse-temurin:25-jdk"),
        ("ubuntu:20.04@sha256:" + "0" * 64, "ubuntu:22.04"),
        ("node:22", None),
        ("centos:7", None),
        ("openjdk:11", None),
        ("registry.access.redhat.com/ubi7:latest", None),
    ],
)
def test_the_replacement_keeps_the_variant_and_is_really_built(text: str, replacement: str | None) -> None:
    assert supported_reference(reference(text), TODAY) == replacement


@pytest.mark.parametrize(
    ("text", "today", "replacement"),
    [
        ("node:14-bullseye-slim", date(2026, 8, 22), "node:22-bookworm-slim"),
        ("node:14-bullseye-slim", date(2026, 1, 1), "node:22-bullseye-slim"),
        ("php:8.0-fpm-bullseye", date(2026, 11, 20), "php:8.3-fpm-bookworm"),
        ("rabbitmq:3.6", date(2026, 8, 22), "rabbitmq:4.3"),
    ],
)
def test_no_part_of_a_replacement_ends_within_a_quarter(text: str, today: date, replacement: str) -> None:
    assert supported_reference(reference(text), today) == replacement


@pytest.mark.parametrize(
    ("text", "today", "replacement"),
    [
        ("rust:1.70", date(2026, 9, 1), "rust:1.98"),
        ("rust:1.70", date(2026, 11, 20), None),
        ("golang:1.20", date(2026, 11, 20), "golang:1.26"),
        ("golang:1.20", date(2027, 4, 1), None),
    ],
)
def test_a_line_that_may_have_been_replaced_since_the_table_was_made_is_not_named(
    text: str, today: date, replacement: str | None
) -> None:
    assert supported_reference(reference(text), today) == replacement


def test_a_line_that_ends_soon_is_named_where_nothing_else_is_built() -> None:
    instead = supported_reference(reference("mcr.microsoft.com/dotnet/sdk:7.0"), date(2028, 9, 1))
    assert instead == "mcr.microsoft.com/dotnet/sdk:10.0"
