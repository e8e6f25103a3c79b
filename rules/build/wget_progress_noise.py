"""See wget_progress_noise.md."""

import re
from collections.abc import Iterator

from rules.api import (
    Category,
    Command,
    DockerfileChange,
    Edit,
    Fix,
    Problem,
    Run,
    Severity,
    Stage,
    fix,
    insert_after,
    quote,
    rule,
)
from rules.facts.distributions import DEBIAN_FAMILY

_TELLS = ("--progress", "--quiet", "--no-verbose", "--output-file", "--append-output", "--background", "--spider")
_SHORT = re.compile(r"-[bcdEFHKkLmNprSvx46]*(?:q|nv|[oab])")
"""The same as short options, behind others that take no value: `-qO-`."""
_OPTIONS = re.compile(r"\$[@*]|\$\{?\w*(?:OPT|FLAG|ARG|PARAM)", re.IGNORECASE)
"""A variable that may hold one of them."""
_BUSYBOX = ("alpine", "busybox")


@rule(
    "wget-progress-noise",
    severity=Severity.INFO,
    category=Category.MAINTAINABILITY,
    default="off",
    keywords=("RUN", "ONBUILD"),
    mentions=("wget",),
    aliases=("DL3047", "DF056"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A wget writes its progress to the log of the build."""
    if "wgetrc" in change.after.code:
        return  # which may say how the progress is shown
    for stage in change.stages:
        for run in () if stage.runtime.is_windows else stage.runs:
            noisy = [command for command in run.calls("wget") if _is_noisy(command)]
            if noisy:
                yield _problem(stage, run, noisy)


def _is_noisy(command: Command) -> bool:
    """Whether wget fetches something, and neither an option nor a redirection says where its progress goes."""
    words = [word.value for word in command.args]
    if command.has(*_TELLS) or any(_SHORT.match(word) or _OPTIONS.match(word) for word in words):
        return False
    if any(redirect.operator.startswith("&>") or redirect.fd == 2 for redirect in command.redirects):  # noqa: PLR2004 - where errors go
        return False
    return any(not word.startswith("-") for word in words)


def _problem(stage: Stage, run: Run, noisy: list[Command]) -> Problem:
    option = _option(stage)
    way = f"{quote(option)} keeps" if option is not None else "`-nv`, or `-q` for BusyBox's, keeps"
    return Problem(
        noisy[0].span,
        f"{stage.label} downloads with {quote(str(noisy[0]), 80)}, which writes its progress to the log of the build, "
        f"line after line. {way} the log short{'' if option == '-q' else ', and errors stay in it'}.",
        instruction=run.instruction,
        stage=stage.key,
        fix=_fix(run, noisy, option) if option is not None else None,
    )


def _option(stage: Stage) -> str | None:
    """Return the option that the stage's wget has; `None` where it is unknown which one that is.

    BusyBox's knows no `--progress`, and Fedora's is Wget2, which has other values for it.
    """
    distribution = stage.runtime.distribution
    if distribution in _BUSYBOX and not stage.packages.has("wget"):
        return "-q"
    return "--progress=dot:giga" if distribution in (*_BUSYBOX, *DEBIAN_FAMILY) else None


def _fix(run: Run, noisy: list[Command], option: str) -> Fix | None:
    return fix(f"Add {option}", *(_with(run, command, option) for command in noisy))


def _with(run: Run, command: Command, option: str) -> Edit | None:
    source, word = run.instruction.source, command.program
    if word is None or "wget" not in source.cut(word.span):
        return None
    in_exec_form = run.script.is_array and not command.nested
    return insert_after(source, word, f', "{option}"' if in_exec_form else f" {option}")
