"""See entrypoint_script_no_exec.md."""

import posixpath
import re
from collections.abc import Iterator
from dataclasses import replace

from rules.api import (
    Category,
    Command,
    Confidence,
    DockerfileChange,
    Edit,
    Fix,
    Note,
    Problem,
    Severity,
    Source,
    Start,
    quote,
    rule,
)
from rules.quoting import listed
from rules.runtime.signals.kept_programs import serves_in_branch, stays
from rules.runtime.signals.making_way import (
    LastLine,
    execs,
    is_short,
    kept_in_branches,
    kept_in_front,
    line_place,
    of_runner,
    started_word,
)
from rules.runtime.starts.instructions import (
    INITS,
    Written,
    full_words,
    gets_an_init,
    is_bare_init,
    passes_signals,
    shipped,
)
from rules.runtime.starts.scripts import (
    EVERY_ARGUMENT,
    READS_ANOTHER,
    StartScript,
    note_in,
    start_script,
    start_scripts_by_pattern,
)
from rules.runtime.starts.text import json_array
from rules.user.root.docker_actions import is_action

_BRANCHES = 50
"""Branches of a script that are looked at, the last ones: a stranger's script may have thousands."""
_NAMED = 3
"""Further scripts that a sentence names."""

_READS_ARGUMENTS = re.compile(r"\$\{?[@*#1-9]|\bshift\b|\bgetopts\b|\$\{(?:BASH_ARGV|argv)")

_UNSEEN = "the script may read them in a way that was not recognised"


@rule(
    "entrypoint-script-no-exec",
    severity=Severity.WARNING,
    category=Category.RELIABILITY,
    keywords=("ENTRYPOINT", "CMD"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """The start script of the repository keeps its shell in front of the program, or ignores `CMD`."""
    for found in shipped(change):
        if found.stage.runtime.is_windows or is_action(change):
            continue  # an action does its work and ends
        script = start_script(change, found, through_stages=True)
        if script is None:
            if not passes_signals(_words(found)):
                yield from _of_all(change, found, start_scripts_by_pattern(change, found))
        elif script.shell is not None:
            problem = _of_one(change, found, script)
            yield from (problem,) if problem is not None else ()


def _of_one(change: DockerfileChange, found: Written, script: StartScript) -> Problem | None:
    if passes_signals(_words(found)):
        return _behind_init(change, found, script)
    return _swapped(found, script) or _no_exec(change, found, script) or _ignores_arguments(found, script)


def _words(found: Written) -> tuple[str, ...]:
    """What becomes process 1, with its words: a CMD stands behind its ENTRYPOINT, such as `tini --`."""
    return full_words(found) or found.start.words


def _of_all(change: DockerfileChange, found: Written, scripts: tuple[StartScript, ...]) -> Iterator[Problem]:
    """Speak where every script that a variable may choose keeps its shell; of the first, with the others named."""
    problems = [_no_exec(change, found, script) if script.shell is not None else None for script in scripts]
    told = [problem for problem in problems if problem is not None]
    if not told or len(told) < len(problems):
        return
    first, *others = told
    if not others:
        yield first
        return
    names = listed([quote(script.path) for script in scripts[1:]], _NAMED)
    notes = tuple(note for problem in told for note in problem.notes)
    yield replace(first, message=f"{first.message} The same holds for {names}.", notes=notes, fix=None)


def _behind_init(change: DockerfileChange, found: Written, script: StartScript) -> Problem | None:
    """The change takes `exec` away behind an init that tells its own child alone, which is the shell."""
    words = _words(found)
    before = change.repository_before.text(script.path)
    if posixpath.basename(words[0]) not in _TELLS_ITS_CHILD or "-g" in words:
        return None
    if before is None or not _HANDS_OVER.search(before):
        return None
    if "TINI_KILL_PROCESS_GROUP" in found.stage.image.env or kept_in_front(replace(script, text=before)) is not None:
        return None
    return _no_exec(change, found, script)


_HANDS_OVER = re.compile(r"^[ \t]*exec\s", re.MULTILINE)
_TELLS_ITS_CHILD = INITS - {"dumb-init"}
"""Inits that pass a signal to the process that they started, and not to its children as well (tini's `-g`)."""


def _no_exec(change: DockerfileChange, found: Written, script: StartScript) -> Problem | None:
    if _ends_without_arguments(found, script) or gets_an_init(change):
        return None
    branches = kept_in_branches(script)
    if branches:
        return _in_branches(change, found, script, branches)
    line = kept_in_front(script)
    if line is None or (line.command.conditional and line.ends) or not stays(found, line.command):
        return None
    return _problem(found, script, line, _way_out(script.text, line), alone=not line.behind)


_BY_ARGUMENT = re.compile(r"\bcase[ \t]+[\"']?\$\{?1\}?[\"']?[ \t]+in\b")
_OTHERWISE = re.compile(r"(?:^|\s)\*\)([^;]*(?:;[^;]+)*?)(?:;;|\Z)")


def _ends_without_arguments(found: Written, script: StartScript) -> bool:
    """Whether CMD gives the script no argument, and it ends where it has none: `*) echo "Usage: …"; exit 1`.

    An ENTRYPOINT gets its arguments from whoever starts the container.
    """
    words = _words(found)
    if (
        found.instruction.keyword != "CMD"
        or not words
        or posixpath.basename(words[-1]) != posixpath.basename(script.target)
    ):
        return False
    case = _BY_ARGUMENT.search(script.code)
    arms = script.code[case.end() :].partition("esac")[0] if case is not None else ""
    otherwise = _OTHERWISE.search(arms)
    return otherwise is not None and re.search(r"\bexit\b", otherwise[1]) is not None


def _in_branches(
    change: DockerfileChange, found: Written, script: StartScript, ends: tuple[Command, ...]
) -> Problem | None:
    """Speak of a branch that serves without `exec`; those of the others that go on are meant as well.

    It is the `else` at the end where that starts a program, and the last that is known to serve else.
    """
    kept = [end for end in ends[-_BRANCHES:] if not execs(end)]
    serving = [end for end in kept if serves_in_branch(change, found, script, end)]
    if not serving:
        return None
    last = ends[-1] if _is_otherwise(script.text, ends) and stays(found, ends[-1]) else serving[-1]
    others = [end for end in kept if end is not last and not is_short(end)]
    known = [end for end in others if end in serving or stays(found, end)]
    way_out = _in_all(script.text, last, others, known, serving)
    return _problem(found, script, LastLine(last, ends=True), f"{way_out}{of_runner(last)}.", alone=not others)


def _is_otherwise(text: str, ends: tuple[Command, ...]) -> bool:
    """Whether the last branch is an `else`, which runs unless something else is asked for, and has no `exec`."""
    above = ends[-2].end if len(ends) > 1 else 0
    return not execs(ends[-1]) and re.search(r"^[ \t]*else\b", text[above : ends[-1].start], re.MULTILINE) is not None


def _in_all(text: str, last: Command, others: list[Command], known: list[Command], serving: list[Command]) -> str:
    """Say where `exec` belongs in a branch, and in the others; behind assignments it is to be said of each."""
    if all(started_word(end)[1] for end in (last, *known)) or not others:
        also = ", and others that go on running," if others else ""
        also = ", and those of the other branches," if len({last, *serving}) > 1 else also
        return line_place(text, last, also)
    named = [f"{quote(started_word(end)[0])} (line {end.line})" for end in known]
    named += ["what else goes on running"] if len(known) < len(others) else []
    return f"{line_place(text, last)}, and put it in front of {listed(named, _NAMED)} too"


def _problem(found: Written, script: StartScript, line: LastLine, way_out: str, *, alone: bool) -> Problem:
    source, last = Source(script.path, script.text), line.command
    plain = alone and not (last.assignments or last.redirects or of_runner(last))
    return Problem(
        found.instruction.span,
        f"{found.stage.label} starts {quote(script.target)}, and line {last.line} of {script.spoken} runs "
        f"{quote(str(last), 60)} without `exec`. {_effect(found)}{_status(line)} {way_out}",
        Confidence.LIKELY,
        doubt="how long that command runs is not known",
        stage=found.stage.key,
        notes=note_in(script.path, last.span, "this line"),
        key=script.path,
        fix=Fix("Let the shell make way", (Edit(source.span(last.start, last.start), "exec ", path=script.path),))
        if plain and script.copy is not None
        else None,
    )


def _effect(found: Written) -> str:
    if passes_signals(_words(found)):
        init = quote(posixpath.basename(_words(found)[0]))
        return f"{init} tells only the shell of SIGTERM, which ends at once, and the program is killed with it."
    return (
        "The shell stays process 1 and does not pass SIGTERM on, so `docker stop` waits ten seconds and kills the "
        "program."
    )


def _status(line: LastLine) -> str:
    if line.behind in ("", "exit") or line.command.errexit:
        return ""
    return f" The container ends with the status of {quote(line.behind)}, so that a crash looks like success."


def _way_out(text: str, line: LastLine) -> str:
    """Say where `exec` belongs: behind assignments, of which it knows nothing."""
    last = line.command
    if line.behind:
        return "Begin that line with `exec`, and take out what stands behind it."
    return f"{line_place(text, last)}{of_runner(last)}."


def _swapped(found: Written, script: StartScript) -> Problem | None:
    """Speak of an init that CMD names without a program, behind a script that only runs its arguments, or none of them.

    A script that starts its own program behind its arguments (`exec "$@" nginx`) gives the init what it lacks.
    """
    cmd = found.stage.image.cmd
    if found.instruction.keyword != "ENTRYPOINT" or cmd.instruction is None or not is_bare_init(cmd.value):
        return None
    line, reads = kept_in_front(script), _READS_ARGUMENTS.search(script.text) or READS_ANOTHER.search(script.text)
    runs_them = line is not None and line.command.name in EVERY_ARGUMENT and not line.command.args
    if cmd.value is None or (reads and not runs_them) or (line is not None and not reads):
        return None
    init, *options = cmd.value.words
    what = "runs it without a program, so that it ends at once" if runs_them else "does not read its arguments"
    front, behind = (posixpath.basename(init), *options), found.start.words
    entrypoint = quote(f"ENTRYPOINT {json_array((*front, *behind) if runs_them else front)}")
    rest = "the program in `CMD`" if runs_them else quote(f"CMD {json_array(behind)}")
    return Problem(
        cmd.instruction.span,
        f"`CMD` of {found.stage.label} is an init alone, {quote(cmd.value.text)}, and {quote(script.path)}, the "
        f"`ENTRYPOINT` in front of it, {what}. The init belongs in front: "
        f"{entrypoint}, and {rest}.",
        Confidence.LIKELY,
        doubt="each start of the container may name a program" if runs_them else _UNSEEN,
        stage=found.stage.key,
        notes=(Note(found.instruction.span, "the ENTRYPOINT"),),
        key=f"{script.path} arguments",
    )


def _ignores_arguments(found: Written, script: StartScript) -> Problem | None:
    cmd = found.stage.image.cmd
    if found.instruction.keyword != "ENTRYPOINT" or not cmd.set_in_file or not cmd.value or cmd.instruction is None:
        return None
    if _READS_ARGUMENTS.search(script.text) or READS_ANOTHER.search(script.text):
        return None
    return Problem(
        cmd.instruction.span,
        f"`CMD` of {found.stage.label} never runs: {quote(script.path)}, the `ENTRYPOINT` in front of it, does "
        f"not read its arguments. {quote(cmd.value.text)} and whatever is given to `docker run` are dropped. "
        f"{_how_to_read(cmd.value)}, or take the `CMD` out.",
        Confidence.LIKELY,
        doubt=_UNSEEN,
        stage=found.stage.key,
        notes=(Note(found.instruction.span, "the ENTRYPOINT"),),
        key=f"{script.path} arguments",
    )


def _how_to_read(cmd: Start) -> str:
    """Say where the arguments belong: options are none to execute, but some program's."""
    if cmd.words and cmd.words[0].startswith("-"):
        return 'Write `"$@"` behind the program that the script starts'
    return 'End the script with `exec "$@"`'
