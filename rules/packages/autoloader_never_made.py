"""See autoloader_never_made.md."""

import re
from collections.abc import Iterator

from rules.api import Category, Confidence, DockerfileChange, PackageCall, Problem, Severity, Stage, quote, rule
from rules.packages.at_start import code_at_start

_OPTION = "--no-autoloader"
_MAKES = re.compile(r"dump-?auto-?load|composer(?:\.phar)?[^\n&|;]{0,80}\b(?:run|exec|dump[a-z-]*)\b", re.IGNORECASE)
"""What makes the autoloader afterwards: `composer dump-autoload`, `composer dump` for short, and a script of the
project's that may."""


@rule(
    "autoloader-never-made",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    keywords=("RUN",),
    mentions=(_OPTION,),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """Composer installs the packages without their autoloader, and nothing makes it afterwards."""
    files = change.repository.files
    scripts = (files[path].decode(errors="replace") for path in files if path.endswith((".sh", "Makefile")))
    if any(map(_MAKES.search, (change.after.code, code_at_start(change), *scripts))):
        return
    found = [
        (stage, call)
        for stage in change.stages
        if stage.index in change.after.needed_by_shipped
        for run in stage.runs
        for call in run.package_calls
        if call.manager == "composer" and call.action == "install"
    ]
    if not found or not all(call.has(_OPTION) for _, call in found):
        return
    if not any(stage.files.has_unreadable_run for stage, _ in found):
        yield _problem(*found[-1])


def _problem(stage: Stage, call: PackageCall) -> Problem:
    return Problem(
        call.command.span,
        f"{stage.label} runs `composer install` with {quote(_OPTION)}, and nothing makes the autoloader afterwards: "
        "`vendor/autoload.php` is missing, and the program stops at its first `require` of it. Run `composer "
        "dump-autoload --optimize` when the sources are there, or take the option out.",
        Confidence.LIKELY,
        doubt="a program that starts with the container may make it",
        stage=stage.key,
        key="composer",
    )
