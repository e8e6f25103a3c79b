"""See pip_as_root_refused.md."""

import posixpath
import re
from collections.abc import Iterator

from rules.api import (
    ROOT_NAMES,
    Category,
    Command,
    Confidence,
    DockerfileChange,
    Fix,
    Instruction,
    Problem,
    Run,
    Severity,
    Stage,
    fix,
    insert_line_before,
    is_root_name,
    quote,
    rule,
)
from rules.dockerfile.shell.nested import SHELLS
from rules.packages.scripts import sure_calls
from rules.user.accounts.running import changes_user, name_of

_IMAGE = "apache/airflow"
_FIRST = (2, 3)
"""The first Airflow whose image has a `pip` that stops where root calls it (apache/airflow#22292)."""
_VERSION = re.compile(r"(?:slim-)?(\d+)\.(\d+)")
_LEADS_ELSEWHERE = re.compile(r"\bPATH=|activate|\bconda\b")
"""What may put another `pip` in front for the commands of one RUN."""
_REPLACED = re.compile(r"bin/pip\b")
"""What a file says that takes the image's own `pip` away, or puts another one in its place."""


@rule(
    "pip-as-root-refused",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    keywords=("USER",),
    mentions=(_IMAGE,),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """Root calls pip in an image whose pip refuses to work for root."""
    for stage in change.stages if not _REPLACED.search(change.after.code) else ():
        if not _refuses(stage):
            continue
        found = ((run, one) for run in stage.runs if _is_roots(run) for one in sure_calls(run, "pip"))
        first = next(((run, one) for run, one in found if _is_its_own(run, one)), None)
        if first is not None:
            yield _problem(stage, *first)


def _refuses(stage: Stage) -> bool:
    """Whether the image is one with such a pip, and nothing in the file puts another one in front of it."""
    reference = stage.root.reference
    version = _VERSION.match((reference.tag if reference is not None else None) or "")
    known = version is not None and (int(version[1]), int(version[2])) >= _FIRST
    path = stage.image.env.get("PATH")
    return known and reference is not None and reference.familiar == _IMAGE and (path is None or not path.set_in_file)


def _is_roots(run: Run) -> bool:
    """Whether root runs the step, under a shell that finds programs where the image has them."""
    shell = run.shell.value or ()
    usual = posixpath.basename(shell[0]) in SHELLS and not {"-l", "--login"}.intersection(shell) if shell else True
    return usual and is_root_name(name_of(run.user.value or "")) and not _LEADS_ELSEWHERE.search(run.instruction.text)


def _is_its_own(run: Run, command: Command) -> bool:
    """Whether the command is found by its name, and root's own: `python -m pip` is another."""
    return command.program is not None and command.program.value == "pip" and not changes_user(run, command)


def _problem(stage: Stage, run: Run, command: Command) -> Problem:
    setter = run.user.instruction
    where = f", set at line {setter.line}" if setter is not None else ""
    return Problem(
        command.span,
        f"{stage.label} runs {quote(str(command), 60)} as root{where}. The `pip` of {quote(_IMAGE)} stops for root "
        f"since 2.3 (“You are running pip as root”), and the build with it. {_way_out(stage, run)}",
        Confidence.LIKELY,
        doubt="the version is that of the tag",
        instruction=run.instruction,
        stage=stage.key,
        key="pip as root",
        fix=_fix(stage, run),
    )


def _way_out(stage: Stage, run: Run) -> str:
    if not _is_pips_alone(run):  # what else it does may need root
        return "Call it in a step of its own, below `USER airflow`."
    below = _below(stage, run)
    again = ", and `USER root` below it for what comes then" if below and below[0].keyword == "RUN" else ""
    return f"Put `USER airflow` above it{again}."


def _is_pips_alone(run: Run) -> bool:
    return all(command.name == "pip" for command in run.commands)


def _below(stage: Stage, run: Run) -> list[Instruction]:
    """What comes behind the RUN and depends on the user."""
    return [one for one in stage.instructions if one.line > run.instruction.line and one.keyword in ("RUN", "USER")]


def _fix(stage: Stage, run: Run) -> Fix | None:
    """Leave root above the RUN, where that does nothing else and no later one needs root."""
    below = _below(stage, run)
    leaves = bool(below) and below[0].keyword == "USER" and below[0].value not in ROOT_NAMES
    above = insert_line_before(run.instruction, "USER airflow")
    return fix("Call it as airflow", above) if _is_pips_alone(run) and leaves else None
