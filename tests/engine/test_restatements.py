"""What a change only says in other words is neither new nor repaired."""

from __future__ import annotations

import pytest

import rules
from rules import catalogue
from tests.cases import Case, flagged
from tests.restating import RESTATEMENTS, restated
from tests.restating.spoken import spoken

WITHOUT_NAMES = frozenset({"stage-name-duplicate"})
"""Rules in whose examples nobody can tell which stage is which."""
EXAMPLES = [case for rule in catalogue.load() if rule.id not in WITHOUT_NAMES and (case := flagged(rule)) is not None]
PARTS = 6
"""Each example is restated in every sixth way, another sixth than its neighbour, as all would take a minute."""


@pytest.mark.parametrize("place", range(len(EXAMPLES)), ids=[case.rule for case in EXAMPLES])
def test_other_words_are_neither_new_nor_a_repair(place: int) -> None:
    case: Case = EXAMPLES[place]
    _, tree = case.trees()
    names = sorted(RESTATEMENTS)[place % PARTS :: PARTS]
    assert [said for name in names for said in spoken(tree, case.path, name, case.listing(tree))] == []


UNUSED = frozenset(
    "cd_as_workdir copy_joined env_joined made_by_workdir start_as_shell words_joined workdir_absolute".split()
)
"""Restatements of what only real files have; see tests/corpus."""


def test_every_restatement_is_made_of_some_example() -> None:
    texts = [case.blocks["dockerfile"] for case in EXAMPLES]
    unused = {name for name, one in RESTATEMENTS.items() if all(restated(text, one)[0] == text for text in texts)}
    assert unused == UNUSED


def baselines(rule: str, before: str, after: str, **others: str) -> list[str]:
    """Return how a rule's findings compare, in a change of `before` to `after` on Debian that serves."""
    head, tail = "FROM debian:13-slim\n", '\nUSER 1000\nCMD ["/app"]\n'
    files = {name.replace("_", "."): text.encode() for name, text in others.items()}
    report = rules.review(
        {"Dockerfile": (head + before + tail).encode()}, {"Dockerfile": (head + after + tail).encode(), **files}
    )
    return sorted(found.baseline for found in report.findings if found.rule == rule)


QUOTED = "RUN apt-get update && apt-get install -y git less && rm -rf /var/lib/apt/lists/*"
TWO = "RUN apt update && apt install -y tree"
PIPED = "RUN curl -sL https://example.org/v1.2.3/install.sh | bash"
INSECURE = "RUN curl -k -fo /srv/a.tar https://example.org/a.tar"


@pytest.mark.parametrize(
    ("rule", "before", "after"),
    [
        (
            "apt-recommends-installed",
            QUOTED,
            'RUN "apt-get" "update" && apt-get "install" -y "git" "less" && rm -rf "/var/lib/apt/lists/*"',
        ),
        ("world-writable-permissions", "RUN chmod -R 777 $PLACE", "RUN chmod -R 777 ${PLACE}"),
        ("apt-instead-of-apt-get", TWO, TWO.replace(" && ", "\nRUN ")),
        ("apt-instead-of-apt-get", TWO.replace(" && ", "\nRUN "), TWO),
        ("add-instead-of-copy", "ADD a.py b.py /srv/", "ADD a.py /srv/\nADD b.py /srv/"),
        ("remote-script-piped-to-shell", PIPED, f"ARG V=1.2.3\n{PIPED.replace('1.2.3', '${V}')}"),
        ("tls-verification-disabled", INSECURE, INSECURE.replace("-k -fo", "--insecure --fail --output")),
    ],
)
def test_the_same_in_other_words_is_what_was_there(rule: str, before: str, after: str) -> None:
    assert set(baselines(rule, before, after)) == {"unchanged"}


def test_another_command_of_the_kind_is_new() -> None:
    assert baselines("apt-instead-of-apt-get", TWO, f"{TWO}\nRUN apt install -y jq") == ["new", "unchanged"]
    assert baselines("add-instead-of-copy", "ADD a.py b.py /srv/", "ADD a.py b.py /srv/\nADD c.py /srv/") == [
        "new",
        "unchanged",
    ]


@pytest.mark.parametrize(
    "call",
    [
        "COPY build.sh /tmp/\nRUN sh /tmp/build.sh",
        "COPY build.sh /tmp/\nRUN sh /tmp/build.sh\nRUN curl -f https://example.org/a.tgz | tar -xzC /",
        "RUN --mount=type=bind,source=build.sh,target=/tmp/build.sh sh /tmp/build.sh",
    ],
)
@pytest.mark.parametrize("rule", ["world-writable-permissions", "apt-recommends-installed"])
def test_what_a_script_does_now_is_not_repaired(rule: str, call: str) -> None:
    commands = ("apt-get update", "apt-get install -y git less", "mkdir /srv/a", "chmod -R 777 /srv/a")
    before = f"RUN {' && '.join(commands)}"
    script = "\n".join(("#!/bin/sh", "set -e", *commands, ""))
    assert baselines(rule, before, call, build_sh=script) == []
    assert baselines(rule, before, call, build_sh="#!/bin/sh\nmake\n") == ["absent"]


def test_a_package_that_a_script_installs_now_is_not_lost() -> None:
    before = "RUN apt-get update && apt-get install -y ca-certificates"
    after = "COPY build.sh /tmp/\nRUN sh /tmp/build.sh"
    assert baselines("package-lost", before, after, build_sh="apt-get install -y ca-certificates\n") == []
    assert baselines("package-lost", before, after, build_sh="make\n") == ["new"]


def test_a_number_that_a_copy_takes_from_is_the_same_wherever_the_files_go() -> None:
    before = "WORKDIR /srv\nCOPY --from=0 /app/dist ."
    for after in ("WORKDIR /srv\nCOPY --from=0 /app/dist /srv/", 'WORKDIR /srv\nCOPY --from=0 ["/app/dist", "."]'):
        found = baselines(
            "copy-from-stage-index", f"RUN make\nFROM scratch\n{before}", f"RUN make\nFROM scratch\n{after}"
        )
        assert found == ["unchanged"]


@pytest.mark.parametrize("base", ["alpine:3.22", "debian:13-slim", "example.org/base:1"])
def test_the_shell_form_written_out_is_no_repair(base: str) -> None:
    def changed(before: str, after: str) -> list[str]:
        trees = ({"Dockerfile": f"FROM {base}\n{start}\n".encode()} for start in (before, after))
        report = rules.review(*trees)
        told = [f for f in report.findings if f.rule in ("shell-form-start", "exec-form-regressed")]
        return [f.baseline for f in told if f.baseline != "unchanged"]

    form, array = "CMD node server.js", 'CMD ["/bin/sh", "-c", "node server.js"]'
    assert changed(form, array) == changed(array, form) == []
    assert changed(form, array.replace("node server", "exec node server")) == ["absent"]
    assert changed(array.replace("node server", "exec node server"), form) == ["new"]


def test_an_account_that_a_script_makes_now_is_not_missed() -> None:
    start = '\nCOPY entrypoint.sh /\nENTRYPOINT ["/entrypoint.sh"]\nEXPOSE 80\n'
    before, after = "RUN useradd shop", "COPY build.sh /tmp/\nRUN sh /tmp/build.sh"
    trees = [{"Dockerfile": f"FROM debian:13-slim\n{step}{start}".encode()} for step in (before, after)]
    report = rules.review(trees[0], {**trees[1], "build.sh": b"useradd shop\n"})
    assert [f.baseline for f in report.findings if f.rule == "final-user-missing"] == ["unchanged"]


@pytest.mark.parametrize("command", ["chmod a+x /usr/local/bin/yq", "chmod 755 /usr/local/bin/yq"])
def test_a_download_made_executable_in_another_layer_is_still_one(command: str) -> None:
    fetch = "RUN curl -fsSLo /usr/local/bin/yq https://github.com/mikefarah/yq/releases/download/v4.44.3/yq_linux_amd64"
    assert baselines("download-without-checksum", f"{fetch} && {command}", f"{fetch}\nRUN {command}") == ["unchanged"]


def test_two_installs_that_differ_on_purpose_may_be_parted() -> None:
    one, other = "apt-get install -y git", "apt-get install -y --no-install-recommends less"
    together, parted = f"RUN apt-get update && {one} && {other}", f"RUN apt-get update && {one}\nRUN {other}"
    assert baselines("apt-recommends-installed", together, parted) == ["unchanged"]
    assert baselines("apt-recommends-installed", parted, together) == []


def test_a_mark_in_quotes_lets_packages_go_as_well() -> None:
    install = "RUN apt-get update && apt-get install -y gcc"
    purge = f"{install} && apt-mark auto '.*' >/dev/null && apt-get purge -y --auto-remove"
    assert baselines("build-tools-shipped", purge, purge.replace("mark auto", 'mark "auto"')) == []
