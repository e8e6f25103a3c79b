"""See package_installed_twice.md."""

from collections.abc import Iterator

from rules.api import Category, Confidence, DockerfileChange, Problem, Severity, Stage, delete_command, fix, quote, rule
from rules.matching.gathering import named_lines
from rules.packages.options import spelled
from rules.packages.repeated_installs import Repeated, repeated_installs
from rules.quoting import listed


@rule(
    "package-installed-twice",
    severity=Severity.INFO,
    category=Category.MAINTAINABILITY,
    default="info",
    keywords=("RUN",),
    mentions=("apt", "apk"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """An install names only packages that one above it has installed."""
    for stage in change.stages:
        for repeated in repeated_installs(stage).values():
            if repeated.run.stage is stage:
                yield _problem(stage, repeated)


def _problem(stage: Stage, repeated: Repeated) -> Problem:
    call = repeated.call
    names = dict.fromkeys(package.name for package in call.packages)
    above = [str(line) for line in dict.fromkeys(first.command.line for first in repeated.first)]
    they = "them" if len(names) > 1 else "it"
    since = "and nothing" if repeated.renewed else "no newer lists were fetched, and nothing"
    return Problem(
        call.command.span,
        f"{stage.label} installs {listed(map(quote, names))} a second time: {named_lines(above)} did so, {since} has "
        f"removed {they} since. {quote(spelled(call))} finds {they} there and adds nothing. Drop the repetition.",
        Confidence.LIKELY if repeated.renewed else Confidence.CERTAIN,
        doubt="the lists that are fetched in between may have a newer version",
        stage=stage.key,
        instruction=repeated.run.instruction,
        key=" ".join(names),
        fix=fix("Drop the repetition", delete_command(repeated.run, call.command)) if not repeated.renewed else None,
    )
