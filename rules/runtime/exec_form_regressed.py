"""See exec_form_regressed.md."""

import dataclasses
import posixpath
from collections.abc import Iterator

from rules.api import (
    Category,
    Command,
    Confidence,
    DockerfileChange,
    Fix,
    Note,
    Problem,
    Setting,
    Severity,
    Stage,
    Start,
    fix,
    is_development_name,
    quote,
    replace,
    rule,
)
from rules.runtime.lost.inits import LostInit, lost_init
from rules.runtime.signals.making_way import BESIDE, HANDS_ON, way_out
from rules.runtime.starts.instructions import SHELLS, awaits_code, gets_an_init, reads_code
from rules.runtime.starts.text import direct_start, is_plain, json_array, makes_way, shell_commands, stays, way_made


@rule(
    "exec-form-regressed",
    severity=Severity.WARNING,
    category=Category.RELIABILITY,
    compares=True,
    keywords=("CMD", "ENTRYPOINT"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """The change puts a shell around the start command, or takes away what passed signals on."""
    for stage, was in change.shipped():
        if was is None or stage.runtime.is_windows:
            continue
        pairs = ((stage.image.entrypoint, was.image.entrypoint), (stage.image.cmd, was.image.cmd))
        for now, then in pairs:
            found = (
                _shell_added(stage, now, then)
                or _exec_gone(stage, now, then)
                or _wrapped(stage, now, then)
                or _deaf(stage, now, then)
            )
            if found is not None:
                yield found
        init = None if gets_an_init(change) else lost_init(change, stage, was)
        if init is not None:
            yield _without_init(stage, was, init)


def _starts(now: Setting[Start], then: Setting[Start]) -> tuple[Start, Start] | None:
    if now.instruction is None or then.instruction is None or not now.value or not then.value:
        return None
    return None if now.value.words == then.value.words else (now.value, then.value)


def _shell_added(stage: Stage, now: Setting[Start], then: Setting[Start]) -> Problem | None:
    starts = _starts(now, then)
    if starts is None or starts[1].form != "exec" or reads_code(starts[1].words):
        return None
    start = starts[0]
    if start.form == "exec" or start.text.startswith(("[", "exec ")) or _execs(start):
        return None
    if start.text.rsplit("/", 1)[-1] in ("usage", "help") or _is_of_bash(stage, start):
        return None  # it prints something and ends, or bash becomes the one command that it is given
    what = "which the change takes from the JSON form into the shell form"
    if makes_way(stage, start):
        luck = f"{way_made(stage, start)} still arrives; under a Debian base it would not"
        return _problem(stage, start, starts[1], what, luck, _fix(start), Confidence.POSSIBLE)
    shell = "The shell" if stays(stage, start) else "Unless the shell makes way by itself, it"
    return _problem(
        stage,
        start,
        starts[1],
        what,
        f"{shell} becomes process 1 and keeps SIGTERM from the program, so that `docker stop` waits ten seconds and "
        "kills it",
        _fix(start),
        way_out="keep that form" if is_plain(start.text) else _in_front(start),
    )


def _is_of_bash(stage: Stage, start: Start) -> bool:
    shell = stage.image.shell.value or ("",)
    return posixpath.basename(shell[0]) == "bash" and len(shell_commands(start)) == 1


def _in_front(start: Start) -> str:
    """Say how a line that needs its shell gets that out of the way, where that can be said in a few words."""
    hint = f"say {HANDS_ON}" if _drops_arguments(start) else way_out(start)
    if hint == BESIDE:
        several = len(shell_commands(start)) > 1
        return f"{hint[:1].lower()}{hint[1:]}" if several else "keep that form"
    return f"keep that form or, where the shell is needed, {hint[:1].lower()}{hint[1:]}"


def _exec_gone(stage: Stage, now: Setting[Start], then: Setting[Start]) -> Problem | None:
    starts = _starts(now, then)
    if starts is None or not _execs(starts[1]) or _execs(starts[0]) or makes_way(stage, starts[0]):
        return None
    start = starts[0]
    if start.form == "exec" and not reads_code(start.words):
        return None
    if not start.commands or start.commands[-1].name != starts[1].commands[-1].name:
        return None
    return _problem(
        stage,
        start,
        starts[1],
        "from which the change takes `exec` away",
        "The shell stays in front of the program as process 1 and keeps SIGTERM to itself",
        None,
    )


def _wrapped(stage: Stage, now: Setting[Start], then: Setting[Start]) -> Problem | None:
    """The program was started directly, and is now one of the commands given to `sh -c`."""
    starts = _starts(now, then)
    if starts is None or any(start.form != "exec" for start in starts) or reads_code(starts[1].words):
        return None
    start, commands = starts[0], shell_commands(starts[0])
    if not reads_code(start.words) or not commands or _execs(start) or is_development_name(stage.name):
        return None
    shell = posixpath.basename(start.words[0])
    if shell in SHELLS and (among := _among(commands, starts[1])) is not None:
        return _waited_for(stage, starts, shell, among)
    last = commands[-1]
    if shell not in SHELLS or last.name != starts[1].program or last.conditional or last.after:
        return None
    if len(commands) == 1 and (shell == "bash" or makes_way(stage, start)):
        return None
    program = last.called or last.name
    return _problem(
        stage,
        start,
        starts[1],
        f"in which the change puts {quote(f'{shell} -c')} in front of {quote(last.name)}",
        f"The shell stays process 1 and keeps SIGTERM from {quote(last.name)}, so that `docker stop` waits ten seconds "
        "and kills it",
        None,
        Confidence.LIKELY,
        f"say {HANDS_ON if _drops_arguments(start) else quote(f'exec {program}')} there",
    )


def _among(commands: tuple[Command, ...], then: Start) -> Command | None:
    """Return the command that was the whole start before, where another one follows it and the shell waits for it."""
    words = list(then.words)
    if any(command.name in ("trap", "wait") for command in commands):
        return None
    found = (one for one in commands[:-1] if [one.name, *(word.value for word in one.args)] == words)
    return next((one for one in found if one.after in (";", "&&", "||", "|") and not one.conditional), None)


def _waited_for(stage: Stage, starts: tuple[Start, Start], shell: str, command: Command) -> Problem:
    name = quote(command.name)
    return _problem(
        stage,
        *starts,
        f"in which the change makes {name} one of the commands of {quote(f'{shell} -c')}",
        f"The shell stays process 1 to run what follows and keeps SIGTERM from {name}, so that `docker stop` waits ten "
        "seconds and kills it",
        None,
        Confidence.LIKELY,
    )


def _deaf(stage: Stage, now: Setting[Start], then: Setting[Start]) -> Problem | None:
    """A shell that makes way for the program comes in front of it, and drops what the container is given."""
    starts = _starts(now, then)
    if starts is None or starts[1].form != "exec" or reads_code(starts[1].words) or not _drops_arguments(starts[0]):
        return None
    start, commands = starts[0], shell_commands(starts[0])
    if not commands or not _execs(start) or commands[-1].name != starts[1].program or is_development_name(stage.name):
        return None
    what = f"which puts a shell in front of {quote(commands[-1].name)}"
    # servers are seldom given any
    return _problem(stage, start, starts[1], what, "", None, Confidence.POSSIBLE, f"say {HANDS_ON} there")


def _drops_arguments(start: Start) -> bool:
    """Whether an ENTRYPOINT is a shell with code that does not read what the container is given."""
    if start.instruction is None or start.instruction.keyword != "ENTRYPOINT":
        return False
    has_code = start.form != "exec" or (reads_code(start.words) and not awaits_code(start.words))
    return has_code and not start.reads_arguments


def _execs(start: Start) -> bool:
    return bool(start.commands) and "exec" in start.commands[-1].wrappers


def _without_init(stage: Stage, was: Stage, lost: LostInit) -> Problem:
    what = f"from which the change takes {quote(lost.name)} away"
    gone = was.packages.has(lost.name) and not stage.packages.has(lost.name)
    back = f"keep that form, and the install of {quote(lost.name)}" if gone else "keep that form"
    told = _problem(stage, lost.start, lost.old, what, lost.consequence, None, lost.confidence, back)
    return dataclasses.replace(told, doubt=lost.doubt)


def _problem(
    stage: Stage,
    now: Start,
    then: Start,
    what: str,
    consequence: str,
    repair: Fix | None,
    confidence: Confidence = Confidence.CERTAIN,
    way_out: str = "keep that form",
) -> Problem:
    assert now.instruction is not None
    told = [f"{stage.label} starts {quote(now.text)}, {what}", *([consequence] if consequence else [])]
    if _drops_arguments(now) and not _drops_arguments(then):
        told.append("What stands behind the image's name in `docker run`, and in `args` of Kubernetes, is dropped now")
    return Problem(
        now.instruction.span,
        f"{'. '.join(told)}. It was {_written(then)}; {way_out}.",
        confidence,
        doubt="the container may be started with an init of its own",
        stage=stage.key,
        notes=(Note(then.instruction.span, "as it was", before=True),) if then.instruction is not None else (),
        fix=repair,
        key=now.instruction.keyword,
    )


def _written(start: Start) -> str:
    return quote(str(start.instruction)) if start.instruction is not None else f"the base image's {quote(start.text)}"


def _fix(start: Start) -> Fix | None:
    instruction = start.instruction
    text = direct_start(start)
    if instruction is None or text is None or "\n" in instruction.text:
        return None
    if _drops_arguments(start) and not is_plain(start.text):
        text = json_array(["sh", "-c", f'exec {start.text} "$@"', "sh"])
    return fix("Start the program without a shell around it", replace(instruction.source, instruction.value_span, text))
