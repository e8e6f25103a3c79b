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
    outcome_of_failure,
    quote,
    rule,
)
from rules.secrets.downloads.by_curl import (
    address_of,
    is_download,
    is_download_of_branch,
    is_looked_at,
    is_saved_to_file,
)
from rules.secrets.downloads.curl_options import curls_that, lacking, with_option

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
    for run, careless in curls_that(change, _is_careless):
        yield _problem(change, run, careless)


def _is_careless(run: Run, command: Command) -> bool:
    if command.has(*_FAILS) or not (is_download(command) or is_download_of_branch(run, command)):
        return False
    return is_saved_to_file(command) and not is_looked_at(run, command)


def _problem(change: DockerfileChange, run: Run, careless: list[Command]) -> Problem:
    stage = run.stage
    items, told = lacking(change, "curl-no-fail", run, careless)
    command = next((one for one in told if not one.conditional), told[0])
    url = address_of(command) or ""
    goes_on = any(_is_passed_over(run, one) for one in careless)
    return Problem(
        command.span,
        f"{stage.label} saves whatever {quote(url)} answers: without `--fail`, `curl` ends well on a 404 and the "
        f"error page becomes the file. {_way_out(run, command)}",
        Confidence.CERTAIN if "://" in url and not command.conditional else Confidence.LIKELY,
        doubt="it runs under a condition"
        if command.conditional
        else "the variable may hold no address of a web server",
        instruction=run.instruction,
        stage=stage.key,
        items=items,
        fix=with_option(run, careless, "Fail on an error answer", "--fail") if not goes_on else None,
    )


def _way_out(run: Run, command: Command) -> str:
    """Say what makes the build stop at an error answer: the option alone, where a failure of curl stops it."""
    if not _is_passed_over(run, command):
        return "Add `--fail`."
    stops = {"\n": "begin with `set -e`", "&": "wait for it", "|": "set `pipefail`", "|&": "set `pipefail`"}
    stop = stops.get(command.after, "write `&&` for the `;` behind it")
    return f"Add `--fail`, and {stop}: as it stands, a failure of `curl` does not stop the build."


def _is_passed_over(run: Run, command: Command) -> bool:
    """Whether the build goes on when a call fails; what ends a branch of an `if` is taken for what stops it."""
    return not command.conditional and outcome_of_failure(run, command) == "goes on"
