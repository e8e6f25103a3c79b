"""See redirect_to_http_allowed.md."""

import re
from collections.abc import Iterator

from rules.api import (
    Category,
    Command,
    DockerfileChange,
    Edit,
    Problem,
    Run,
    Severity,
    Stage,
    fix,
    insert_after,
    quote,
    rule,
)
from rules.secrets.downloads.checks import checks
from rules.secrets.downloads.curl_options import FOLLOWING, speaks_of_settings
from rules.secrets.downloads.fetched import versionless

_HOLDS = ("--proto", "--proto-redir", "--max-redirs", "-K", "--config")
_UNCHECKED = ("-k", "--insecure", "-I", "--head")
"""What other rules speak of, and what fetches nothing."""
_OPTIONS = re.compile(r"\$[@*]|\$\{?\w*(?:OPT|FLAG|ARG|PARAM|CURL)", re.IGNORECASE)
"""A variable that may hold an option."""


@rule(
    "redirect-to-http-allowed",
    severity=Severity.INFO,
    category=Category.SECURITY,
    default="off",
    keywords=("RUN", "ONBUILD"),
    mentions=("curl",),
    aliases=("S6506",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A curl that begins with HTTPS follows redirects to HTTP."""
    if speaks_of_settings(change):
        return  # which may hold `proto`
    for stage in change.stages:
        for run in () if stage.runtime.is_windows else stage.runs:
            open_ = [command for command in run.calls("curl") if _may_leave_https(command)]
            if open_ and not checks(run):  # another file would not pass
                yield _problem(stage, run, open_)


def _may_leave_https(command: Command) -> bool:
    words = [word.value for word in command.args]
    if not command.has(*FOLLOWING) or command.has(*_HOLDS, *_UNCHECKED) or any(map(_OPTIONS.match, words)):
        return False
    schemes = {match[1].lower() for word in words if (match := re.match(r"(?:--url=)?(\w+)://", word))}
    return schemes == {"https"}


def _problem(stage: Stage, run: Run, open_: list[Command]) -> Problem:
    url = next(word.value for word in open_[0].args if "://" in word.value).removeprefix("--url=")
    return Problem(
        open_[0].span,
        f"{stage.label} fetches {quote(url, 80)} with a `curl` that follows redirects, to plain HTTP too. From "
        "there on anybody on the way can send another file; `--proto '=https'` keeps every step to HTTPS.",
        instruction=run.instruction,
        stage=stage.key,
        key=versionless(url),
        fix=fix("Keep to HTTPS", *(_with_proto(run, command) for command in open_)),
    )


def _with_proto(run: Run, command: Command) -> Edit | None:
    source, word = run.instruction.source, command.program
    if word is None or "curl" not in source.cut(word.span):
        return None
    if command.nested or run.script.shell is not None:
        return insert_after(source, word, " --proto =https")  # quotes could be those around the inner script
    return insert_after(source, word, ', "--proto", "=https"' if run.script.is_array else " --proto '=https'")
