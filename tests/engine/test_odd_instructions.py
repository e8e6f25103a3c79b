import pytest

import rules
from rules.dockerfile.syntax.grammar import INSTRUCTIONS

FILE = """\
FROM python:3.12-slim AS build
ARG V=1
ENV A=$V
WORKDIR /app
USER root
RUN apt-get update && apt-get install -y gcc && useradd app
COPY . .
{odd}
FROM build
COPY --from=build /app /app
{odd}
VOLUME /data
EXPOSE 80
HEALTHCHECK CMD curl localhost
USER app
ENTRYPOINT ["python"]
CMD ["-m", "shop"]
{odd}
"""
VALUES = (
    "",
    " ",
    " ''",
    ' ""',
    " []",
    ' [""]',
    " [",
    " $X",
    " ${X",
    " --",
    " --x=",
    " =",
    " a=",
    " \\",
    " <<E\nE",
    " #",
)


@pytest.mark.parametrize("keyword", sorted(INSTRUCTIONS))
def test_no_rule_breaks_on_an_instruction_that_says_nothing(keyword: str) -> None:
    plain = {"Dockerfile": FILE.format(odd="# x").encode()}
    for value in VALUES:
        text = {"Dockerfile": FILE.format(odd=f"{keyword}{value}").encode()}
        assert rules.review(text, plain).crashes == (), value
        report = rules.review(plain, text)
        assert report.crashes == (), value
        # A fix is verified when it is asked for, by one more review of what it makes of the file.
        assert all(finding.fix is None or finding.fix.edits for finding in report.findings if finding.baseline == "new")
