"""See bash_syntax_under_sh.md."""

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

from rules.api import (
    Category,
    Confidence,
    Construct,
    DockerfileChange,
    Fix,
    Instruction,
    Note,
    Origin,
    Problem,
    Run,
    Severity,
    Source,
    Stage,
    insert_line_before,
    quote,
    rule,
)
from rules.build.shells.bash_constructs import KNOWN_TO_ASH, NAMES, STOPS, SURELY, first_unknown
from rules.build.shells.dialects import reads_otherwise, runs_from
from rules.matching.gathering import named_lines
from rules.quoting import capitalized
from rules.runtime.starts.instructions import Written, behind_init, reads_code, shipped
from rules.runtime.starts.scripts import StartScript, start_script

_RELINKED = re.compile(
    # That a word begins is asked behind its letters, so that the search goes from one such letter to the next.
    r"(?:ln|mv|cp)(?<!\w\w\w)\b[^\n;&|]*[/\s\"]sh(?![\w./-])|dash/sh\b(?<!\wdash/sh)|reconfigure[^\n;&|]*\bdash\b"
)
_ENDS_WITH_THE_RUN = (
    "Under bash, too, what it sets ends with this `RUN`: read it in the `RUN` that needs it, or say with `ENV` what it "
    "sets"
)
_BESIDES = frozenset({"set", "cd", "echo", "true", ":"})
_CHANGES_FILES = ("rm", "rmdir", "unlink", "mv", "chmod", "chown", "chgrp", "truncate", "shred")


@rule(
    "bash-syntax-under-sh",
    severity=Severity.WARNING,
    category=Category.CORRECTNESS,
    keywords=("RUN", "ENTRYPOINT", "CMD"),
    aliases=("DF066",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A RUN uses what only bash understands, under another shell."""
    if _RELINKED.search(change.after.code) is None:  # else `/bin/sh` may be bash
        yield from _in_runs(change)
        yield from _start_scripts(change)


def _in_runs(change: DockerfileChange) -> Iterator[Problem]:
    missed: dict[Instruction, list[tuple[Stage, Run, Construct, str]]] = {}
    for stage in change.stages:
        shell = _plain_shell(stage)
        if shell is None:
            continue
        lost = _lost_shell(change, stage)
        uses = _uses(stage, shell)
        if lost is None:
            mended = False  # by the line above an earlier one, which holds for all below
            for use in uses:
                problem = _problem(*use, shell, None)
                yield replace(problem, fix=None) if mended else problem
                mended |= problem.fix is not None
        else:
            missed.setdefault(lost, []).extend((*use, shell) for use in islice(uses, 1))
    for line, found in missed.items():
        if found:
            yield _lost(line, found)


def _uses(stage: Stage, shell: str) -> Iterator[tuple[Stage, Run, Construct]]:
    """Yield the RUNs of a stage that its shell does not understand, each with the first such construct."""
    for run in stage.runs:
        if run.script.dialect != "sh" or not run.is_read or run.deferred:
            continue
        found = first_unknown(run, shell)
        if found is not None:
            yield stage, run, found


def _lost(line: Instruction, found: list[tuple[Stage, Run, Construct, str]]) -> Problem:
    """Speak once of a `SHELL` that has gone, at the first RUN that needs it; those of further stages are named."""
    problem = _problem(*found[0], line)
    if len(found) == 1:
        return problem
    others = [_problem(*use, line) for use in found[1:]]
    fixes = [one.fix for one in (problem, *others)]
    edits = tuple(edit for fix in fixes if fix is not None for edit in fix.edits)
    whole = Fix("Run them under bash", edits) if all(fixes) else None
    notes = tuple(Note(one.span, "needs it too") for one in others)
    lines = named_lines([str(run.instruction.line) for _, run, _, _ in found[1:]])
    return replace(problem, message=f"{problem.message} The same holds for {lines}.", notes=notes, fix=whole)


def _start_scripts(change: DockerfileChange) -> Iterator[Problem]:
    """Read the repository's start scripts, too: what `#!/bin/sh` means changes with the base image."""
    for found in shipped(change):
        shell, script = _plain_shell(found.stage), start_script(change, found)
        given = script is not None and _is_given_to_sh(found, script)
        if shell is None or script is None or not (given or _asks_for_sh(found, script)):
            continue
        if "bash" in (script.text.partition("\n")[2] if given and script.text.startswith("#!") else script.text):
            continue  # it may look for bash, and go on in that
        kinds = SURELY - (KNOWN_TO_ASH if shell == "busybox" else frozenset())
        constructs = script.read_as("sh").constructs
        construct = next((one for one in constructs if one.kind in kinds and one.dialect == "sh"), None)
        if construct is not None:
            line = Source(script.path, script.text).line_at(construct.start)
            yield _in_script(found, script, construct, line, shell, given=given)


def _asks_for_sh(found: Written, script: StartScript) -> bool:
    """Whether a script is executed by itself, and begins with `#!/bin/sh`."""
    return (script.direct or reads_code(found.start.words)) and script.interpreter in ("sh", "/bin/sh")


def _is_given_to_sh(found: Written, script: StartScript) -> bool:
    """Whether `sh` is told to read a script, to which its first line then is a comment: `sh run.sh`."""
    words = behind_init(found.start.words if found.start.form == "exec" else tuple(found.start.text.split()))
    return not script.direct and words[0] in ("sh", "/bin/sh", "/usr/bin/sh") and not reads_code(words)


def _in_script(
    found: Written, script: StartScript, construct: Construct, line: int, shell: str, *, given: bool
) -> Problem:
    name = NAMES[construct.kind]
    asks = "with `sh`: it" if given else "which asks for `/bin/sh` and"
    way_out = "Start it with `bash`" if given else "Begin it with `#!/bin/bash`"
    return Problem(
        found.instruction.span,
        f"{found.stage.label} starts {quote(script.path)}{' ' if given else ', '}{asks} uses {name} (its line {line}), "
        f"which only bash understands; `/bin/sh` is {shell} here. It stops there, or goes on the other way. {way_out}, "
        "where the image has that, or write it for a plain shell.",
        Confidence.LIKELY,
        doubt="the base image's `/bin/sh` may be another shell than is usual there",
        instruction=found.instruction,
        stage=found.stage.key,
        key=f"{script.path} {construct.kind}",
    )


def _lost_shell(change: DockerfileChange, stage: Stage) -> Instruction | None:
    """Return the `SHELL` that the stage's commands ran under before the change, where none is left."""
    was = change.was(stage)
    settings = [run.shell for run in was.runs[-1:]] if was is not None else []
    if any(run.shell.instruction is not None for run in stage.runs):
        return None
    return next((setting.instruction for setting in settings if setting.instruction is not None), None)


def _plain_shell(stage: Stage) -> str | None:
    """Return what `/bin/sh` is: `dash` (Debian, Ubuntu) or `busybox` (Alpine); `None` where it may be bash."""
    return {"debian": "dash", "ubuntu": "dash", "alpine": "busybox"}.get(stage.runtime.distribution or "")


def _would_change_files(run: Run) -> bool:
    """Whether braces name files that a plain shell passes over, and that bash would delete, move or give away.

    Of files that are not there, `rm -f` says nothing; the others fail, and the build with them unless that is forgiven.
    """
    braces = [one.start for one in run.script.constructs if one.kind == "brace-expansion"]
    found = (c for c in run.calls(*_CHANGES_FILES) if any(c.start <= start < c.end for start in braces))
    return any((c.name == "rm" and c.has("-f", "--force")) or c.after not in ("", "&&") for c in found)


def _only_reads_files(run: Run) -> bool:
    """Whether a RUN does nothing but `source`, so that another shell would mend its fault and not what it is for."""
    return all(command.name in ("source", ".") or command.name in _BESIDES for command in run.commands)


_BASH = 'SHELL ["/bin/bash", "-c"]'


def _changed_by_shell(stage: Stage, run: Run) -> Run | None:
    """Return a RUN below that bash would take for something else than the shell that reads it now."""
    return next((one for one in runs_from(stage, run) if one is not run and reads_otherwise(one)), None)


def _problem(stage: Stage, run: Run, found: Construct, shell: str, lost: Instruction | None) -> Problem:
    name = NAMES[found.kind]
    plain = run.shell.origin in (Origin.ABSENT, Origin.UNKNOWN)
    line = " ".join(str(lost).split()) if lost is not None else _BASH
    way_out, helps = _way_out(stage, run, found, shell, lost)
    fails = "is an error" if found.kind in STOPS else "is an error or means something else"
    if found.kind == "echo-option":
        fails = "writes the option in front of the text"
    edits = (insert_line_before(run.instruction, line),)
    return Problem(
        found.span,
        f"{stage.label} uses {name}, which only bash understands; `/bin/sh` is {shell} here, where it "
        f"{fails}. {way_out}.",
        Confidence.LIKELY,
        doubt="the base image's `/bin/sh` may be another shell than is usual there",
        instruction=run.instruction,
        stage=stage.key,
        key=name.strip("`"),
        decision=f"{stage.key} {found.kind} {way_out}",
        fix=Fix("Run it under bash", edits) if helps and plain and shell == "dash" else None,
    )


def _way_out(stage: Stage, run: Run, found: Construct, shell: str, lost: Instruction | None) -> tuple[str, bool]:
    """Return what to do, without a full stop, and whether a `SHELL` line above would do it."""
    plainly = "use `printf`" if found.kind == "echo-option" else "write it for a plain shell"
    if run.script.shell is not None:
        return f"Hand it to {'`bash`' if shell == 'dash' else 'a bash that is installed'}, or {plainly}", False
    if lost is not None:
        return f"Before this change it ran under `{' '.join(str(lost).split())}`: put that back, or {plainly}", True
    if _would_change_files(run):
        return "Here it finds no such files and does nothing: take it out, or name the files that are meant", False
    if found.kind == "source" and _only_reads_files(run):
        return _ENDS_WITH_THE_RUN, False
    other = _changed_by_shell(stage, run)
    if other is not None:
        changed = f"a `SHELL` of bash would change what line {other.instruction.line} does"
        return f"{capitalized(plainly)}: {changed}", False
    bash = f"Put `{_BASH}` above it" if shell == "dash" else "Install bash and say so with `SHELL`"
    return f"{bash}, or {plainly}", True
