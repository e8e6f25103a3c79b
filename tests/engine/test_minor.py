"""What is too small for a comment of its own, and who wants it on its line all the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import rules
from rules.policy import DEFAULT, Policy
from rules.problem import Severity

if TYPE_CHECKING:
    from rules.report import Finding

ADDS_A_FOLDER = 'FROM python:3.13-slim\nWORKDIR /srv\nADD app/ app/\nUSER 10001\nCMD ["python", "app/main.py"]\n'
LEAVES_LISTS = (
    "FROM debian:13-slim\nRUN apt-get update && apt-get install -y --no-install-recommends gdb\n"
    'USER 10001\nCMD ["gdb"]\n'
)


def found(rule: str, text: str, path: str = "Dockerfile", policy: Policy = DEFAULT) -> Finding:
    findings = rules.review({}, {path: text.encode()}, policy=policy).findings
    return next(finding for finding in findings if finding.rule == rule)


def test_what_changes_nothing_is_minor() -> None:
    finding = found("add-instead-of-copy", ADDS_A_FOLDER)
    assert finding.minor
    assert not finding.wants_comment


@pytest.mark.parametrize(
    "policy",
    [
        Policy(rules={"add-instead-of-copy": "on"}),
        Policy(rules={"add-instead-of-copy": Severity.INFO}),
        Policy(fail_on=Severity.INFO),
    ],
    ids=["named", "with a weight", "failing on it"],
)
def test_a_policy_that_asks_for_it_has_it_on_its_line(policy: Policy) -> None:
    assert found("add-instead-of-copy", ADDS_A_FOLDER, policy=policy).wants_comment


def test_a_policy_that_fails_on_graver_ones_leaves_it_where_it_is() -> None:
    assert found("add-instead-of-copy", ADDS_A_FOLDER, policy=Policy(fail_on=Severity.WARNING)).minor


@pytest.mark.parametrize(
    "path",
    [
        "Dockerfile.dev",
        ".devcontainer/Dockerfile",
        "tests/image/Dockerfile",
        ".clusterfuzzlite/Dockerfile",
        "projects/oss-fuzz/Dockerfile",
        "issues/issue48/Dockerfile",
        "integration/redis/Dockerfile",
        "server/itests/Dockerfile",
        "third_party/redis/Dockerfile",
        "archive/2019/Dockerfile",
        "deploy.old/Dockerfile",
    ],
)
def test_what_ships_too_much_is_minor_where_nothing_ships(path: str) -> None:
    assert found("package-cache-left", LEAVES_LISTS).wants_comment
    assert found("package-cache-left", LEAVES_LISTS, path).minor


def test_a_remark_is_minor_where_developers_work() -> None:
    text = "FROM python:3.13-slim\nRUN pip install --no-cache-dir pytest\n"
    assert found("pip-unpinned", text).wants_comment
    assert found("pip-unpinned", text, "Dockerfile.dev").minor


@pytest.mark.parametrize(
    ("rule", "line"),
    [
        ("pip-unpinned", "pip install ipython"),
        ("npm-unpinned", "npm install -g serve"),
        ("gem-unpinned", "gem install pry"),
        ("go-install-unpinned", "go install example.com/shop/till@latest"),
        ("git-source-unpinned", "git clone https://example.com/shop/till.git /opt/till"),
    ],
)
def test_tools_without_a_version_are_minor_where_people_work_with_them(rule: str, line: str) -> None:
    text = f'FROM example.com/tools:1.2\nRUN {line}\nUSER 10001\nCMD ["till"]\n'
    assert not found(rule, text).minor
    assert found(rule, text, ".devcontainer/Dockerfile").minor
    bench = "RUN apt-get update && apt-get install -y git neovim tmux ripgrep fzf\n"
    assert found(rule, text.replace("USER", f"{bench}USER")).minor


def test_what_several_images_get_is_minor_only_where_all_are_for_developers() -> None:
    text = (
        "FROM python:3.13-slim AS base\nRUN pip install till\n"
        'FROM base AS dev\nCMD ["bash"]\nFROM base AS shop\nUSER 10001\nCMD ["till"]\n'
    )
    assert not found("pip-unpinned", text).minor


def test_what_something_else_has_hidden_is_minor_on_a_line_that_the_change_leaves_alone() -> None:
    clone = "RUN git clone https://example.com/shop/till.git /opt/till\n"
    before = f"FROM example.com/tools:1.2\n{clone}RUN cd /opt/sdl && git checkout release-2.28\nUSER 10001\n"
    after = f"FROM example.com/tools:1.2\n{clone}USER 10001\n"
    report = rules.review({"Dockerfile": before.encode()}, {"Dockerfile": after.encode()})
    told = [finding for finding in report.findings if finding.rule == "git-source-unpinned"]
    assert [finding.baseline for finding in told if finding.wants_comment] != ["new"]
    assert found("git-source-unpinned", after).wants_comment


def test_what_ships_too_much_is_minor_where_an_editor_alone_builds_and_nothing_starts() -> None:
    settings = b'// an editor\'s\n{"build": {"dockerfile": "../Dockerfile"}}\n'
    to_work_in = LEAVES_LISTS.replace('CMD ["gdb"]\n', "")

    def is_minor(text: str, settings: bytes) -> bool:
        files = {"Dockerfile": text.encode(), ".devcontainer/devcontainer.json": settings}
        return next(one.minor for one in rules.review({}, files).findings if one.rule == "package-cache-left")

    assert is_minor(to_work_in, settings)
    assert not is_minor(LEAVES_LISTS, settings)
    assert not is_minor(to_work_in, settings.replace(b"../Dockerfile", b"Dockerfile"))
    assert not is_minor(to_work_in, settings.replace(b'"build": {', b'"build": {"target": "dev", '))


@pytest.mark.parametrize(
    ("build", "is_minor"),
    [
        ("RUN python -m build --wheel --outdir /dist", True),
        ("RUN uv build --wheel -o /dist", True),
        ("RUN pip wheel --wheel-dir /dist .", False),
    ],
)
def test_the_wheel_of_the_project_alone_is_little(build: str, is_minor: bool) -> None:  # noqa: FBT001 - a table
    text = (
        f"FROM python:3.14-slim AS build\nCOPY . .\n{build}\nFROM python:3.14-slim\n"
        "COPY --from=build /dist/*.whl /tmp/\nRUN pip install --no-cache-dir /tmp/*.whl && rm -f /tmp/*.whl\n"
    )
    assert found("copied-then-deleted", text).minor is is_minor


@pytest.mark.parametrize(("source", "is_minor"), [("dist/*.whl", True), ("wheels/*.whl", False), ("dist/", False)])
def test_the_wheel_that_the_context_has_in_dist_is_the_projects_alone(source: str, is_minor: bool) -> None:  # noqa: FBT001 - a table
    install = "RUN pip install --no-cache-dir /tmp/in/*.whl\nRUN rm -rf /tmp/in\n"
    text = f"FROM python:3.14-slim\nCOPY {source} /tmp/in/\n{install}"
    assert found("copied-then-deleted", text).minor is is_minor


def test_what_ships_too_much_is_minor_in_an_image_to_build_fuzzers_in() -> None:
    text = LEAVES_LISTS.replace("debian:13-slim", "gcr.io/oss-fuzz-base/base-builder-go:v1")
    assert found("package-cache-left", text).minor


def test_a_single_number_in_a_file_of_two_stages_is_minor() -> None:
    two = "FROM debian:13-slim\nFROM debian:13-slim\nCOPY --from=0 /srv /srv\n"
    assert found("copy-from-stage-index", two).minor
    assert found("copy-from-stage-index", f"FROM debian:13-slim\n{two}").wants_comment


def test_what_stops_the_build_is_told_on_a_line_that_the_change_leaves_alone() -> None:
    before = "FROM golang:1.26\nRUN go build -o /shop .\nFROM debian:13-slim\nCOPY --from=0 /shop /shop\n"
    after = f"FROM node:24-slim\nRUN npm ci\n{before}"
    report = rules.review({"Dockerfile": before.encode()}, {"Dockerfile": after.encode()})
    shifted = [one for one in report.findings if one.rule == "copy-from-stage-index" and one.baseline == "new"]
    assert [one.wants_comment for one in shifted] == [True]


def test_an_escape_at_the_end_of_a_file_is_minor() -> None:
    assert found("empty-continuation", "FROM debian:13-slim\nRUN echo one \\\n").minor


def test_a_relative_destination_that_a_workdir_below_names_whole_is_minor() -> None:
    text = "FROM debian:13-slim AS base\nCOPY . shop/\nFROM base\nWORKDIR /shop\n"
    assert found("copy-relative-without-workdir", text).minor
    assert found("copy-relative-without-workdir", text.replace("/shop\n", "/srv\n")).wants_comment


def test_a_relative_destination_in_a_folder_of_its_own_is_minor_unless_the_project_fills_the_root() -> None:
    assert found("copy-relative-without-workdir", "FROM debian:13-slim\nCOPY . shop\n").minor
    assert found("copy-relative-without-workdir", 'FROM busybox\nCOPY app .\nENTRYPOINT ["/app"]\n').minor
    assert found("copy-relative-without-workdir", "FROM debian:13-slim\nCOPY . .\n").wants_comment


def test_a_few_bytes_that_were_read_are_small() -> None:
    text = b"FROM debian:13-slim\nCOPY shop.bin /tmp/\nRUN cat /tmp/shop.bin && rm /tmp/shop.bin\nUSER 1000\n"
    for content, small in ((b"x" * 3000, True), (b"x" * 300_000, False)):
        files = {"Dockerfile": text, "shop.bin": content}
        found = rules.review({}, files, listing=dict.fromkeys(files, 0o100644)).findings
        assert [one.minor for one in found if one.rule == "copied-then-deleted"] == [small]


def _weigh(rule: str, text: str, *names: str) -> bool:
    files = {"Dockerfile": text.encode(), ".dockerignore": b".git\n"}
    listing = dict.fromkeys((*files, *names), 0o100644)
    return next(one for one in rules.review({}, files, listing=listing).findings if one.rule == rule).minor


def test_a_few_texts_that_a_later_layer_deletes_are_minor() -> None:
    text = "FROM debian:13-slim\nCOPY docker/build /tmp/build\nRUN /tmp/build/a.sh\nRUN rm -rf /tmp/build\nUSER 1000\n"
    assert _weigh("copied-then-deleted", text, "docker/build/all.sh", "docker/build/list.txt")
    assert not _weigh("copied-then-deleted", text, "docker/build/all.sh", "docker/build/shop.deb")
    assert not _weigh("copied-then-deleted", text, "docker/build.md")


def test_a_few_texts_that_a_pattern_names_and_a_chown_stores_again_are_minor() -> None:
    text = 'FROM debian:13-slim\nCOPY conf* /etc/shop/\nRUN chown -R 1000 /etc/shop\nUSER 1000\nCMD ["/shop"]\n'
    assert _weigh("recursive-chown-layer", text, "conf.d/shop.yaml", "conf.d/till.yaml")
    assert not _weigh("recursive-chown-layer", text, "conf.d/shop.yaml", "conf.d/shop.db")


def test_what_ships_too_much_is_minor_where_the_build_stops_on_purpose() -> None:
    assert found("package-cache-left", LEAVES_LISTS).wants_comment
    assert found("package-cache-left", f"{LEAVES_LISTS}\nRUN exit 1\n").minor
    assert found("package-cache-left", f"{LEAVES_LISTS}\nRUN exit 0\n").wants_comment


@pytest.mark.parametrize("image", ["debian:sid", "fedora:rawhide", "ubuntu:devel", "alpine:edge"])
def test_the_next_release_of_a_distribution_is_meant_to_move(image: str) -> None:
    (finding,) = (
        one
        for one in rules.review({}, {"Dockerfile": f'FROM {image}\nCMD ["till"]\n'.encode()}).findings
        if one.rule == "base-image-unpinned"
    )
    assert finding.minor
    assert "as it should" in finding.message


def test_a_base_without_a_release_is_minor_where_developers_work() -> None:
    text = 'FROM debian:latest\nUSER 1000\nCMD ["till"]\n'
    assert found("base-image-unpinned", text).wants_comment
    assert found("base-image-unpinned", text, ".github/docker/Dockerfile").minor
