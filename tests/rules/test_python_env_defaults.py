"""Where a buffered program is told: on its line where its text prints, else in the summary."""

from __future__ import annotations

import pytest

import rules

STARTS = b'FROM python:3.14-slim\nWORKDIR /srv\nCOPY . .\nUSER 10001\nCMD ["python", "-m", "shop.server"]\n'
SERVES = b"import time\nwhile True:\n    print('serving')\n    time.sleep(9)\n"
PRINTS = {"shop/server.py": SERVES}
ENDS = {"shop/server.py": b"print('done')\n"}
MAY_PRINT = {"shop/server.py": b"from shop import web\nweb.serve()\n"}


def is_minor(texts: dict[str, bytes]) -> bool:
    files = {"Dockerfile": STARTS, **texts}
    listing = dict.fromkeys(["Dockerfile", "shop/__init__.py", "shop/server.py", "shop/web.py"], 0o100644)
    findings = rules.review({}, files, listing=listing).findings
    return next(finding.minor for finding in findings if finding.rule == "python-env-defaults")


def test_a_program_that_prints_is_told_on_its_line() -> None:
    assert not is_minor(PRINTS)
    assert not is_minor({**MAY_PRINT, "shop/web.py": SERVES})


@pytest.mark.parametrize("texts", [{}, MAY_PRINT], ids=["the program", "a module of its own"])
def test_a_program_that_was_not_read_is_told_in_the_summary(texts: dict[str, bytes]) -> None:
    assert is_minor(texts)


def test_a_program_that_prints_and_ends_is_told_in_the_summary() -> None:
    assert is_minor(ENDS)
