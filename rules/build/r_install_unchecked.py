"""See r_install_unchecked.md."""

import re
from collections.abc import Iterator

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

_INSTALLS = re.compile(r"\binstall\.packages\s*\(\s*(?:pkgs\s*=\s*)?(?:c\(\s*)?['\"]([A-Za-z][\w.]*)")
_CHECKS = re.compile(
    r"warn\s*=\s*[2-9]|\blibrary\s*\(|\brequire(?:Namespace)?\s*\(|\bloadNamespace\s*\(|\bstop(?:ifnot)?\s*\(|"
    r"\bq(?:uit)?\s*\(|installed\.packages|\bpackageVersion\s*\(|\w::\w|"
    r"\b(?:test|ls|stat)\s[^;&|\n]*library/|\[\s[^;&|\n]*library/"
)
"""What makes R end with a failure where a package is missing, or asks for it, or looks for its folder."""


@rule(
    "r-install-unchecked",
    severity=Severity.WARNING,
    category=Category.RELIABILITY,
    keywords=("RUN",),
    mentions=("install.packages",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """R packages are installed so that the build goes on where one of them cannot be."""
    if _is_checked(change.after):
        return
    for stage, run in change.after.layers.needed_runs:
        if run.deferred or not run.is_read:
            continue
        for command in run.calls("R", "Rscript", "r", "littler"):
            package = _installed(command)
            if package is not None and outcome_of_failure(run, command) == "stops":
                yield _problem(stage, run, command, package)


@once
def _is_checked(model: Model) -> bool:
    """Whether the file asks for a package, or turns warnings into failures, anywhere: who does that knows of it."""
    return any(_CHECKS.search(run.instruction.whole_value) for stage in model.stages for run in stage.runs)


def _installed(command: Command) -> str | None:
    """Return the first package that a command's code installs by its name."""
    code = (word.value for word in command.args)
    return next((found[1] for text in code if (found := _INSTALLS.search(text)) is not None), None)


def _problem(stage: Stage, run: Run, command: Command, package: str) -> Problem:
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
        decision="R packages",
    )
