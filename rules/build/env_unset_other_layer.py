"""See env_unset_other_layer.md."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from rules.api import (
    Category,
    Command,
    DockerfileChange,
    Note,
    Problem,
    Run,
    Severity,
    Span,
    Variable,
    delete_command,
    fix,
    quote,
    rule,
)
from rules.build.shells.profiles_read import nothing_left, read_alone
from rules.build.variables.environment_readers import readers_of, reads
from rules.build.variables.kept import never_run, not_run, set_below, way_out
from rules.build.variables.of_base import is_set_by_base
from rules.quoting import listed

_SHELLS_OWN = frozenset({"PATH", "HOME", "PWD", "USER", "SHELL", "TERM", "LANG", "IFS", "HOSTNAME"})
"""Variables that every shell, or every container, has a value of."""

_EVERYWHERE = frozenset(
    "apk apt-get cat cd chmod chown cp curl echo export find grep ln ls mkdir mv printf rm sed set tar test touch "
    "wget".split()
)
"""Programs that no added folder of PATH is needed for."""

_TELLING = frozenset({"[", "[[", "test", "echo", "printf", ":", "true", "set"})
_SETS = re.compile(r"^\s*(?:\w+=|(?:case|if|for|while|set)\b)", re.MULTILINE)
"""How a line of a script begins that may do nothing but set variables."""


@rule(
    "env-unset-other-layer",
    severity=Severity.INFO,
    category=Category.CORRECTNESS,
    keywords=("RUN",),
    mentions=("=", "export", "unset", "source", ". "),
    aliases=("S6581",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A RUN ends by setting or unsetting a variable, which nothing after it sees."""
    for stage in change.stages:
        for run in stage.runs:
            names, settings = _last_changes(run), read_alone(run)
            if settings is not None:
                yield nothing_left(run, settings)
            elif names:
                yield _changed(change, run, names)
            elif _exports_what_a_command_says(run):
                yield _unnamed(run)
            elif _SETS.search(run.instruction.whole_value):
                yield from _lost(run)


class _Missing(NamedTuple):
    """What comes of it that a variable is gone, as a sentence, how much that weighs, and the place that misses it."""

    then: str = ""
    severity: Severity | None = None
    at: Span | None = None


def _changed(change: DockerfileChange, run: Run, names: list[str]) -> Problem:
    """Speak of a RUN that ends with `export` or `unset`, and of what misses it."""
    last = _last(run)
    verb = last.name
    program = never_run(run, last)
    missing = _missing(change, run, names) if verb == "export" else _Missing()
    below = set_below(run, names) if verb == "export" and not missing.then else None
    whole = below is not None and len(names) == len(last.args)
    so = not_run(program, names) if program else below or way_out(verb, names, last)
    return Problem(
        last.span,
        f"{_afterwards(run, names)} after this `RUN`: `{verb}` ends with the shell that runs it.{missing.then} {so}.",
        stage=run.stage.key,
        key=" ".join(names),
        severity=missing.severity,
        notes=(Note(missing.at, "read here"),) if missing.at is not None else (),
        decision="" if whole else f"{verb} {' '.join(names)} {missing.severity} {so}",
        fix=fix("Take it out", delete_command(run, last)) if whole else None,
    )


def _missing(change: DockerfileChange, run: Run, names: list[str]) -> _Missing:
    """Say what later needs one of the exported variables: a command that needs PATH, a script, or a program."""
    behind = _ran_behind(change, run) if "PATH" in names else None
    if behind is not None:
        text = quote(str(behind), 40)
        then = f" {text} on line {behind.line} ran behind it before the change, and has the old one now."
        return _Missing(then, Severity.ERROR)
    named = [name for name in names if name not in _SHELLS_OWN and run.scope.get(name) is None]
    missing = [one for name in named if (one := _missed_by(run, name)) is not None]
    reader = next((one for one in missing if isinstance(one, Run)), None)
    if reader is not None:
        place = reader.instruction
        return _Missing(f" The `RUN` at line {place.line} finds it empty.", Severity.ERROR, place.span)
    program = next((one for one in missing if isinstance(one, Command)), None)
    if program is None:
        return _Missing()
    then = f" {quote(str(program), 40)} on line {program.line} runs without it."
    return _Missing(then, Severity.WARNING, program.span)


def _afterwards(run: Run, names: list[str]) -> str:
    """Say of each variable whether it has a value when the RUN is over."""
    unset = _last(run).name == "unset"
    kept = [name for name in names if unset or _has_value(run, name)]
    gone = [name for name in names if name not in kept]
    said = [
        f"{listed(map(quote, some), None)} {one if len(some) == 1 else more}"
        for some, one, more in ((gone, "is not set", "are not set"), (kept, "keeps its value", "keep their values"))
        if some
    ]
    return ", and ".join(said)


def _exports_what_a_command_says(run: Run) -> bool:
    """Whether a RUN ends with `export $(cat …)`, as it is written to read a file of variables."""
    if "export" not in run.instruction.whole_value or not run.commands:
        return False
    last = _last(run)
    said = [word.text.startswith(("$(", "`")) for word in last.args]
    return last.name == "export" and bool(said) and all(said) and not last.conditional and not last.redirects


def _unnamed(run: Run) -> Problem:
    last = _last(run)
    return Problem(
        last.span,
        f"What {quote(str(last), 60)} sets is gone after this `RUN`: `export` ends with the shell that runs it. "
        "Read it in the RUN that needs it.",
        stage=run.stage.key,
    )


def _ran_behind(change: DockerfileChange, run: Run) -> Command | None:
    """Return a command of a later RUN that stood behind this `export` before the change."""
    was = change.was(run.stage)
    found = str(_last(run))
    behind = {str(command) for old in (was.runs if was is not None else ()) for command in _behind(old, found)}
    later = (command for one in run.stage.runs if one.index > run.index for command in one.commands)
    return next((command for command in later if behind and str(command) in behind), None)


def _behind(run: Run, found: str) -> Iterator[Command]:
    """Yield the commands behind the one of this text that a RUN calls by a bare name."""
    start = next((command.start for command in run.commands if str(command) == found), None)
    for command in run.commands if start is not None else ():
        program = command.called
        if command.start > (start or 0) and program and "/" not in program and command.name not in _EVERYWHERE:
            yield command


def _lost(run: Run) -> Iterator[Problem]:
    """A variable that a RUN does nothing but set, and that a later RUN reads, or a program in it."""
    own = [command for command in run.commands if not command.nested]
    setting = [command for command in own if _only_sets(command)]
    if not setting or not run.is_read or not all(_only_sets(command) or _tells(command) for command in own):
        return
    for name, value in dict(pair for command in setting for pair in command.assignments).items():
        held = run.scope.get(name)
        if name in _SHELLS_OWN or (held is not None and not _differs(run, held, value.value)):
            continue
        missing = _missed_by(run, name)
        if isinstance(missing, Run):
            finds = "finds it empty" if held is None else f"has what `{held.kind.upper()}` gives it"
            misses, at = f"the `RUN` at line {missing.instruction.line} {finds}", missing.instruction.span
            so = "Set it in the `RUN` that reads it"
        elif missing is not None:
            misses, at = f"{quote(str(missing), 40)} on line {missing.line} runs without it", missing.span
            so = way_out("export", [name], setting[0])
        else:
            continue
        now = "is not set after this `RUN`: it" if held is None else "keeps its value: what this `RUN` sets"
        yield Problem(
            setting[0].span,
            f"{quote(name)} {now} ends with the shell that runs it, and {misses}. {so}.",
            stage=run.stage.key,
            notes=(Note(at, "read here"),),
            key=name,
            severity=Severity.WARNING if isinstance(missing, Command) else None,
        )
        return


def _only_sets(command: Command) -> bool:
    return not command.name and bool(command.assignments)


def _tells(command: Command) -> bool:
    """Whether a command beside the setting of a variable does nothing but ask and tell, and writes no file."""
    return command.name in _TELLING and not any(one.operator in (">", ">>") for one in command.redirects)


def _differs(run: Run, held: Variable, value: str) -> bool:
    """Whether a RUN may give a variable another value than an instruction of the file gave it."""
    if held.instruction is None:
        return False
    return not isinstance(held.value, str) or held.value not in (value, run.scope.expand(value))


def _missed_by(run: Run, name: str) -> Run | Command | None:
    """Return what misses a variable behind a RUN: a RUN that reads it; where nothing else sets it, a program in one."""
    reader = _reader(run, name)
    return _program(run, name) if reader is None and run.scope.get(name) is None else reader


def _program(run: Run, name: str) -> Command | None:
    """Return the first command of a later RUN that looks for a variable in its environment, and is not given it."""
    if not readers_of(name) or is_set_by_base(run.stage, name):
        return None
    later = (one for one in run.stage.runs if one.index > run.index and one.is_read and one.scope.get(name) is None)
    quiet = (one for one in later if re.search(rf"\b{name}\b", one.instruction.whole_value) is None)
    return next((command for one in quiet for command in one.commands if reads(command, name)), None)


def _reader(run: Run, name: str) -> Run | None:
    """Return the next RUN of the stage that speaks of a variable, if it reads it and nothing has set it anew."""
    word = re.escape(name)
    for later in run.stage.runs:
        text = later.instruction.whole_value
        if later.index <= run.index or re.search(rf"\b{word}\b", text) is None:
            continue
        sets = re.search(rf"\b{word}=|\b(?:read|for|export|local)\b[^;&|]*\b{word}\b", text)
        reads = re.search(rf"(?<!\\)\$(?:{word}\b|\{{{word}\}})", text)
        return later if reads is not None and sets is None and later.scope.get(name) == run.scope.get(name) else None
    return None


def _has_value(run: Run, name: str) -> bool:
    """Whether the variable has a value without the RUN: from the file, from the base image or in every shell."""
    return run.scope.get(name) is not None or name in _SHELLS_OWN or is_set_by_base(run.stage, name)


def _last(run: Run) -> Command:
    """Return the last command, those within `$(…)` left out."""
    return next((command for command in reversed(run.commands) if not command.nested), run.commands[0])


def _last_changes(run: Run) -> list[str]:
    """Return the variables that the last command changes, when nothing follows that could see it."""
    text = run.instruction.whole_value
    if ("unset" not in text and "export" not in text) or not run.commands:
        return []
    last = _last(run)
    if last.name not in ("unset", "export") or last.conditional or last.has("-f"):
        return []
    if last.name == "export" and last.redirects:
        return []
    changed = _is_unset if last.name == "unset" else _is_exported
    return [word.value.partition("=")[0] for word in last.args if changed(run, word.value)]


def _is_unset(run: Run, name: str) -> bool:
    found = run.scope.get(name)
    return found is not None and found.kind == "env"


def _is_exported(run: Run, word: str) -> bool:
    """Whether a word of `export` gives a variable another value than it has after the RUN."""
    name, sign, value = word.partition("=")
    if not sign or not name.isidentifier() or value in (f"${name}", f"${{{name}}}"):
        return False
    known = run.scope.get(name)
    return known is None or known.kind != "env" or known.value != run.scope.expand(value)
