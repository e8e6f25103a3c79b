"""See r_install_unchecked.md."""

import re
from collections.abc import Iterator
from functools import partial
from itertools import starmap

from rules.api import (
    Category,
    Command,
    Confidence,
    DockerfileChange,
    Model,
    Problem,
    Run,
    Severity,
    Stage,
    once,
    outcome_of_failure,
    quote,
    rule,
)
from rules.brought import brought

_INSTALLS = re.compile(r"\binstall\.packages\s*\(\s*(?:pkgs\s*=\s*)?(?:c\(([^()]*)|(['\"][A-Za-z][\w.]*['\"]))")
_NAME = re.compile(r"['\"]([A-Za-z][\w.]*)['\"]")
_CHECKS = re.compile(
    r"warn\s*=\s*[2-9]|\blibrary\s*\(|\brequire(?:Namespace)?\s*\(|\bloadNamespace\s*\(|\bstop(?:ifnot)?\s*\(|"
    r"\bq(?:uit)?\s*\(|installed\.packages|\bpackageVersion\s*\(|"
    r"\b(?:test|ls|stat)\s[^;&|\n]*library/|\[\s[^;&|\n]*library/"
)
"""What makes R end with a failure where a package is missing, or asks for it, or looks for its folder."""
_SCRIPT = re.compile(r"(?!-)[\w./${}-]+\.[Rr]")
_LOADS = re.compile(r"(?<![\w.])([A-Za-z][\w.]*):::?\w|/library/([A-Za-z][\w.]*)/")
"""`devtools::install_github(…)` fails without `devtools`, as a link to `/usr/lib/R/library/littler/bin/r` leads nowhere
without `littler`; neither looks for any other package."""


@rule(
    "r-install-unchecked",
    severity=Severity.WARNING,
    category=Category.RELIABILITY,
    keywords=("RUN",),
    mentions=("install.packages",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """R packages are installed so that the build goes on where one of them cannot be."""
    if _is_checked(change.after) or any(starmap(partial(_may_check, change), _scripts(change.after))):
        return
    for stage, run in change.after.layers.needed_runs:
        if run.deferred or not run.is_read:
            continue
        for command in run.calls("R", "Rscript", "r", "littler"):
            packages = tuple(name for name in _installed(command) if name not in _loaded(change.after))
            if packages and outcome_of_failure(run, command) == "stops":
                yield _problem(change, stage, run, command, packages)


@once
def _is_checked(model: Model) -> bool:
    """Whether the file asks for a package, or turns warnings into failures, anywhere: who does that knows of it."""
    return any(_CHECKS.search(run.instruction.whole_value) for stage in model.stages for run in stage.runs)


@once
def _scripts(model: Model) -> tuple[tuple[Stage, str | None], ...]:
    """Where the R scripts lie that the build runs: `Rscript /srv/test.R`."""
    runs = ((stage, run) for stage in model.stages for run in stage.runs)
    calls = ((stage, run, command) for stage, run in runs for command in run.calls("R", "Rscript", "r", "littler"))
    words = ((stage, run, word.value) for stage, run, command in calls for word in command.args)
    return tuple((stage, run.resolve(text)) for stage, run, text in words if _SCRIPT.fullmatch(text))


def _may_check(change: DockerfileChange, stage: Stage, path: str | None) -> bool:
    """Whether a script asks for a package, or was not read."""
    file = brought(change, stage, path) if path is not None else None
    return file is None or _CHECKS.search(file.text) is not None


@once
def _loaded(model: Model) -> frozenset[str]:
    """The packages that the build calls by their names, or by the paths of their files, and so misses."""
    texts = (run.instruction.whole_value for stage in model.stages for run in stage.runs)
    return frozenset(name for text in texts for names in _LOADS.findall(text) for name in names if name)


def _installed(command: Command) -> list[str]:
    """Return the packages that a command's code installs by their names."""
    found = (match for word in command.args for match in _INSTALLS.finditer(word.value))
    return [name for match in found for name in _NAME.findall(match[1] or match[2])]


def _problem(change: DockerfileChange, stage: Stage, run: Run, command: Command, packages: tuple[str, ...]) -> Problem:
    package = change.fresh("r-install-unchecked", stage, packages)[0]
    return Problem(
        command.span,
        f"{stage.label} installs R packages, {quote(package)} first, and does not see whether they are there "
        "afterwards: where one cannot be fetched or compiled, `install.packages` only warns, R ends well, and the "
        "build goes on. The program then stops when it loads the package. Put `options(warn = 2)` in front, so that a "
        f"warning stops the build, or load what was installed: {quote(f'library({package})')}.",
        Confidence.LIKELY,
        doubt="a profile of R's in the base image may turn warnings into failures",
        instruction=run.instruction,
        stage=stage.key,
        key="install.packages",
        items=packages,
        decision="R packages",
    )
