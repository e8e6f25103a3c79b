"""See https_without_certificates.md."""

import re
from collections.abc import Iterator
from itertools import islice

from rules.api import (
    Category,
    Command,
    Confidence,
    DockerfileChange,
    Fix,
    PackageCall,
    Problem,
    Run,
    Severity,
    Stage,
    fix,
    insert_after,
    once,
    quote,
    rule,
    surely_stops,
)
from rules.facts.brought_along import brings_along
from rules.packages.indexes.certificates import CERTIFICATES, certificates_of, has_none
from rules.packages.indexes.sources import adds_source_before
from rules.packages.scripts import runs_script_before

_FETCHERS = frozenset({"curl", "wget", "git"})
"""Programs whose packages only recommend `ca-certificates`, themselves or by a library (`apt-cache depends`)."""
_LOOKED_AT = 10
"""Downloads of a stage that are looked at: what holds for the first mostly holds for the others."""
_CARED_FOR = re.compile(
    r"(?i:cert|insecure|sslverify|ssl_|/ssl|\.curlrc|\.wgetrc)|curl[^|;&\n]*\s-[a-zA-Z]*k[a-zA-Z]*\s"
)
"""What in a chain says that somebody has thought of certificates, or does without."""


@rule(
    "https-without-certificates",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    keywords=("RUN",),
    mentions=("no-install-recommends", "install-recommends"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A RUN fetches over HTTPS in an image that has no certificates to check the server with."""
    for stage in change.stages:
        if stage.facts is None or not has_none(stage.facts) or _is_cared_for(stage):
            continue
        for run, command in islice(_fetches(stage), _LOOKED_AT):
            install = None if runs_script_before(run, command.start) else _install_of(stage, run, command)
            if install is not None:
                yield _problem(stage, run, command, *install)
                break


@once
def _is_cared_for(stage: Stage) -> bool:
    return (
        any(_CARED_FOR.search(step.instruction.text) for step in stage.all_steps)  # with what is mounted
        or stage.files.has_unreadable_run
    )


def _fetches(stage: Stage) -> Iterator[tuple[Run, Command]]:
    """Yield the commands of a stage itself that surely fetch over HTTPS."""
    for run in stage.runs:
        for command in run.calls(*_FETCHERS):
            sure = not command.conditional and command.after != "||" and not command.wrappers
            if sure and any(word.value.startswith("https://") for word in command.args):
                yield run, command


def _install_of(stage: Stage, run: Run, command: Command) -> tuple[Run, PackageCall] | None:
    """Return the install that brings the program and no certificates; `None` where they may come from anywhere."""
    found = None
    for other, call in stage.packages.calls:
        if other.at > run.at or (other is run and call.command.start > command.start):
            break
        if call.action != "install":
            continue
        brought = (brings_along(call, package.name, CERTIFICATES, stage.runtime.release) for package in call.packages)
        if call.manager == "apt" and any(one is not False for one in brought):  # of unlisted ones it is not known
            return None
        if any(package.name == command.name for package in call.packages):
            found = other, call
    return found if found is None or not adds_source_before(stage, *found) else None


def _problem(stage: Stage, run: Run, command: Command, installing: Run, call: PackageCall) -> Problem:
    return Problem(
        command.span,
        f"{stage.label} fetches over HTTPS with {quote(command.name)} and has no certificates to check the server "
        f"with: {quote(stage.root.base_text or '')} has none, and the install at line {call.command.line} leaves out "
        f"{quote('ca-certificates')}, which {quote(command.name)} only recommends. {_effect(run, command)} with a "
        f"problem of the server's certificate. Install {quote('ca-certificates')} there too.",
        Confidence.LIKELY,
        doubt="another package may bring them",
        instruction=run.instruction,
        stage=stage.key,
        key=command.name,
        cause=certificates_of(stage),
        fix=_fix(installing, call),
    )


def _effect(run: Run, command: Command) -> str:
    """Say what fails: in `curl … | bash` the build goes on, with nothing for the second to run."""
    return "The build stops here" if surely_stops(run, command) else "The download fails"


def _fix(run: Run, call: PackageCall) -> Fix | None:
    word, source = call.packages[-1].word, run.instruction.source
    if source.cut(word.span) != word.value or run.instruction.exec_form is not None:
        return None
    return fix("Install ca-certificates too", insert_after(source, word, " ca-certificates"))
