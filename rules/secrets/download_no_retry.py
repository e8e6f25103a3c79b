"""See download_no_retry.md."""

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
from rules.quoting import listed
from rules.secrets.downloads.by_curl import address_of, is_download
from rules.secrets.downloads.curl_options import curls_that, lacking, with_option
from rules.secrets.downloads.fetched import SENDING, is_local, keeps_nothing, split_url

_RETRIES = ("--retry",)
_CONDITION = re.compile(r"(?<!\w)(?:if|elif|until|while)[ \t\r\n\\]+(?:![ \t]+)?\Z")
"""What makes a command the condition of something, which answers a failure in its own way."""
_NEAR = 40
_HARMLESS = frozenset({"sudo", "doas", "env", "command"})
"""What a command may be wrapped in and still run once: `retry 5 curl …` does not."""


@rule(
    "download-no-retry",
    severity=Severity.INFO,
    category=Category.RELIABILITY,
    default="off",
    keywords=("RUN",),
    mentions=("curl",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A download by curl is not tried again when the server is busy."""
    for run, found in curls_that(change, _is_tried_once):
        yield _problem(change, run, found)


def _is_tried_once(_run: Run, command: Command) -> bool:
    # what it sends a server may get twice
    if command.has(*_RETRIES, *SENDING) or not is_download(command) or keeps_nothing(command):
        return False
    _, host = split_url(address_of(command) or "") or ("", "")
    near = "$" not in host and host != "" and is_local(host)
    asked = _CONDITION.search(command.source.text[max(0, command.start - _NEAR) : command.start]) is not None
    return not near and not asked and command.before != "||" and _HARMLESS.issuperset(command.wrappers)


def _problem(change: DockerfileChange, run: Run, found: list[Command]) -> Problem:
    stage = run.stage
    items, told = lacking(change, "download-no-retry", run, found)
    return Problem(
        told[0].span,
        f"{stage.label} tries {listed((quote(address_of(one) or '') for one in told), 2)} once: a timeout, or a 429 or "
        "503 of a busy server, is final. `--retry 3` tries again, after a pause that doubles.",
        instruction=run.instruction,
        stage=stage.key,
        items=items,
        fix=with_option(run, told, "Try again three times", "--retry 3"),
    )
