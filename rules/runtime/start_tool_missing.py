"""See start_tool_missing.md."""

import posixpath
from collections.abc import Iterator

from rules.api import (
    Category,
    Confidence,
    DockerfileChange,
    Fix,
    Note,
    Problem,
    Severity,
    Stage,
    quote,
    replace,
    rule,
)
from rules.packages.recommended.xauth import STARTER, cause_of, name_xauth, said_without_xauth, xvfb_without_xauth
from rules.runtime.programs.deleted import deleted_of_node
from rules.runtime.programs.left_behind import left_behind
from rules.runtime.programs.left_installs import left_install
from rules.runtime.programs.misnamed_scripts import misnamed_script
from rules.runtime.programs.project import project_left_out
from rules.runtime.programs.undeclared import undeclared_program
from rules.runtime.scripts.tools import Missing, cause, install, lacking, lacks_program, missing_in_script
from rules.runtime.starts.dotnet import sdk_started
from rules.runtime.starts.instructions import Written, is_executed, is_script_entrypoint, shipped
from rules.runtime.starts.lambda_handlers import handler_without_runtime
from rules.runtime.starts.scripts import note_in


@rule(
    "start-tool-missing",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    keywords=("CMD", "ENTRYPOINT"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """What ships starts a program that nothing puts into the image."""
    for found in shipped(change):
        if not found.stage.base_known or found.stage.runtime.is_windows or not _is_program(found):
            continue
        missing = next((name for name in _programs(found) if _lacks(change, found.stage, name)), None)
        if missing is not None:
            yield _problem(found, missing)
            continue
        misled = next(filter(None, (deleted_of_node(found, name) for name in _programs(found))), None)
        misled = misled or _without_xauth(found) or handler_without_runtime(found) or sdk_started(found)
        if misled is not None:
            yield misled
            continue
        lost = missing_in_script(change, found)
        if lost is not None:
            yield _in_script(found, lost)
            continue
        undeclared = (
            undeclared_program(change, found)
            or left_behind(change, found)
            or left_install(change, found)
            or project_left_out(change, found)
            or misnamed_script(change, found)
        )
        if undeclared is not None:
            yield undeclared


def _without_xauth(found: Written) -> Problem | None:
    """`xvfb-run` in the start command, which finds no `xauth`."""
    words = (*found.start.words[:1], *(name for one in found.start.commands for name in (one.name, *one.wrappers)))
    item = xvfb_without_xauth(found.stage) if STARTER in map(posixpath.basename, words) else None
    if item is None:
        return None
    return Problem(
        found.instruction.span,
        said_without_xauth(found.stage, item, "starts"),
        Confidence.LIKELY,
        doubt="another package may bring it",
        stage=found.stage.key,
        key=STARTER,
        cause=cause_of(item),
        fix=name_xauth(item),
    )


def _in_script(found: Written, lost: Missing) -> Problem:
    stage = found.stage
    starts = f"starts {quote(lost.through)}, which runs" if lost.through else "starts"
    return Problem(
        found.instruction.span,
        f"{stage.label} {starts} {quote(lost.script)}, whose line {lost.span.line} calls {quote(lost.name)}, and that "
        f"is not in the image: {cause(stage, lost)}. {lost.effect}. {install(stage, lost.name)} in this stage.",
        Confidence.LIKELY,
        doubt="a script or a copied folder may bring it",
        stage=stage.key,
        key=f"{lost.script} {lost.name}",
        notes=note_in(lost.script, lost.span, "needed here"),
    )


def _lacks(change: DockerfileChange, stage: Stage, name: str) -> bool:
    """Whether a program is missing: also the shell, which distroless `debug` images have, elsewhere, and in PATH."""
    if name not in ("sh", "/bin/sh", "/usr/bin/sh"):
        return lacks_program(change, stage, name)
    elsewhere = name == "sh" and stage.facts is not None and stage.facts.has_busybox_shell
    return stage.runtime.has_shell is False and not elsewhere


def _is_program(found: Written) -> bool:
    """Whether the first word is executed, as far as that is known."""
    is_cmd = found.instruction.keyword == "CMD"
    return not (is_cmd and _is_behind_made_script(found.stage)) and is_executed(found)


def _is_behind_made_script(stage: Stage) -> bool:
    """Whether the ENTRYPOINT is a script out of another stage, made there to lead PATH to an environment.

    (`pixi shell-hook`, as in prefix-dev/pixi-docker's README.)
    """
    entrypoint = stage.image.entrypoint
    if entrypoint.value is None or not entrypoint.set_in_file or not is_script_entrypoint(stage):
        return False
    return any(put.kind in ("stage", "image") for put in stage.files.at(entrypoint.value.words[-1]))


def _programs(found: Written) -> Iterator[str]:
    """Yield what has to be there for the start to succeed: the first word, and the commands that surely run."""
    if found.start.form == "exec":
        yield found.start.words[0]
    for command in found.start.commands:
        if command.conditional or command.after == "||":
            return
        if command.name and "$" not in command.name:
            yield command.called or command.name


def _problem(found: Written, missing: str) -> Problem:
    stage = found.stage
    name = posixpath.basename(missing)
    other = next((s for s in stage.model.stages if s not in stage.chain and s.runtime.has_tool(name)), None)
    base = quote(stage.root.base_text or "")
    place = stage.facts.off_path(missing) if stage.facts is not None else None
    if place is not None:
        return _off_path(found, missing, place)
    if name == "python" and stage.runtime.has_tool("python3"):
        elsewhere = ", and its packages call it `python3`"
    elif other is not None:
        elsewhere = f"; {other.label}, which has it, is not what it is built from"
    else:
        elsewhere = " and no instruction installs it"
    return Problem(
        found.instruction.span,
        f"{stage.label} starts {quote(missing)}, which is not in the image: {base} does not have it{elsewhere}. The "
        f"container exits with “executable file not found”. {_way_out(stage, name, other)}.",
        Confidence.LIKELY,
        doubt="a script or a copied folder may bring it",
        stage=stage.key,
        key=name,
        cause=lacking(stage, name),
        notes=(Note(other.from_.span, f"{name} is only here"),) if other is not None else (),
        fix=_fix(found, name),
    )


def _off_path(found: Written, name: str, place: str) -> Problem:
    """The program that the base is made for, which lies where `PATH` does not lead."""
    word = next(iter(found.instruction.exec_form or ()), None)
    exact = word is not None and word.text == name
    base = quote(found.stage.root.base_text or "")
    return Problem(
        found.instruction.span,
        f"{found.stage.label} starts {quote(name)}, which `PATH` does not find: {base} has it at {quote(place)} only. "
        f"The container exits with “executable file not found”. Write {quote(place)}.",
        Confidence.LIKELY,
        doubt="a copied folder may bring another one",
        stage=found.stage.key,
        key=name,
        fix=Fix(f"Start {place}", (replace(found.instruction.source, word.span, f'"{place}"'),))
        if exact and word is not None
        else None,
    )


def _fix(found: Written, name: str) -> Fix | None:
    """Call `python` what the image has: `python3`."""
    word = next(iter(found.instruction.exec_form or ()), None)
    if name != "python" or word is None or word.text != name or not found.stage.runtime.has_tool("python3"):
        return None
    return Fix("Start python3", (replace(found.instruction.source, word.span, '"python3"'),))


def _way_out(stage: Stage, name: str, other: Stage | None) -> str:
    if name == "dotnet" and stage.facts is not None and stage.facts.name.endswith("/runtime-deps"):
        return "Start from the image `runtime` or `aspnet` beside it, or publish with `--self-contained true`"
    if other is not None and name in ("uv", "uvx", "poetry", "pipenv", "pdm"):
        return (
            f"Start the program itself from the environment that {quote(name)} made, or install {quote(name)} here too"
        )
    if name == "python" and stage.runtime.has_tool("python3"):
        return "Write `python3`, or install `python-is-python3`"
    if name == "sh":
        return "Start the program itself: the image has no shell"
    if name == "bash" and stage.runtime.has_shell:
        return "Use `sh`, or install `bash`"
    return (
        f"Copy {quote(name)} over, or install it here" if other is not None else f"{install(stage, name)} in this stage"
    )
