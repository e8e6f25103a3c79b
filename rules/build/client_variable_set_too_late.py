"""See client_variable_set_too_late.md."""

import posixpath
import re
from collections.abc import Iterator

from rules.api import (
    Category,
    Command,
    Confidence,
    DockerfileChange,
    Instruction,
    Note,
    Problem,
    Run,
    Severity,
    Stage,
    once,
    quote,
    rule,
)
from rules.build.variables.client_builds import INLINED, client_builds, compiles_alone, has_variable, may_have_own
from rules.build.variables.client_variables_given import given_in_vain

_MANAGER = r"\b(?:npm|pnpm|yarn|bun)(?:\s+run)?"
_BUILDS_AT_START = re.compile(
    rf"(?:{_MANAGER}|\b(?:vite|next|react-scripts|vue-cli-service|gatsby))\s+(?:build|dev|develop)\b"
    r"|\breact-scripts\s+start\b|\bvue-cli-service\s+serve\b|\bexpo\s+start\b|(?<![\w./@-])vite(?:\s+--|\s*$)",
    re.MULTILINE,
)
"""What builds the client, or serves it out of its sources, when the container starts (the same manuals)."""
_SCRIPT_OF = {"REACT_APP": "start", "EXPO_PUBLIC": "start", "VUE_APP": "serve"}
"""The script with which the makers' templates do that, by how the variables begin; `next start` does not."""
_STARTING = frozenset({"CMD", "ENTRYPOINT"})
_FILLED_IN_LATER = re.compile(r"envsubst|runtime-env|import-meta-env|replace-env|env-config|inject|sed -i")
"""Words of those who put values into the built files when the container starts."""


@rule(
    "client-variable-set-too-late",
    severity=Severity.WARNING,
    category=Category.CORRECTNESS,
    keywords=("ENV", "ARG", "RUN"),
    mentions=("build", "export", "generate"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A variable that the client's build replaces by its value is set after that build, or does not reach it."""
    if _FILLED_IN_LATER.search(change.after.code) or _is_filled_in_by_scripts(change):
        return
    yield from given_in_vain(change)
    for stage in change.stages:
        if stage.index not in change.after.needed_by_shipped:
            continue
        told: set[str] = set()
        for instruction in stage.instructions:
            if instruction.keyword in ("ENV", "ARG"):
                problem = _check(change, stage, instruction)
                if problem is not None and problem.key not in told:
                    told.add(problem.key)
                    yield problem


def _is_filled_in_by_scripts(change: DockerfileChange) -> bool:
    """Whether a script of the repository speaks of such a variable: it may put the value in at the start."""
    files = change.repository.files
    starts = "\n".join(i.value for stage in change.stages for i in stage.instructions if i.keyword in _STARTING)
    scripts = (
        files[path]
        for path in files
        if path.endswith((".sh", ".bash")) or "entrypoint" in path or posixpath.basename(path) in starts
    )
    return any(INLINED.search(text.decode(errors="replace")) for text in scripts)


def _check(change: DockerfileChange, stage: Stage, instruction: Instruction) -> Problem | None:
    for word, _ in instruction.pairs:
        name = word.text
        if not INLINED.fullmatch(name) or _is_built_at_start(stage, name):
            continue
        if may_have_own(change, name):
            continue
        builds = [(run, command) for run, command in client_builds(stage) if run.instruction is not instruction]
        above = [one for one in builds if one[0].stage not in stage.chain or one[0].instruction.line < instruction.line]
        if not above or compiles_alone(change, *above[-1]):
            continue
        if len(above) == len(builds) and not any(has_variable(run, command, name) for run, command in builds):
            return _problem(stage, instruction, name, *above[-1])
    return None


def _is_built_at_start(stage: Stage, name: str) -> bool:
    """Whether the container builds the client again, with the variable that the image has by then."""
    start = _starts(stage)
    script = next((script for prefix, script in _SCRIPT_OF.items() if name.startswith(prefix)), None)
    own = script is not None and re.search(rf"{_MANAGER}\s+{script}\b", start) is not None
    return own or _BUILDS_AT_START.search(start) is not None


@once
def _starts(stage: Stage) -> str:
    """Return the start commands of a stage, those above it and those upon it."""
    stages = [one for one in stage.model.stages if one in stage.chain or stage in one.chain]
    written = (i for one in stages for i in one.instructions if i.keyword in _STARTING)
    return "\n".join(
        " ".join(word.text for word in i.exec_form) if i.exec_form is not None else i.value for i in written
    )


def _problem(stage: Stage, instruction: Instruction, name: str, run: Run, command: Command) -> Problem:
    elsewhere = "" if run.stage is stage else f" in {run.stage.label}"
    return Problem(
        instruction.span,
        f"{stage.label} sets {quote(name)} after {quote(str(command), 60)} (line {command.line}), which writes the "
        "value into the files for the browser and ran without it. There it stays undefined, whatever the container is "
        f"given. Set it above the build{elsewhere}.",
        Confidence.LIKELY,
        doubt="a file of the project may give the build another value, or the server alone reads it",
        instruction=instruction,
        stage=stage.key,
        key=name,
        notes=(Note(command.span, "built here, without it"),),
    )
