"""See curl_no_redirect.md."""

import re
from collections.abc import Iterator

from rules.api import (
    Category,
    Command,
    DockerfileChange,
    Problem,
    Run,
    Severity,
    quote,
    rule,
)
from rules.dockerfile.shell.nested import SHELLS
from rules.quoting import listed
from rules.secrets.downloads.by_curl import address_of, is_download, is_looked_at, is_saved_to_file
from rules.secrets.downloads.curl_options import FOLLOWING, curls_that, lacking, with_option

_TAKERS = frozenset({*SHELLS, "tee", "python", "python3", "perl", "node", "ruby", "php"})
"""Programs that take whatever comes down a pipe, nothing at all too, and end well."""
_REDIRECTS = re.compile(
    r"https?://(?:www\.)?github\.com/[^/\s]+/[^/\s]+/(?:releases/(?:latest/)?download|archive|raw)/"
)
"""What GitHub answers with a redirect to the server that holds the file."""


@rule(
    "curl-no-redirect",
    severity=Severity.INFO,
    category=Category.RELIABILITY,
    default="off",
    keywords=("RUN",),
    mentions=("curl",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A download by curl does not follow the server to where the file has moved."""
    for run, found in curls_that(change, _stays):
        yield _problem(change, run, found)


def _stays(run: Run, command: Command) -> bool:
    if command.has(*FOLLOWING) or not is_download(command):
        return False
    if is_saved_to_file(command):
        return not is_looked_at(run, command)
    return any(other.name in _TAKERS for other in run.pipelines[command.pipeline])


def _problem(change: DockerfileChange, run: Run, found: list[Command]) -> Problem:
    stage = run.stage
    items, told = lacking(change, "curl-no-redirect", run, found)
    addresses = [address_of(command) or "" for command in told]
    sure = all(map(_REDIRECTS.match, addresses))
    return Problem(
        told[0].span,
        f"{stage.label} gets {listed(map(quote, addresses), 2)} without `-L`. "
        f"{'GitHub redirects that, so' if sure else 'Where the server redirects,'} `curl` ends well and hands on the "
        "redirect's own page, mostly an empty one. Add `-L`.",
        instruction=run.instruction,
        stage=stage.key,
        items=items,
        fix=with_option(run, told, "Follow redirects", "-L"),
    )
