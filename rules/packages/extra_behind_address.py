"""See extra_behind_address.md."""

import re
from collections.abc import Iterator

from rules.api import (
    Category,
    Command,
    DockerfileChange,
    Package,
    Problem,
    Run,
    Severity,
    Stage,
    quote,
    rule,
    surely_stops,
)

_ADDRESS = re.compile(r"(?P<address>git\+[a-z]+:[^#\s\[]*?)(?P<ref>@[^@/:#\s\[]+)?(?P<extra>\[[\w.,-]+\])(?:#.*)?")
"""An address of git's, with what pip takes for a part of its path, or of the name of its branch."""


@rule(
    "extra-behind-address",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    keywords=("RUN",),
    mentions=("git+",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """An install by pip has an extra behind the address of a repository, where it belongs to the name of the branch."""
    for stage in change.stages:
        for run in stage.runs:
            for call in run.package_calls:
                if call.manager != "pip" or call.program == "uv pip" or call.command.conditional or run.deferred:
                    continue
                for package in call.packages:
                    found = _ADDRESS.fullmatch((package.version or package.name).removeprefix("@").strip())
                    if found is not None:
                        yield _problem(stage, run, call.command, package, found)


def _problem(stage: Stage, run: Run, command: Command, package: Package, found: re.Match[str]) -> Problem:
    address, ref, extra = found["address"], found["ref"], found["extra"]
    if ref:
        why = f"is taken for a branch called {quote(ref[1:] + extra)}, and git allows no `[` in such a name"
    else:
        why = f"is taken for a repository called {quote(address.rpartition('/')[2] + extra)}"
    stops = "The build stops here" if surely_stops(run, command) else "The install fails"
    name = package.name if package.version else "<name>"
    return Problem(
        package.word.span,
        f"{stage.label} gives pip an extra behind an address: {quote(extra)} {why}. {stops}. "
        f"Put it behind the package's name: {quote(f'{name}{extra} @ {address}{ref or str()}')}, in quotes.",
        instruction=run.instruction,
        stage=stage.key,
        key=package.name,
    )
