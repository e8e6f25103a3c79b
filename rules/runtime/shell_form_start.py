"""See shell_form_start.md."""

import dataclasses
from collections.abc import Iterator

from rules.api import (
    Category,
    Confidence,
    DockerfileChange,
    Fix,
    Image,
    Origin,
    Problem,
    Setting,
    Severity,
    Stage,
    Start,
    is_development_name,
    quote,
    replace,
    rule,
)
from rules.base_image.built_here import base_built_here
from rules.runtime.scripts.wrapped import Wrapped, wrapped_script
from rules.runtime.signals.making_way import (
    BESIDE,
    IDLE,
    SOMEHOW,
    Called,
    of_runner,
    script_at_end,
    way_out,
)
from rules.runtime.signals.short_lived import HANDLES_SIGNALS, gains_nothing
from rules.runtime.signals.unhandled import beside_way_out
from rules.runtime.starts.instructions import Written, gets_an_init, is_script_entrypoint
from rules.runtime.starts.scripts import StartScript, start_script
from rules.runtime.starts.shell_with_code import MAKES_WAY, shell_with_code
from rules.runtime.starts.text import (
    direct_start,
    is_plain,
    json_array,
    makes_way,
    repeated_words,
    runs_first_argument,
    shell_commands,
    stays,
    way_made,
)
from rules.user.root.docker_actions import is_action

_UNKNOWN_BASE = "the base image is not known, and may have an `ENTRYPOINT` or a shell that makes way"


@rule(
    "shell-form-start",
    severity=Severity.WARNING,
    category=Category.RELIABILITY,
    keywords=("CMD", "ENTRYPOINT"),
    aliases=("DL3025", "JSONArgsRecommended", "S7019"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """The container starts through a shell, which keeps SIGTERM from the program."""
    for stage in change.after.shipped:
        if stage.runtime.is_windows or is_development_name(stage.name) or is_action(change):
            continue
        if stage.image.shell.origin not in (Origin.ABSENT, Origin.UNKNOWN):
            continue
        for setting in (stage.image.entrypoint, stage.image.cmd):
            yield from shell_with_code(change, stage, setting)
            found = _found(change, stage, setting)
            if found is not None:
                yield dataclasses.replace(found, held_before=_held_before(change, stage, found))


def _found(change: DockerfileChange, stage: Stage, setting: Setting[Start]) -> Problem | None:
    """Say what is wrong with one of a stage's start commands; `None` where nothing is."""
    image, start = stage.image, setting.value
    if start is None or start.form != "shell" or start.instruction is None or not start.words[0].strip():
        return None
    if setting is image.cmd and _is_ignored(change, stage):
        return None
    below = _start_script(change, stage) if setting is image.cmd else None
    if setting is image.cmd and (_is_under_init(image.entrypoint.value) or _leaves_to_init(below)):
        return None
    program = _program_above(image) if setting is image.cmd else None
    if program is not None:
        return _as_arguments(stage, start, program)
    if gets_an_init(change) or _is_harmless(start) or (_is_fixed(stage) and makes_way(stage, start)):
        return None
    written = Written(stage, setting, start, start.instruction)
    script = wrapped_script(change, written)
    found = _makes_way(stage, start, script) if makes_way(stage, start) else _problem(change, written, script)
    own = setting is image.cmd and image.entrypoint.set_in_file and is_script_entrypoint(stage)
    unread = own and below is None
    return _less_sure(found) if unread and found is not None else found


def _held_before(change: DockerfileChange, stage: Stage, found: Problem) -> bool:
    """Whether the stage started through a shell before, by whatever instruction, and no less would have been said."""
    was = change.was(stage)
    if was is None or found.severity is Severity.ERROR or was.image.shell.origin not in (Origin.ABSENT, Origin.UNKNOWN):
        return False
    then = (_found(change, was, setting) for setting in (was.image.cmd, was.image.entrypoint))
    return any(one is not None and one.severity in (found.severity, None) for one in then)


def _program_above(image: Image) -> str | None:
    """Return the program of the ENTRYPOINT that gets a CMD in shell form for its arguments, and cannot use them."""
    entrypoint = image.entrypoint.value
    exec_form = entrypoint is not None and entrypoint.form == "exec"
    return runs_first_argument(entrypoint.words) if entrypoint is not None and exec_form else None


def _as_arguments(stage: Stage, start: Start, program: str) -> Problem:
    """Speak of `ENTRYPOINT ["python"]` above `CMD app.py`, which runs `python /bin/sh -c app.py`."""
    assert start.instruction is not None
    entrypoint = stage.image.entrypoint.value
    assert entrypoint is not None
    words = tuple(start.text.split()) if is_plain(start.text) else ()
    words = words[repeated_words(entrypoint.words, words) :]
    edit = replace(start.instruction.source, start.instruction.value_span, json_array(words))
    plain = bool(words) and start.instruction.trigger is None and start.instruction.line == start.instruction.end_line
    from_base = stage.image.entrypoint.origin is Origin.BASE
    return Problem(
        start.instruction.span,
        f"{stage.label} starts {quote(' '.join((*entrypoint.words, '/bin/sh', '-c')))} with "
        f"{quote(_on_one_line(start), 60)} behind it: a `CMD` in shell form goes to the `ENTRYPOINT` as "
        f"arguments. {quote(program.rsplit('/', 1)[-1])} takes `/bin/sh` for what it is to run, and the container "
        "exits. Use the JSON form.",
        Confidence.LIKELY if from_base else Confidence.CERTAIN,
        doubt="the entrypoint is that of the tags that are known of the base image",
        stage=stage.key,
        fix=Fix("Hand the words over one by one", (edit,)) if plain else None,
        severity=Severity.ERROR,
    )


def _is_under_init(entrypoint: Start | None) -> bool:
    """Whether an init is process 1 that tells the whole group of processes: dumb-init, `tini -g`."""
    if entrypoint is None or entrypoint.form != "exec":
        return False
    name = entrypoint.program.rsplit("/", 1)[-1]
    return name == "dumb-init" or (name == "tini" and "-g" in entrypoint.words)


def _is_ignored(change: DockerfileChange, stage: Stage) -> bool:
    """Whether an ENTRYPOINT in shell form ignores CMD, or one of a base that another Dockerfile here makes may."""
    entrypoint = stage.image.entrypoint
    base = base_built_here(change, stage) if not entrypoint.known else None
    shell = entrypoint.value is not None and entrypoint.value.form == "shell"
    return shell or (base is not None and bool(base.entrypoint))


def _start_script(change: DockerfileChange, stage: Stage) -> StartScript | None:
    """Return the script of an ENTRYPOINT in exec form, where it was read."""
    entrypoint = stage.image.entrypoint
    start, instruction = entrypoint.value, entrypoint.instruction
    if start is None or instruction is None or start.form != "exec":
        return None
    return start_script(change, Written(stage, entrypoint, start, instruction))


def _leaves_to_init(script: StartScript | None) -> bool:
    """Whether a script makes way for such an init: `exec dumb-init "$@"`."""
    if script is None or script.shell is None:
        return False
    return any(
        "exec" in command.wrappers
        and not command.conditional
        and ("dumb-init" in command.wrappers or ("tini" in command.wrappers and command.has("-g")))
        for command in script.parsed.commands
    )


def _less_sure(problem: Problem) -> Problem:
    """Leave open what a script does that was not read."""
    if problem.confidence is not Confidence.CERTAIN:
        return problem
    doubt = "the script of the `ENTRYPOINT` was not read, and may bring an init"
    return dataclasses.replace(problem, confidence=Confidence.LIKELY, doubt=doubt)


def _is_harmless(start: Start) -> bool:
    """Whether the shell makes way (`exec`), or something below it passes signals on, or it only looks like JSON.

    So it is too where nothing runs that could lose anything: `sleep infinity`, which as process 1 hears no more.
    """
    text = start.text.lstrip()
    if text.startswith(("[", "exec ")) or not start.commands:
        return True
    if len(start.commands) == 1 and start.commands[0].name in IDLE:
        return True
    outer = [command for command in start.commands if not command.nested]
    return (
        any(gains_nothing(one[-1]) for one in (start.commands, outer) if one)
        or start.commands[0].name in HANDLES_SIGNALS
    )


def _on_one_line(start: Start) -> str:
    return " ".join(start.text.split())


def _is_fixed(stage: Stage) -> bool:
    """Whether a digest holds the base image, and with it the shell that makes way."""
    return "@sha256:" in (stage.root.base_text or "")


def _makes_way(stage: Stage, start: Start, script: Wrapped | None) -> Problem | None:
    assert start.instruction is not None
    if script is not None and (script.keeps_shell or script.lacks_interpreter):
        return None  # SIGTERM arrives at the script, whose own shell decides
    repair = _fix(start)
    return Problem(
        start.instruction.span,
        f"{stage.label} starts {quote(_on_one_line(start))} through `/bin/sh -c`. {way_made(stage, start)} arrives; "
        "under a Debian base it does not. "
        f"{'The JSON form needs' if repair else '`exec` in front of it needs'} no luck.",
        Confidence.POSSIBLE,
        stage=stage.key,
        key=MAKES_WAY,
        fix=repair,
        severity=Severity.INFO,
    )


def _problem(change: DockerfileChange, found: Written, script: Wrapped | None) -> Problem:
    stage, _, start, instruction = found
    called = script_at_end(change, found)
    keyword = instruction.keyword
    wakes_cmd = keyword == "ENTRYPOINT" and bool(stage.image.cmd.value)  # which the exec form takes for its arguments
    fix = _fix(start) if not wakes_cmd else None
    besides = script.way_out if script is not None else ""
    known_to_stay = stays(stage, start)
    is_open = called is not None and called.is_open
    shell = "The shell" if known_to_stay else "Unless that shell makes way by itself, as some do, it"
    return Problem(
        instruction.span,
        f"{stage.label} starts {quote(_on_one_line(start))} through `/bin/sh -c`. {shell} is process 1 and does not "
        f"pass SIGTERM on. `docker stop` then waits ten seconds and kills the program. "
        f"{_way_out(start, fix, called)}{besides}.{_init_besides(change, found, called)}",
        Confidence.CERTAIN if stage.base_known and known_to_stay and not is_open else Confidence.LIKELY,
        doubt="the script at the end was not read through, and may keep SIGTERM from the program as well"
        if is_open
        else _UNKNOWN_BASE
        if keyword == "CMD" and not stage.image.entrypoint.known
        else "which shell the base image has, and of which version, is not known",
        stage=stage.key,
        fix=fix if not besides else None,
        untold=script is not None and script.is_job,
    )


def _init_besides(change: DockerfileChange, found: Written, called: Called | None) -> str:
    """Say what the program needs where it becomes process 1; nothing of what a script starts, or runs beside others."""
    commands = shell_commands(found.start)
    as_arguments = found.setting is found.stage.image.cmd and found.stage.image.entrypoint.set_in_file
    if called is not None or as_arguments or not commands or way_out(found.start) in (BESIDE, SOMEHOW):
        return ""
    return beside_way_out(change, found.stage, commands[-1])


def _way_out(start: Start, fix: Fix | None, called: Called | None) -> str:
    """Say what lets SIGTERM through, in the script at the end as well."""
    last = start.commands[-1] if start.commands else None
    if fix is not None:
        needs_shell = (direct_start(start) or "").startswith('["sh", "-c"')
        return f"{'Begin the last command with `exec`' if needs_shell else 'Use the JSON form'}{of_runner(last)}"
    here = way_out(start)
    if called is None or called.script is None or called.line is None or here == BESIDE:
        return here
    line = called.line
    there = f"line {line.line} of {quote(called.script.path)}"
    return f"{here}, and see to {there} as well: {quote(str(line), 60)} runs there without it"


def _fix(start: Start) -> Fix | None:
    """The JSON form when no word needs the shell; else the same shell that makes way for its last command."""
    instruction = start.instruction
    assert instruction is not None
    text = direct_start(start)
    if start.commands and of_runner(start.commands[-1]):
        return None  # it would take the shell away, and leave what passes nothing on either
    if text is None or instruction.trigger is not None or instruction.line != instruction.end_line:
        return None
    return Fix(
        "Start the program without a shell around it", (replace(instruction.source, instruction.value_span, text),)
    )
