"""See package_option_misspelt.md."""

from collections.abc import Iterator
from functools import lru_cache

from rules.api import (
    Category,
    Confidence,
    DockerfileChange,
    PackageCall,
    Problem,
    Run,
    Severity,
    ShellWord,
    Stage,
    fix,
    nearest,
    quote,
    replace,
    rule,
)
from rules.facts.package_options import LONG_OPTIONS
from rules.packages.options import spelled

_REFUSALS = {
    "apt": "“Command line option {} is not understood”",
    "apk": "“unrecognized option: {}”",
    "pip": "“no such option: {}”",
}
_TAKES_BEGINNINGS = frozenset({"apk", "pip"})
"""Those that take the beginning of an option for it (getopt_long, Python's optparse); apt refuses that, too."""
_HANDS_ON = frozenset("--global-option --build-option --install-option --config-settings --config-setting -C".split())
"""Options of pip whose value is an option of another program."""
_SHORTEST = len("--quiet")
"""Shorter names are one letter away from too much."""


@rule(
    "package-option-misspelt",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    keywords=("RUN",),
    mentions=("apt", "apk", "pip"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """An install has an option that its package manager does not know, one slip away from one that it does."""
    for stage in change.stages:
        for run in stage.runs:
            for call in run.package_calls:
                if call.manager in LONG_OPTIONS and call.action in ("install", "update"):
                    yield from _check(stage, run, call)


def _check(stage: Stage, run: Run, call: PackageCall) -> Iterator[Problem]:
    args = call.command.args
    for before, word in zip((None, *args), args, strict=False):
        if word.value == "--":
            return
        if before is not None and before.value in _HANDS_ON:
            continue
        name, _, value = word.value.partition("=")
        meant = _meant(call.manager, name) if word.value[:2] == "--" and "$" not in name else None
        if meant is not None:
            yield _problem(stage, run, call, word, meant + (f"={value}" if value else ""))


@lru_cache(maxsize=1024)
def _meant(manager: str, name: str) -> str | None:
    """Return the option that a name was meant for; `None` for a known one, or what counts as one."""
    known = LONG_OPTIONS[manager]
    if manager == "apt":
        name = name.lower()  # as apt reads them (CommandLine::HandleOpt, `stringcasecmp`)
    if manager != "pip" and name.startswith("--no"):
        known = known | {f"--no-{one[2:]}" for one in known}
    begins = manager in _TAKES_BEGINNINGS and any(one.startswith(name) for one in known)
    if len(name) < _SHORTEST or name in known or begins:
        return None
    return nearest(name, sorted(known), slips=1)


def _problem(stage: Stage, run: Run, call: PackageCall, word: ShellWord, meant: str) -> Problem:
    name, source = word.value.partition("=")[0], run.instruction.source
    right = meant.partition("=")[0]
    literal = source.cut(word.span) == word.value
    refusal = _REFUSALS[call.manager].format(name.lstrip("-") if call.manager == "apk" else name)
    return Problem(
        word.span,
        f"{stage.label} gives {quote(spelled(call))} the option {quote(name)}, which it does not know: it stops with "
        f"{refusal}, and the build with it. Write {quote(right)}.",
        Confidence.CERTAIN if not call.command.conditional else Confidence.LIKELY,
        doubt="the command may never run",
        stage=stage.key,
        instruction=run.instruction,
        key=name,
        fix=fix(f"Write `{right}`", replace(source, word.span, meant)) if literal else None,
    )
