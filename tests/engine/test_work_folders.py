"""Where the commands of a RUN work: `cd` into folders, back, and in brackets."""

import pytest

from rules.dockerfile.parse import parse
from rules.dockerfile.source import Source
from rules.model.model import Model
from rules.model.run_writes import written_by
from rules.model.steps import Run
from rules.model.work_folders import folder_of


def run_of(script: str, above: str = "WORKDIR /w") -> Run:
    text = f"FROM debian:13\n{above}\nRUN {script}\n"
    return Model(parse(Source("Dockerfile", text))).stages[0].runs[0]


@pytest.mark.parametrize(
    ("script", "folder"),
    [
        ("here", "/w"),
        ("cd a && here", "/w/a"),
        ("cd /a && cd b/.. && here", "/a"),
        ("cd -P /a && here", "/a"),
        ("cd /a && make && cd - && here", "/w"),
        ("cd /a && cd /b && cd - && cd - && here", "/b"),
        ("(cd /a && make) && here", "/w"),
        ("(cd /a && here)", "/a"),
        ("(cd /a && cd b && make) && here", "/w"),
        ("(make && cd /a && here)", "/a"),
        ("(make && cd /a) && here", "/w"),
        ("cd /a && ( \\\n cd b && make ) && here", "/a"),
        ("x=$(cd /a && pwd) && here", "/w"),
        ("cd ~ && here", "/root"),
        ("cd && here", "/root"),
        ("cd app-* && here", None),
        ("cd $UNKNOWN && here", None),
        ("cd $UNKNOWN && cd /a && here", "/a"),
        ("pushd /a && popd && here", None),
        ("pushd /a && popd && cd /b && here", "/b"),
        ("cd /a | true; here", "/w"),
        ("cd /a & here", "/w"),
        ("cd /a || exit 1; here", "/a"),
        ("if [ -d /a ]; then cd /a; here; fi", "/a"),
        ("if [ -d /a ]; then cd /a; fi; here", None),
        ("if [ -d /a ]; then cd /a; else here; fi", None),
        ("[ -d /a ] && cd /a; here", None),
        ("[ -d /a ] && cd /a; cd /b; here", "/b"),
        ("go() { cd /a; }; go; here", None),
        ("sh -c 'cd /a && here'", "/a"),
        ("cd /a && bash -c 'cd b; (cd c; make); here'", "/a/b"),
        ("sh -c 'cd /a'; here", "/w"),
        ("su app -c 'here'", "/w"),
        ("su - app -c 'here'", None),
        ("x=$(cd /a && here)", "/a"),
        ("x=`cd /a` && here", "/w"),
        ("(cd /a; case $x in y) make;; esac; here)", "/a"),
        ("(cd /a; case $x in y) make;; esac); here", "/w"),
        ("(echo in case of doubt; cd /a); here", "/w"),
        ("(cd /a; \\\n# :-)\n here)", "/a"),
    ],
)
def test_a_command_works_where_the_shell_has_gone(script: str, folder: str | None) -> None:
    run = run_of(script, "WORKDIR /w\nENV HOME=/root\nARG UNKNOWN")
    (command,) = run.calls("here")
    assert folder_of(run, command) == folder


def test_what_brackets_hold_moves_no_later_write() -> None:
    run = run_of("(cd /a && touch x) && touch y")
    assert [write.path for write in written_by(run)] == ["/a/x", "/w/y"]


def test_a_script_in_a_here_document_moves_no_later_write() -> None:
    run = run_of("bash <<'X' && touch y\ncd /a\ntouch x\nX")
    assert sorted(write.path for write in written_by(run)) == ["/a/x", "/w/y"]
