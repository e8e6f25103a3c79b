"""New findings speak, old ones are counted, repaired ones are told; and fingerprints hold."""

from __future__ import annotations

import json

import pytest

import rules
from rules import Finding

THIRD = 3
BASE = b'FROM node\nUSER node\nRUN echo one\nCMD ["node", "server.js"]\n'


def found(before: bytes | None, after: bytes, path: str = "Dockerfile", old_path: str = "Dockerfile") -> list[Finding]:
    trees = ({} if before is None else {old_path: before}, {path: after})
    return [f for f in rules.review(*trees).findings if f.rule == "base-image-unpinned"]


def test_everything_is_new_in_a_new_file() -> None:
    assert [f.baseline for f in found(None, BASE)] == ["new"]


def test_what_the_change_leaves_alone_is_unchanged() -> None:
    assert [f.baseline for f in found(BASE, BASE.replace(b"one", b"two"))] == ["unchanged"]


def test_what_the_change_repairs_is_absent() -> None:
    assert [f.baseline for f in found(BASE, BASE.replace(b"FROM node", b"FROM node:22-slim"))] == ["absent"]


def test_another_image_is_another_finding() -> None:
    assert sorted(f.baseline for f in found(BASE, BASE.replace(b"FROM node", b"FROM python"))) == ["absent", "new"]


def test_a_shifted_line_keeps_its_fingerprint() -> None:
    assert found(None, BASE)[0].fingerprint == found(None, b"# first\n\n" + BASE)[0].fingerprint


def test_a_renamed_file_keeps_its_fingerprints() -> None:
    renamed = found(BASE, BASE.replace(b"one", b"two"), path="docker/Dockerfile")
    assert (renamed[0].baseline, renamed[0].fingerprint) == ("unchanged", found(BASE, BASE)[0].fingerprint)


def test_reformatting_keeps_fingerprints() -> None:
    one = found(None, b"FROM node as build\nRUN true\n")[0]
    other = found(None, b"from   node  AS build\nRUN true\n")[0]
    assert one.fingerprint == other.fingerprint


@pytest.mark.parametrize("line", ["ADD --chown=node:node a b /srv/", "VOLUME /etc /proc"])
def test_the_json_form_of_paths_is_but_another_layout(line: str) -> None:
    keyword, *words = line.split()
    flags = [word for word in words if word.startswith("--")]
    array = f"[{', '.join(json.dumps(word) for word in words if word not in flags)}]"
    before = f'FROM node:24\nUSER node\n{line}\nCMD ["node", "/srv/a"]\n'
    after = before.replace(line, " ".join((keyword, *flags, array)))
    then, now = (
        [(f.rule, f.fingerprint) for f in rules.review({}, {"Dockerfile": text.encode()}).findings if f.line == THIRD]
        for text in (before, after)
    )
    assert then == now != []


def test_two_equal_problems_have_two_fingerprints() -> None:
    text = b'FROM node:24\nVOLUME /etc\nVOLUME /etc\nUSER node\nCMD ["node", "/a"]\n'
    twice = [f for f in rules.review({}, {"Dockerfile": text}).findings if f.rule == "system-path-workdir-volume"]
    assert len({f.fingerprint for f in twice}) == len(twice) == 2


ENDED = b'FROM python:3.9-slim AS shop\nCMD ["python"]\n'


def ended(before: bytes | None, after: bytes) -> list[tuple[str, str]]:
    trees = ({} if before is None else {"Dockerfile": before}, {"Dockerfile": after})
    return [(f.fingerprint, f.baseline) for f in rules.review(*trees).findings if f.rule == "base-image-eol"]


def test_a_fact_of_the_whole_file_keeps_its_fingerprint_when_a_stage_is_added() -> None:
    more = b"FROM python:3.9-slim-bookworm AS tests\nRUN true\n" + ENDED
    assert ended(None, ENDED)[0][0] == ended(None, more)[0][0]
    assert [baseline for _, baseline in ended(ENDED, more)] == ["unchanged"]


def test_a_line_that_only_a_builder_was_upon_is_new_in_the_image() -> None:
    builder = b"FROM python:3.9-slim AS build\nRUN true\nFROM debian:13-slim\nCOPY --from=build /a /a\n"
    assert sorted(b for _, b in ended(builder, ENDED.replace(b"shop", b"build"))) == ["absent", "new"]
    assert sorted(b for _, b in ended(builder, builder + b"FROM python:3.9-slim\n")) == ["absent", "new"]


def test_a_comment_at_each_place_of_a_fact_is_used() -> None:
    comment = b"# hullcheck ignore=base-image-unpinned whatever is newest\n"
    text = comment + b"FROM node AS one\nRUN true\n" + comment + b"FROM node\nCOPY --from=one /a /a\n"
    report = rules.review({}, {"Dockerfile": text})
    assert not {f.rule for f in report.findings} & {"base-image-unpinned", "suppression-unused"}


LISTING = """\
FROM debian:13-slim
RUN apt-get update && apt-get install -y --no-install-recommends \\
    gcc \\
    {} \\
    && rm -rf /var/lib/apt/lists/*
USER 1000
CMD ["/bin/true"]
"""


def shipped(before: str, after: str) -> list[tuple[str, int, str]]:
    trees = ({"Dockerfile": LISTING.format(packages).encode()} for packages in (before, after))
    findings = [f for f in rules.review(*trees).findings if f.rule == "build-tools-shipped"]
    return [(f.baseline, f.line, f.message.partition(": ")[2].partition(",")[0].partition(".")[0]) for f in findings]


def test_a_list_that_grows_speaks_of_what_came_on_the_line_where_it_came() -> None:
    assert shipped("g++", "cmake \\\n    g++") == [("new", 4, "`cmake`")]


def test_a_list_that_shrinks_is_an_older_finding() -> None:
    assert [baseline for baseline, _, _ in shipped("g++ cmake", "cmake")] == ["unchanged"]


def test_a_list_that_changes_altogether_is_new_and_repaired() -> None:
    before, after = (LISTING.replace("gcc", name).format("curl").encode() for name in ("g++", "cmake"))
    findings = rules.review({"Dockerfile": before}, {"Dockerfile": after}).findings
    assert sorted(f.baseline for f in findings if f.rule == "build-tools-shipped") == ["absent", "new"]


def test_a_light_package_beside_those_that_were_there_is_no_new_finding() -> None:
    assert [baseline for baseline, _, _ in shipped("g++", "g++ make")] == ["unchanged"]


def test_a_start_for_developers_that_comes_or_goes_repairs_nothing_and_makes_nothing_new() -> None:
    text = LISTING.format("g++").replace('"/bin/true"', '"uvicorn", "shop:app"')
    for_developers = text.replace('app"', 'app", "--reload"')
    for pair in ((text, for_developers), (for_developers, text)):
        findings = rules.review(*({"Dockerfile": one.encode()} for one in pair)).findings
        assert {f.baseline for f in findings if f.rule == "build-tools-shipped"} <= {"unchanged"}


def test_what_calls_a_compiler_at_run_time_repairs_nothing_by_coming() -> None:
    text = LISTING.format("g++")
    with_torch = text.replace("USER", "RUN pip install torch==2.5.0\nUSER")
    findings = rules.review({"Dockerfile": text.encode()}, {"Dockerfile": with_torch.encode()}).findings
    assert [f.baseline for f in findings if f.rule == "build-tools-shipped"] == []


INSTALL = 'FROM debian:13-slim\nRUN {}\nUSER 1000\nCMD ["/bin/true"]\n'
RECOMMENDS = "apt-get install -y postgresql-client"


def recommends(before: str, after: str) -> list[tuple[int, str]]:
    trees = {"Dockerfile": before.encode()}, {"Dockerfile": after.encode()}
    return [(f.line, f.baseline) for f in rules.review(*trees).findings if f.rule == "apt-recommends-installed"]


@pytest.mark.parametrize(
    "after",
    [
        f"<<EOF\nset -e\napt-get update\n{RECOMMENDS}\nEOF",
        f"apt-get update && echo one && echo two && echo three && echo four && echo five\nRUN {RECOMMENDS}",
    ],
    ids=["a here-document", "a RUN of its own"],
)
def test_a_command_that_moves_to_another_instruction_of_its_stage_stays_the_same(after: str) -> None:
    before = INSTALL.format(f"apt-get update && {RECOMMENDS}")
    assert [baseline for _, baseline in recommends(before, INSTALL.format(after))] == ["unchanged"]


def test_a_here_document_above_another_is_the_new_one() -> None:
    old = f"<<EOF\n{RECOMMENDS}\nEOF"
    new = "<<EOF\napt-get install -y mariadb-client\nEOF"
    found = recommends(INSTALL.format(old), INSTALL.format(f"{new}\nRUN {old}"))
    assert found == [(3, "new"), (6, "unchanged")]


def told(before: str, after: str, rule: str) -> list[str]:
    report = rules.review({"Dockerfile": before.encode()}, {"Dockerfile": after.encode()})
    return [f.baseline for f in report.findings if f.rule == rule]


ARCHIVE = """\
FROM debian:13-slim
ENV TOOL_RPM=tool-8u25-linux.rpm
COPY $TOOL_RPM /tmp/
RUN install-it /tmp/$TOOL_RPM
RUN rm /tmp/$TOOL_RPM
CMD ["tool"]
"""

HEADERS = """\
FROM ubuntu:22.04
ARG PYTHON=3.9
RUN apt-get update && apt-get install -y --no-install-recommends python${PYTHON}-dev && rm -rf /var/lib/apt/lists/*
CMD ["python", "/app.py"]
"""


def test_a_version_raised_in_a_variable_makes_nothing_new() -> None:
    assert told(ARCHIVE, ARCHIVE.replace("8u25", "8u51"), "copied-then-deleted") == ["unchanged"]
    assert told(HEADERS, HEADERS.replace("=3.9", "=3.10"), "build-tools-shipped") == ["unchanged"]


def test_one_more_item_is_new_although_only_its_number_differs() -> None:
    more = HEADERS.replace("python${PYTHON}-dev", "python${PYTHON}-dev python3.11-dev")
    assert told(HEADERS, more, "build-tools-shipped") == ["new"]


def test_another_release_of_the_base_is_another_fact() -> None:
    assert "new" in told(ENDED.decode(), ENDED.decode().replace("3.9", "3.8"), "base-image-eol")


def test_the_last_stage_s_user_is_one_matter_whatever_the_stage_is_called() -> None:
    before = 'FROM ruby:3.4-slim\nRUN bundle install\nCOPY . /app\nENTRYPOINT ["ruby", "/app/mail.rb"]\n'
    after = (
        "FROM ruby:3.4-slim AS base\nFROM base AS build\nRUN bundle install\nFROM base AS release\n"
        'COPY --from=build /app /app\nENTRYPOINT ["ruby", "/app/mail.rb"]\n'
    )
    assert told(before, after, "final-user-missing") == ["unchanged"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('CMD ["npm", "start"]', 'CMD ["npm", "start", "--log-level=info"]'),
        ('CMD ["npm", "start"]', 'CMD ["npm", "run", "serve"]'),
    ],
)
def test_an_edited_start_command_keeps_what_was_wrong_with_it(before: str, after: str) -> None:
    text = "FROM node:24-slim\nCOPY src /app\nUSER node\n"
    assert told(text + before, text + after, "npm-start-as-pid1") == ["unchanged"]


def test_a_stage_without_a_shell_lacks_it_for_another_command_as_well() -> None:
    before = "FROM gcr.io/distroless/static-debian13\nRUN install-shop\n"
    assert told(before, before.replace("install-shop", "ls -l /"), "shell-in-scratch") == ["unchanged"]


def test_what_is_told_in_another_stage_by_now_is_not_repaired() -> None:
    tail = b'COPY --from=build /x /x\nCMD ["python"]\n'
    before = b"FROM python:3.13 AS build\nRUN pip install till\nFROM python:3.13\nRUN pip install till\n" + tail
    after = before.replace(b"RUN pip install till\nFROM", b"RUN pip install till shop\nFROM")
    findings = rules.review({"Dockerfile": before}, {"Dockerfile": after}).findings
    assert [f.baseline for f in findings if f.rule == "pip-unpinned"] == ["new"]


def test_a_package_beside_others_without_a_version_is_a_possibility() -> None:
    before = b'FROM python:3.13\nRUN pip install till\nCMD ["python"]\n'
    findings = rules.review({"Dockerfile": before}, {"Dockerfile": before.replace(b" till", b" till shop")}).findings
    found = [f for f in findings if f.rule == "pip-unpinned"]
    assert [(f.baseline, f.confidence.name, "`shop`" in f.message) for f in found] == [("new", "POSSIBLE", True)]


def test_what_a_stronger_rule_spoke_for_before_is_an_older_finding_when_that_one_is_mended() -> None:
    lost = (
        "FROM debian:13-slim\nRUN apt-get update \\\n  && apt-get install -y file \\\n  rm -rf /tmp/x\n"
        'USER 1000\nCMD ["a"]\n'
    )
    mended = lost.replace("  rm -rf", "  && rm -rf")
    trees = ({"Dockerfile": lost.encode()}, {"Dockerfile": mended.encode()})
    told = {f.rule: f.baseline for f in rules.review(*trees).findings}
    assert told["run-missing-operator"] == "absent"
    assert told["package-cache-left"] == "unchanged"


def test_what_a_stronger_rule_goes_on_speaking_for_makes_nothing_else_old() -> None:
    alone = 'FROM debian:13-slim\nRUN apt-get update\nRUN apt-get install -y file\nUSER 1000\nCMD ["a"]\n'
    more = alone.replace("USER", "RUN apt-get update && apt-get install -y tree\nUSER")
    report = rules.review({"Dockerfile": alone.encode()}, {"Dockerfile": more.encode()})
    assert [f.line for f in report.findings if f.rule == "package-cache-left" and f.baseline == "new"] == [4]
