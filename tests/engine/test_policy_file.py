"""The repository's policy: strict, every fault with its place, and the review goes on."""

from __future__ import annotations

import json

import pytest

import rules
from rules import Policy
from rules.policy_file import find_policy, read_policy, schema
from rules.problem import Severity


def faults(text: str) -> list[str]:
    return [str(fault) for fault in read_policy(".hullcheck.yaml", text.encode()).faults]


def test_rules_are_switched_and_weighed() -> None:
    read = read_policy(".hullcheck.yaml", b"rules:\n  base-image-unpinned: off\n  final-user-missing: error\n")
    assert (read.faults, read.policy.rules) == (
        (),
        {"base-image-unpinned": "off", "final-user-missing": Severity.ERROR},
    )


def test_another_tools_id_means_ours() -> None:
    assert read_policy("p", b"rules:\n  DL3006: off\n").policy.rules["base-image-unpinned"] == "off"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("rule:\n  a: off\n", ".hullcheck.yaml:1:1: unknown key `rule`; did you mean `rules`?"),
        ("fail-on: eror\n", ".hullcheck.yaml:1:1: `fail-on`: input should be 'error', 'warning', 'info' or 'never'"),
        (
            "rules:\n  base-image-unpined: off\n",
            ".hullcheck.yaml:2:3: no rule is called `base-image-unpined`; did you mean `base-image-unpinned`?",
        ),
        ("comments: 99\n", ".hullcheck.yaml:1:1: `comments`: input should be less than or equal to 50"),
        ("- a\n", ".hullcheck.yaml:1:1: a mapping of settings is expected at the top"),
    ],
)
def test_a_fault_names_line_column_key_and_remedy(text: str, fault: str) -> None:
    assert faults(text) == [fault]


@pytest.mark.parametrize("text", ["rules: [", "a: 1\na: 1\n", "\x00", "!!python/object:os.system x\n", "a: *b\n"])
def test_what_is_no_yaml_is_one_fault(text: str) -> None:
    assert len(faults(text)) == 1


def test_the_sound_parts_hold_beside_a_fault() -> None:
    read = read_policy("p", b"fail-on: error\nnonsense: 1\n")
    assert (read.policy.fail_on, len(read.faults)) == (Severity.ERROR, 1)


def test_a_file_that_is_too_large_is_not_read() -> None:
    assert "64 KiB" in faults("# " + "x" * 70_000)[0]


def test_an_empty_file_is_the_defaults() -> None:
    assert read_policy("p", b"").policy == Policy()


def test_hadolints_file_is_read_when_there_is_none_of_ours() -> None:
    read = find_policy(
        {".hadolint.yaml": b"ignored: [DL3006]\ntrustedRegistries: [docker.io]\noverride:\n  error: [DL3025]\n"}
    )
    assert read.policy.rules == {"base-image-unpinned": "off", "shell-form-start": Severity.ERROR}
    assert read.policy.registries == ("docker.io",)


def test_our_file_wins_over_hadolints() -> None:
    files = {".hullcheck.yaml": b"fail-on: warning\n", ".hadolint.yaml": b"ignored: [DL3006]\n"}
    assert find_policy(files).policy == Policy(fail_on=Severity.WARNING)


def test_the_schema_names_every_rule_and_is_json() -> None:
    made = json.loads(json.dumps(schema()))
    assert "entrypoint-lost" in made["properties"]["rules"]["propertyNames"]["enum"]


def test_a_rule_that_is_off_is_silent() -> None:
    policy = read_policy("p", b"rules:\n  base-image-unpinned: off\n").policy
    found = rules.review({}, {"Dockerfile": b"FROM node\nUSER node\n"}, policy=policy).findings
    assert "base-image-unpinned" not in {finding.rule for finding in found}


def test_an_ignored_path_is_not_reviewed() -> None:
    policy = read_policy("p", b"ignore: ['examples/']\n").policy
    assert rules.review({}, {"examples/Dockerfile": b"FROM node\n"}, policy=policy).findings == ()


def test_a_path_of_the_policy_is_reviewed() -> None:
    policy = read_policy("p", b"paths: ['images/*.build']\n").policy
    assert rules.review({}, {"images/api.build": b"FROM node\n"}, policy=policy).findings


def test_a_stage_that_the_policy_ships_is_judged() -> None:
    text = b'FROM node:22-slim AS web\nCMD ["node", "a.js"]\nFROM node:22-slim AS dev\nUSER node\n'
    policy = read_policy("p", b"ships: [web]\n").policy
    found = {(f.rule, f.stage) for f in rules.review({}, {"Dockerfile": text}, policy=policy).findings}
    assert ("final-user-missing", "web") in found


def test_a_rule_that_waits_for_a_setting_speaks_when_it_is_enabled() -> None:
    text = {"Dockerfile": b"FROM alpine:3.22\nLABEL com.docker.team=a\n"}
    said = {finding.rule for finding in rules.review({}, text, enable={"label-schema"}).findings}
    assert "label-schema" in said
    assert "label-schema" not in {finding.rule for finding in rules.review({}, text).findings}


def test_an_enabled_rule_stays_off_where_the_policy_says_so() -> None:
    text = {"Dockerfile": b"FROM alpine:3.22\nLABEL com.docker.team=a\n"}
    report = rules.review({}, text, policy=Policy(rules={"label-schema": "off"}), enable={"label-schema"})
    assert "label-schema" not in {finding.rule for finding in report.findings}


def test_what_was_taken_over_from_elsewhere_is_reviewed_only_where_the_policy_names_it() -> None:
    theirs = ["vendor/example.org/tail/Dockerfile", "web/node_modules/thing/Dockerfile", "pkg/testdata/Dockerfile.bad"]
    ours = ["services/vendor/Dockerfile", "vendor/shop/Dockerfile", "test/Dockerfile"]
    assert [path for path in (*theirs, *ours) if Policy().reviews(path)] == ours
    assert Policy(paths=("**/testdata/*",)).reviews(theirs[2])


def test_a_word_may_stand_right_in_front_of_dockerfile() -> None:
    theirs = ["tools/generateDockerfile", "gen-Dockerfile", "docs/readadockerfile", "apiDockerfile.md"]
    ours = ["serverDockerfile", "deploy/api-Dockerfile", "makerDockerfile"]
    assert [path for path in (*theirs, *ours) if Policy().reviews(path)] == ours


def test_sources_of_programs_and_templates_are_no_dockerfiles() -> None:
    theirs = [
        "cmd/cli/dockerfile.go",
        "modes/dockerfile.js",
        "Dockerfile.in",
        "ros/Dockerfile.em",
        "a/Dockerfile.template",
    ]
    ours = ["Dockerfile.go", "Dockerfile.php", "Dockerfile.jsonnet", "Dockerfile.inject"]
    assert [path for path in (*theirs, *ours) if Policy().reviews(path)] == ours
    assert Policy(paths=("a/*.template",)).reviews(theirs[4])
