"""See useradd_high_uid_sparse.md."""

from collections.abc import Iterator

from rules.api import (
    BY_ARGUMENT,
    Category,
    Command,
    Confidence,
    DockerfileChange,
    Problem,
    Run,
    Severity,
    Stage,
    fix,
    insert,
    quote,
    rule,
)
from rules.model.shell_scope import filled
from rules.numbers import number_of
from rules.user.layers import place, shipped_runs

_HIGH = 100_000
_WITHOUT = (13,)
"""Debian's first release without the log."""
_ENTRY = 292
"""Bytes of one entry of `/var/log/lastlog` (`struct lastlog` of glibc)."""


@rule(
    "useradd-high-uid-sparse",
    severity=Severity.INFO,
    category=Category.SIZE,
    default="info",
    keywords=("RUN",),
    mentions=("useradd",),
    aliases=("DL3046", "DF064"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """`useradd` with a high uid fills a layer with an almost empty login log."""
    for stage, run in shipped_runs(change):
        if _keeps_none(stage):
            continue
        for command in run.calls("useradd") if not _is_deleted(run) else ():
            written = command.option("-u", "--uid") or ""
            uid = filled(run, command, written) or ""
            if uid.isdecimal() and number_of(uid) >= _HIGH and not command.has("-l", "--no-log-init"):
                yield _problem(stage, run, command, number_of(uid), written)


def _keeps_none(stage: Stage) -> bool:
    """Whether the system's `useradd` knows no such log any more: that of Debian 13 (passwd 4.17) writes to none."""
    facts = stage.facts
    release = facts.release if facts is not None and facts.distro == "debian" else None
    return release is not None and release.numbers >= _WITHOUT


def _is_deleted(run: Run) -> bool:
    """Whether the RUN deletes the log again, so that no layer holds it."""
    return any("lastlog" in word.value for command in run.calls("rm", "truncate") for word in command.args)


def _problem(stage: Stage, run: Run, command: Command, uid: int, written: str) -> Problem:
    assert command.program is not None
    size = uid * _ENTRY / 1e6
    amount = f"{size / 1000:,.0f} GB" if size >= 1000 else f"{size:,.0f} MB"  # noqa: PLR2004 - from MB to GB
    return Problem(
        place(run, command),
        f"{stage.label} makes an account with uid {quote(str(uid))}, and `useradd` enters it in the login log where "
        f"the image keeps one. That has an entry for each number up to the uid: about {amount} of zeros, which the "
        "layer may hold in full. `--no-log-init` (`-l`) leaves the log alone.",
        Confidence.POSSIBLE if stage.runtime.package_manager == "apk" else Confidence.LIKELY,  # Alpine keeps none
        doubt=BY_ARGUMENT if run.scope.decided_by_argument(written) else "the base image may keep no such log",
        stage=stage.key,
        key=str(uid),
        instruction=run.instruction,
        fix=fix("Add --no-log-init", insert(command.source, command.program.end, " -l"))
        if run.instruction.exec_form is None
        else None,
    )
