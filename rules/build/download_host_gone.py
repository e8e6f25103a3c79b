"""See download_host_gone.md."""

import re
from collections.abc import Iterator

from rules.api import (
    Category,
    Command,
    DockerfileChange,
    Fix,
    Problem,
    Run,
    Severity,
    Span,
    Stage,
    fix,
    replace,
    rule,
)
from rules.build.failures.pipes import is_caught
from rules.facts.gone_hosts import GoneHost, gone_host
from rules.secrets.downloads.fetched import FETCHERS, stages_that_count, urls

_PROGRAMS = FETCHERS | frozenset(
    "git pip pip3 npm yarn pnpm gem go gpg gpg2 apt-key add-apt-repository rpm yum dnf microdnf "
    "yum-config-manager".split()
)
_SOURCE = re.compile(r"\s*(?:deb(?:-src)?\s|\[)")
"""How a line begins that names a repository to apt or yum."""
_REWRITES = "insteadof"
_GIT = "git://"


@rule(
    "download-host-gone",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    keywords=("RUN", "ADD"),
    mentions=("bintray", "git://", "kubernetes", "sks-keyservers", "boostorg.jfrog.io", "acs-mirror.azureedge.net"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """Something is fetched from a server that is gone for good."""
    for stage in stages_that_count(change):
        for copy in stage.copies:
            for source in copy.sources if copy.is_add else ():
                gone = gone_host(source.path or "")
                if gone is not None:
                    yield _problem(change, stage, gone, source.word.span)
        for run in stage.runs:
            found = _in_run(run) if run.is_read and not run.deferred else iter(())
            first = next((one for one in found if not (_is_of_git(one[0]) and _rewritten(stage))), None)
            if first is not None:
                yield _problem(change, stage, *first)


def _is_of_git(gone: GoneHost) -> bool:
    return gone.address.startswith(_GIT)


def _rewritten(stage: Stage) -> bool:
    """Whether Git is told to reach a server by another address; other programs do not ask it."""
    return any(_REWRITES in run.instruction.whole_value.lower() for run in stage.all_runs)


def _in_run(run: Run) -> Iterator[tuple[GoneHost, Span]]:
    """Yield what a RUN surely asks of such a server; one behind `||`, or in a loop over several, may do without."""
    for command in run.commands:
        if command.conditional or command.negated or is_caught(run, command):
            continue
        for text, span in _addresses(run, command):
            gone = gone_host(text)
            if gone is not None:
                yield gone, span


def _addresses(run: Run, command: Command) -> Iterator[tuple[str, Span]]:
    """Yield where a command fetches from, variables filled in where they are known."""
    if command.name in ("echo", "printf"):
        yield from ((word.value, word.span) for word in command.args if _SOURCE.match(word.value))
    elif command.name in _PROGRAMS and command.subcommand != "config":
        yield from ((word.value, word.span) for word in command.args)
        yield from ((url.text, url.word.span) for url in urls(command, run))


def _problem(change: DockerfileChange, stage: Stage, gone: GoneHost, span: Span) -> Problem:
    return Problem(
        span,
        f"{stage.label} fetches from {gone.name}, {gone.since}: nothing comes from there any more. {gone.instead}.",
        stage=stage.key,
        key=gone.name,
        fix=_over_https(change, gone, span),
    )


def _over_https(change: DockerfileChange, gone: GoneHost, span: Span) -> Fix | None:
    """Write `https://` for a protocol of Git's that went, where the words have it."""
    source = change.source
    at = source.text.find(gone.address, span.start, span.end) if _is_of_git(gone) else -1
    return fix("Write https", replace(source, source.span(at, at + len(_GIT)), "https://")) if at >= 0 else None
