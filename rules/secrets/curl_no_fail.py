"""See curl_no_fail.md."""

from collections.abc import Iterator

from rules.api import (
    Category,
    Command,
    Confidence,
    DockerfileChange,
    Problem,
    Run,
    Severity,
    Stage,
    fix,
    insert_after,
    quote,
    rule,
)
from rules.secrets.curl_downloads import address_of, is_download, is_looked_at, is_saved_to_file
from rules.secrets.downloaded_names import downloaded_name
from rules.secrets.downloads import versionless

_FAILS = ("-f", "--fail", "--fail-with-body", "--fail-early")


@rule(
    "curl-no-fail",
    severity=Severity.INFO,
    category=Category.RELIABILITY,
    default="info",
    keywords=("RUN",),
    mentions=("curl",),
    aliases=("DF035",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A download keeps the error page when the server answers with an error."""
    if "curlrc" in change.after.code:
        return  # options that every call takes from there may hold `fail`
    for stage in change.stages:
        for run in stage.runs:
            careless = [
                command
                for command in run.calls("curl")
                if not command.has(*_FAILS)
                and is_download(command)
                and is_saved_to_file(command)
                and not is_looked_at(run, command)
            ]
            if careless:
                yield _problem(stage, run, careless)


def _problem(stage: Stage, run: Run, careless: list[Command]) -> Problem:
    source, command = run.instruction.source, careless[0]
    url = address_of(command) or ""
    programs = [one.program for one in careless if one.program is not None]
    repair = fix("Fail on an error answer", *(insert_after(source, program, " --fail") for program in programs))
    return Problem(
        command.span,
        f"{stage.label} saves whatever {quote(url)} answers: without `--fail`, `curl` ends well on a 404 and the "
        "error page becomes the file. Add `--fail`.",
        Confidence.CERTAIN if "://" in url else Confidence.LIKELY,
        doubt="the variable may hold no address of a web server",
        instruction=run.instruction,
        stage=stage.key,
        key=downloaded_name(url) or versionless(url),
        fix=repair,
    )
