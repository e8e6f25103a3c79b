"""See npm_command_taken.md."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from rules.api import (
    Category,
    Command,
    Confidence,
    DockerfileChange,
    PackageCall,
    Problem,
    Run,
    Severity,
    outcome_of_failure,
    quote,
    rule,
)
from rules.build.failures.pipes import is_caught
from rules.user.accounts.running import runs_as_root

_ELSEWHERE = ("NPM_CONFIG_PREFIX", "npm_config_prefix", "NPM_CONFIG_FORCE", "npm_config_force", "PREFIX")
_UNDOES = frozenset({"rm", "unlink", "mv", "find", "rmdir"})
_PREFIX = re.compile(r"\bconfig\b[^&;|]*\b(?:prefix|force)\b|\.npmrc|\bnvm\b|\bvolta\b|\bfnm\b|\bcorepack disable\b")
"""What has npm link elsewhere, or overwrite, or takes the commands away again."""


class _Taken(NamedTuple):
    """A package that npm cannot install for all.

    Attributes:
        name: It.
        enabled: The `corepack enable` that made its command; `None` where the base image brings it.
    """

    name: str
    enabled: Command | None


@rule(
    "npm-command-taken",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    keywords=("RUN",),
    mentions=("npm",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A command that npm is to install for all is in the image from elsewhere, and npm refuses."""
    for stage in change.stages:
        if stage.index not in change.after.needed_by_shipped or stage.runtime.is_windows:
            continue
        for run in stage.runs:
            for call in run.package_calls if run.is_read and not run.deferred else ():
                taken = _taken(run, call) if _refuses(run, call) else None
                if taken is not None:
                    yield _problem(run, call, taken)


def _refuses(run: Run, call: PackageCall) -> bool:
    """Whether npm links into the folder of all as root, overwrites nothing, and the build stops where it fails."""
    command = call.command
    if call.manager != "npm" or not call.global_ or call.action != "install" or call.target is not None:
        return False
    if call.has("--force") or any(call.env.get(name) for name in _ELSEWHERE) or runs_as_root(run) is False:
        return False
    if command.conditional or command.negated or command.nested or is_caught(run, command):
        return False
    return outcome_of_failure(run, command) != "goes on"


def _taken(run: Run, call: PackageCall) -> _Taken | None:
    """Return the first package whose command is there already, where nothing may have taken that away."""
    before = [
        command
        for other in run.stage.done_runs
        if other.at <= run.at
        for command in other.commands
        if other is not run or command.start < call.command.start
    ]
    if any(_PREFIX.search(str(command)) for command in before):
        return None
    for name in dict.fromkeys(package.name for package in call.packages if package.kind == "name"):
        if any(command.name in _UNDOES and name in str(command) for command in before):
            continue
        enabled = next((c for c in before if _enables(c, name)), None) if name == "pnpm" else None
        if enabled is not None or (name == "yarn" and _brings_yarn(run)):
            return _Taken(name, enabled)
    return None


def _enables(command: Command, name: str) -> bool:
    """Whether it is a `corepack enable` that surely links a manager's commands."""
    operands = [word.value for word in command.operands()]
    sure = not command.conditional and not command.nested and not command.has("--install-directory")
    return command.name == "corepack" and sure and operands[:1] == ["enable"] and operands[1:] in ([], [name])


def _brings_yarn(run: Run) -> bool:
    """Whether an official image of Node.js is below, which links `yarn` to its own copy in `/opt`."""
    facts = run.stage.facts
    return facts is not None and facts.name == "node" and facts.has_tool("yarn") is True


def _problem(run: Run, call: PackageCall, taken: _Taken) -> Problem:
    stage, name = run.stage, taken.name
    base = quote(stage.root.base_text or "")
    if taken.enabled is not None:
        whence = f"{quote(str(taken.enabled))} on line {taken.enabled.line} has made it"
        way_out = f"Keep one of the two: {quote(f'corepack prepare {name}@<version> --activate')}, or npm alone"
    else:
        whence = f"{base} brings it"
        way_out = f"Use the one that is there, or write {quote(f'npm install -g --force {name}@<version>')}"
    facts = stage.facts
    known = taken.enabled is not None or (facts is not None and facts.exact)
    return Problem(
        call.command.span,
        f"{stage.label} installs {quote(name)} with npm, and the command {quote(name)} is there already: {whence}. npm "
        "overwrites no link that is not its own, and the build stops here with “EEXIST: file already exists”. "
        f"{way_out}.",
        Confidence.CERTAIN if known else Confidence.LIKELY,
        doubt="the base is known by similar tags only",
        instruction=run.instruction,
        stage=stage.key,
        key=name,
    )
