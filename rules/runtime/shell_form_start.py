"""See shell_form_start.md."""

import json
import re
from collections.abc import Iterator

from rules.api import (
    Category,
    Confidence,
    DockerfileChange,
    Fix,
    Origin,
    Problem,
    Setting,
    Severity,
    Stage,
    Start,
    quote,
    replace,
    rule,
)

_SHELL_SYNTAX = re.compile(r"[$`*?\[\]{}~|&;<>()#!\\'\"]|^\w+=")
_HANDLES_SIGNALS = frozenset("tini dumb-init s6-svscan supervisord".split())


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
        if stage.runtime.is_windows or stage.image.shell.origin not in (Origin.ABSENT, Origin.UNKNOWN):
            continue
        image = stage.image
        for setting in (image.entrypoint, image.cmd):
            start = setting.value
            if start is None or start.form != "shell" or start.instruction is None or not start.words[0].strip():
                continue
            if setting is image.cmd and image.entrypoint.value and image.entrypoint.value.form == "shell":
                continue  # a shell-form ENTRYPOINT ignores CMD
            if not _is_harmless(start):
                yield _problem(change, stage, setting, start)


def _is_harmless(start: Start) -> bool:
    """Whether the shell makes way (`exec`), or something below it passes signals on, or it only looks like JSON."""
    text = start.text.lstrip()
    if text.startswith(("[", "exec ")) or not start.commands:
        return True
    last = start.commands[-1]
    return "exec" in last.wrappers or last.name in _HANDLES_SIGNALS or start.commands[0].name in _HANDLES_SIGNALS


def _problem(change: DockerfileChange, stage: Stage, setting: Setting[Start], start: Start) -> Problem:
    assert start.instruction is not None
    keyword = start.instruction.keyword
    below = keyword == "CMD" and setting is stage.image.cmd and bool(stage.image.entrypoint.value)
    if below and stage.image.entrypoint.set_in_file:
        then = "Under the exec-form `ENTRYPOINT` it arrives as the arguments `/bin/sh -c …`, not as a command line"
    else:
        then = "`docker stop` then waits ten seconds and kills the program, in the middle of whatever it was doing"
    fix = _fix(change, start)
    way_out = "Use the JSON form" if fix is not None and _is_plain(start) else "Begin the last command with `exec`"
    return Problem(
        start.instruction.span,
        f"{stage.label} starts {quote(start.text)} through `/bin/sh -c`, so the shell is process 1 and does not pass "
        f"SIGTERM on. {then}. {way_out}.",
        Confidence.CERTAIN if stage.base_known else Confidence.LIKELY,
        stage=stage.key,
        fix=fix,
    )


def _is_plain(start: Start) -> bool:
    return not _SHELL_SYNTAX.search(start.text)


def _fix(change: DockerfileChange, start: Start) -> Fix | None:
    """The JSON form when no word needs the shell; else the same shell that makes way for its last command."""
    instruction = start.instruction
    assert instruction is not None
    if instruction.trigger is not None or instruction.line != instruction.end_line:
        return None
    text = start.text
    if _is_plain(start):
        words: list[str] = text.split()
    elif len(start.commands) == 1 and start.commands[0].before == "" and not start.commands[0].assignments:
        words = ["sh", "-c", f"exec {text}"]
    else:
        return None
    return Fix(
        "Start the program without a shell around it",
        (replace(change.source, instruction.value_span, json.dumps(words, ensure_ascii=False)),),
    )
