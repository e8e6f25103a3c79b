"""What `base-image-eol` leaves to the summary."""

from datetime import date

import rules


def is_minor(path: str, text: str) -> bool:
    report = rules.review({}, {path: text.encode()}, today=date(2026, 11, 23))
    return next(finding.minor for finding in report.findings if finding.rule == "base-image-eol")


def test_a_dockerfile_that_is_named_for_the_line_is_there_for_it() -> None:
    python = 'FROM python:3.6-slim\nUSER 1000\nCMD ["tox", "-e", "py36"]\n'
    assert is_minor("tests/py36/Dockerfile", python)
    assert is_minor("ci/Dockerfile.bionic", 'FROM ubuntu:bionic\nUSER 1000\nCMD ["/shop"]\n')
    assert not is_minor("tests/py3/Dockerfile", python)
    assert not is_minor("happy36/Dockerfile", python)


def test_it_is_told_where_the_build_stops() -> None:
    stops = 'FROM debian:10\nRUN apt-get update && apt-get install -y dpkg-dev\nCMD ["/shop"]\n'
    assert not is_minor("packaging/debian-10/Dockerfile", stops)
