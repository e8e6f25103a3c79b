"""What a build argument decides on is likely; what stands in the file, or in an ENV of plain text, is certain."""

from __future__ import annotations

import pytest

import rules
from rules.problem import Confidence


def confidence(rule: str, *lines: str) -> Confidence:
    text = "\n".join(("FROM debian:13-slim", *lines, 'CMD ["/app"]', ""))
    found = rules.review({}, {"Dockerfile": text.encode()}).findings
    return next(finding.confidence for finding in found if finding.rule == rule)


USES = {
    "workdir-relative": "WORKDIR $WHAT",
    "expose-invalid-port": "EXPOSE ${WHAT}",
    "add-instead-of-copy": "ADD ${WHAT} /srv/",
}


@pytest.mark.parametrize(("rule", "line"), USES.items())
def test_an_env_with_a_plain_value_leaves_no_doubt(rule: str, line: str) -> None:
    assert confidence(rule, "ENV WHAT=srv-app", line) is Confidence.CERTAIN


@pytest.mark.parametrize(("rule", "line"), USES.items())
def test_an_argument_may_be_given_another_value(rule: str, line: str) -> None:
    assert confidence(rule, "ARG WHAT=srv-app", line) is Confidence.LIKELY


@pytest.mark.parametrize(("rule", "line"), USES.items())
def test_an_env_that_takes_an_argument_over_is_as_doubtful(rule: str, line: str) -> None:
    assert confidence(rule, "ARG GIVEN=srv-app", "ENV WHAT=$GIVEN", line) is Confidence.LIKELY
