"""Which paths the commands of a RUN write."""

from __future__ import annotations

import pytest

from rules.dockerfile.parse import parse
from rules.dockerfile.source import Source
from rules.model.model import Model
from rules.model.run_writes import written_by


def paths(script: str) -> list[str]:
    run = Model(parse(Source("Dockerfile", f"FROM debian:13\nWORKDIR /w\nRUN {script}\n"))).stages[0].runs[0]
    return [write.path for write in written_by(run)]


@pytest.mark.parametrize(
    ("script", "written"),
    [
        ("tar -xzf a.tgz", ["/w"]),
        ("tar xzC /opt", ["/opt"]),
        ("tar xfC a.tgz /opt", ["/opt"]),
        ("tar -C /opt --strip-components 1 -xf a.tgz", ["/opt"]),
        ("tar czf /out.tgz src", ["/out.tgz"]),
        ("tar --create --file=out.tar -C /srv .", ["/w/out.tar"]),
        ("tar -cf - . | tar -xf - -C /copy", ["/copy"]),
        ("tar tf a.tar", []),
        ("unzip -q a.zip -d /opt", ["/opt"]),
        ("unzip a.zip", ["/w"]),
        ("unzip -l a.zip", []),
        ("unzip -p a.zip one > /one", ["/one"]),
        ("git clone https://example.com/a.git", ["/w/a"]),
        ("git -C /src clone https://example.com/a.git", ["/src/a"]),
        ("git -C sub clone https://example.com/a.git b", ["/w/sub/b"]),
        ("go build -C cmd/app -o app .", ["/w/cmd/app/app"]),
        ("go build -C cmd/app -o /out/app .", ["/out/app"]),
        ("mkdir -p /srv/{data,logs}/a", ["/srv/data/a", "/srv/logs/a"]),
        ("A=/own; mkdir $A/x", ["/own/x"]),
        ("touch ~/x", []),
        ('P=/opt; curl -o "$P/a" https://example.com/a', ["/opt/a"]),
        ("curl -o a https://example.com/a", ["/w/a"]),
        ("curl --output-dir /opt -o a https://example.com/a", ["/opt/a"]),
        ("curl -O https://example.com/a.tgz", ["/w/a.tgz"]),
        ("wget -P /opt https://example.com/a.tgz", ["/opt/a.tgz"]),
    ],
)
def test_a_command_writes_where_its_line_says(script: str, written: list[str]) -> None:
    assert paths(script) == written


def test_a_mode_that_begins_with_a_dash_is_no_option() -> None:
    text = "FROM debian:13\nRUN chmod -R -x /a && chmod -w /b && chmod --reference=/c /d\n"
    found = Model(parse(Source("Dockerfile", text))).stages[0].files.attribute_changes
    assert [(row.path, row.value, row.recursive) for row in found] == [("/a", "-x", True), ("/b", "-w", False)]


@pytest.mark.parametrize(
    ("script", "opaque"),
    [
        ("sh -c 'mkdir /a'", []),
        ("bash -c 'make'", ["make"]),
        ('bash -c "$SCRIPT"', ["$SCRIPT"]),
        ("bash setup.sh", ["bash"]),
        ("curl https://example.com/setup.sh | sh", ["sh"]),
    ],
)
def test_a_shell_is_as_opaque_as_the_script_that_it_is_given(script: str, opaque: list[str]) -> None:
    stage = Model(parse(Source("Dockerfile", f"FROM debian:13\nRUN {script}\n"))).stages[0]
    assert [command.name for command in stage.files.opaque_commands] == opaque
