"""What Markdown cases cannot hold: line ends of scripts, and fixes in other files than the Dockerfile."""

from __future__ import annotations

import rules
from rules.edits import applied_to_tree

DOCKERFILE = b'FROM debian:13-slim\nCOPY --chmod=755 run.sh /run.sh\nENTRYPOINT ["/run.sh"]\n'


def findings(rule: str, script: bytes, **others: bytes) -> list[rules.Finding]:
    tree = {"Dockerfile": DOCKERFILE, "run.sh": script, **others}
    return [finding for finding in rules.review({}, tree).findings if finding.rule == rule]


def test_windows_line_ends_keep_a_script_from_starting() -> None:
    (finding,) = findings("entrypoint-not-executable", b'#!/bin/sh\r\nexec "$@"\r\n')
    assert "`run.sh` has Windows line ends" in finding.message


def test_git_that_converts_line_ends_is_trusted() -> None:
    attributes = {".gitattributes": b"*.sh text eol=lf\n"}
    assert not findings("entrypoint-not-executable", b'#!/bin/sh\r\nexec "$@"\r\n', **attributes)


def test_exec_is_put_into_the_script_itself() -> None:
    script = b"#!/bin/sh\nset -e\ngunicorn app:app\n"
    (finding,) = findings("entrypoint-script-no-exec", script)
    assert finding.fix is not None
    fixed = applied_to_tree({"Dockerfile": DOCKERFILE, "run.sh": script}, finding.fix.edits, "Dockerfile")
    assert fixed["run.sh"] == b"#!/bin/sh\nset -e\nexec gunicorn app:app\n"
