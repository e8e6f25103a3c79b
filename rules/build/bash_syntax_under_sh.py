"""See bash_syntax_under_sh.md."""

import re
from collections.abc import Iterator

from rules.api import (
    Category,
    Confidence,
    DockerfileChange,
    Fix,
    Origin,
    Problem,
    Run,
    Severity,
    Stage,
    insert_line_before,
    rule,
)

_FOUND = (
    (re.compile(r"(?<![\w$\[])\[\[\s"), "[[ … ]]"),
    (re.compile(r"<<<"), "<<<"),
    (re.compile(r"(?<![\w$])<\((?=[\w$])"), "<( … )"),
    (re.compile(r"(?:^|[;&|]\s*)\w+=\((?!\))[^)]*\)"), "an array"),
    (re.compile(r"(?<!&)&>(?!&)"), "&>"),
)
_BASH_ONLY = frozenset({"source", "pushd", "popd", "shopt", "declare", "mapfile", "readarray"})
_KNOWN_TO_ASH = frozenset({"[[ … ]]", "<( … )", "source"})


@rule(
    "bash-syntax-under-sh",
    severity=Severity.WARNING,
    category=Category.CORRECTNESS,
    keywords=("RUN",),
    aliases=("DF066",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A RUN uses what only bash understands, under another shell."""
    code = change.after.code
    if "ln" in code and "/bin/sh" in code and "bash" in code:
        return  # `/bin/sh` may be bash
    for stage in change.stages:
        shell = _plain_shell(stage)
        if shell is None:
            continue
        for run in stage.runs:
            if run.script.dialect != "sh" or not run.is_read or run.deferred:
                continue
            found = _bash_syntax(run)
            if found is not None and not (shell == "busybox" and found in _KNOWN_TO_ASH):
                yield _problem(stage, run, found, shell)


def _plain_shell(stage: Stage) -> str | None:
    """Return what `/bin/sh` is: `dash` (Debian, Ubuntu) or `busybox` (Alpine); `None` where it may be bash."""
    return {"debian": "dash", "ubuntu": "dash", "alpine": "busybox"}.get(stage.runtime.distribution or "")


def _bash_syntax(run: Run) -> str | None:
    code = run.instruction.value
    for command in run.commands:
        if command.name in _BASH_ONLY and not command.nested and (command.name != "source" or command.args):
            return command.name
    if run.instruction.heredocs or not any(mark in code for mark in ("[[", "<<<", "<(", "=(", "&>")):
        return None
    bare = re.sub(r"'[^']*'|\"(?:[^\"\\]|\\.)*\"", "''", code)
    if re.search(r"\b(?:ba|z|k)sh\b", bare):
        return None
    return next((name for pattern, name in _FOUND if pattern.search(bare)), None)


def _problem(stage: Stage, run: Run, found: str, shell: str) -> Problem:
    plain = run.shell.origin in (Origin.ABSENT, Origin.UNKNOWN)
    line = 'SHELL ["/bin/bash", "-c"]'
    fix = Fix("Run it under bash", (insert_line_before(run.instruction, line),)) if plain and shell == "dash" else None
    fails = "is an error" if found in _BASH_ONLY or found == "an array" else "is an error or means something else"
    return Problem(
        run.instruction.span,
        f"{stage.label} uses `{found}`, which only bash understands; `/bin/sh` is {shell} here, where it {fails}. "
        f"{f'Put `{line}` above it' if shell == 'dash' else 'Install bash and say so with `SHELL`'}, or write it for "
        "a plain shell.",
        Confidence.LIKELY,
        doubt="the base image's `/bin/sh` may be another shell than is usual there",
        stage=stage.key,
        key=found,
        fix=fix,
    )
