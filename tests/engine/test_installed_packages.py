"""What a stage's chain installs, what becomes of it, and whose layers a RUN is part of."""

from __future__ import annotations

import pytest

from rules.dockerfile.parse import parse
from rules.dockerfile.source import Source
from rules.model.model import Model


def model(text: str, *targets: str) -> Model:
    return Model(parse(Source("Dockerfile", text)), targets)


def run(command: str) -> Model:
    return model(f"FROM debian:12-slim\nRUN {command}\n")


def present(of: Model) -> list[str]:
    return [item.name for item in of.stages[-1].packages.present]


@pytest.mark.parametrize(
    "removal",
    [
        "apt-get purge -y gcc",
        "apt-get purge -y 'g*'",
        "apt-get purge -y $TOOLS",
        "apt-mark auto '.*' && apt-get purge -y --auto-remove",
        "apt-mark auto gcc && apt-get autoremove -y",
    ],
)
def test_a_package_is_removed_by_name_by_pattern_and_by_sweeping(removal: str) -> None:
    assert present(run(f"apt-get install -y gcc && {removal}")) == []


@pytest.mark.parametrize("removal", ["apt-get purge -y make", "apt-get autoremove -y", "apt-get purge -y 'lib*'"])
def test_a_package_stays_when_another_is_removed(removal: str) -> None:
    assert present(run(f"apt-get install -y gcc && {removal}")) == ["gcc"]


def test_a_package_removed_in_a_later_layer_is_still_in_a_layer() -> None:
    stage = run("apt-get install -y gcc\nRUN apt-get purge -y gcc").stages[0]
    assert (stage.packages.present, [item.name for item in stage.packages.in_layers]) == ((), ["gcc"])


TWO_IMAGES = """\
FROM debian:12-slim AS base
RUN apt-get install -y curl
FROM golang:1.25 AS build
RUN go install example.com/tool@v1
FROM debian:12 AS unused
RUN apt-get install -y vim
FROM base AS worker
FROM base AS web
COPY --from=build /go/bin/tool /tool
"""


def test_a_run_that_two_images_inherit_ships_once() -> None:
    found = model(TWO_IMAGES, "worker", "web").layers.shipped_runs
    assert [(stage.name, each.instruction.line) for stage, each in found] == [("worker", 2)]


def test_a_builder_is_needed_and_a_stage_that_nothing_copies_from_is_not() -> None:
    assert [stage.name for stage, _ in model(TWO_IMAGES).layers.needed_runs] == ["base", "build"]


def test_every_call_of_the_file_is_known_with_its_stage() -> None:
    calls = model(TWO_IMAGES).layers.all_calls
    assert [(called.stage.name, called.call.manager) for called in calls] == [
        ("base", "apt"),
        ("build", "go"),
        ("unused", "apt"),
    ]


@pytest.mark.parametrize(
    ("command", "version"),
    [
        ("dnf install -y openssl-1:3.2.2", "-1:3.2.2"),
        ("dnf module install -y nodejs:22", ":22"),
        ("dnf install -y openssl", None),
        ("npm install ./tool-1.2.tar", None),
        ("gem install nokogiri:1.18 -- --use-system-libraries true", ":1.18"),
    ],
)
def test_the_version_of_the_only_package(command: str, version: str | None) -> None:
    (call,) = run(command).layers.all_calls
    assert [package.version for package in call.call.packages] == [version]


def test_asking_a_manager_for_its_version_installs_nothing() -> None:
    assert [called.call.action for called in run("yarn --version && bundle -v").layers.all_calls] == ["other", "other"]


@pytest.mark.parametrize(
    ("command", "cleaned"),
    [
        ("yum clean all", [("dnf", "cache")]),
        ("yum clean metadata", []),
        ("apt-get dist-clean", [("apt", "lists"), ("apt", "cache")]),
        ("apt-get clean", [("apt", "cache")]),
    ],
)
def test_cleaning_in_part_is_not_cleaning(command: str, cleaned: list[tuple[str, str]]) -> None:
    (each,) = run(command).stages[0].runs
    assert [(item.manager, item.what) for item in each.cleanings] == cleaned
