"""Variables that a script in double quotes sets for itself, and that the shell around it fills in before."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rules.api import Confidence, Edit, Fix, Problem, quote
from rules.build.variables.positional_parameters import Use, fills_in, variables_read
from rules.build.variables.unset_names import SETS_UNSEEN, has_unseen_variables, may_be_unset
from rules.dockerfile.managers.words import SETTING
from rules.dockerfile.shell.nested import RUNS_MORE, inner_script
from rules.quoting import listed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.api import Command, Run
    from rules.dockerfile.shell.nested import InnerScript

_LOOPS = re.compile(r"\b(?:for|select)[ \t]+(\w+)(?=[ \t\n;])")
_WORD = re.compile(r"[^\s;&|]+")
_NAME = re.compile(r"\w+")
_READ = re.compile(r"\$\{?(\w+)")
_READERS = frozenset({"read", "mapfile", "readarray", "getopts"})


def filled_in_before(run: Run) -> Iterator[Problem]:
    """Yield each script handed to a shell whose own variables the shell of the RUN has filled in by then.

    What stands in double quotes, or in a here-document whose delimiter has no quotes, is read by the shell around it
    first (POSIX, Shell Command Language, 2.2.3 and 2.7.4).
    """
    if "$" not in run.instruction.text + "".join(document.body for document in run.instruction.heredocs):
        return
    if not fills_in(run) or has_unseen_variables(run):
        return
    for command in (run.script.shell,) if run.script.shell is not None else run.commands:
        if command.name in RUNS_MORE and not command.nested:
            uses = _lost(run, command)
            if uses:
                yield _problem(run, command, uses)


def _lost(run: Run, command: Command) -> list[Use]:
    """Return the places where a script reads what it has set itself, and the shell around it has no such variable."""
    script = inner_script(command)
    if script is None:
        return []
    own = script.word.text if script.word is not None else command.heredoc or ""
    outside = "\n".join((run.instruction.text, *(one.body for one in run.instruction.heredocs))).replace(own, "")
    inside = [use for use in variables_read(command) if _is_within(use, script)]
    set_ = _set_by(run, command, script, inside) if inside and not SETS_UNSEEN.search(outside) else {}
    named = set(_NAME.findall(outside)) if set_ else set[str]()
    return [
        use
        for use in inside
        if use.name in set_.keys() - named
        and (use.place is None or set_[use.name] < use.place)
        and may_be_unset(run, use.name)
    ]


def _is_within(use: Use, script: InnerScript) -> bool:
    """Whether a variable is read in the script itself, and not among the other words of the call."""
    if script.word is None:
        return bool(use.document)
    return use.place is not None and script.word.start <= use.place < script.word.end


def _set_by(run: Run, command: Command, script: InnerScript, uses: list[Use]) -> dict[str, int]:
    """Return the variables that a script sets, each with the place behind which it has them.

    One that it only adds to (`A=$A:b`) is as empty there by itself.
    """
    whole = run.script.shell is command
    inner = [one for one in run.commands if (not one.nested if whole else one.handed_by == command.start)]
    found = [(one.end, name) for one in inner if one.name in SETTING for name, _ in one.assignments]
    found += [(one.end, word.value) for one in inner if one.name in _READERS for word in one.operands()]
    word = script.word
    text, start = (word.text, word.start) if word is not None else (command.heredoc or "", 0)
    found += [(start + match.start(), match[1]) for match in _LOOPS.finditer(text)]
    names = {use.name for use in uses} - _added_to(text)
    return {name: at for at, name in sorted(found, reverse=True) if name in names}


def _added_to(script: str) -> set[str]:
    """Return the variables whose new value holds the old one."""
    found = set[str]()
    for word in _WORD.findall(script):
        names, _, value = word.partition("=")
        found.update({name for name in _NAME.findall(names)[-1:] if name in _READ.findall(value)})
    return found


def _problem(run: Run, command: Command, uses: list[Use]) -> Problem:
    names = list(dict.fromkeys(use.name for use in uses))
    it, they_are = ("it", "it is") if len(names) == 1 else ("them", "they are")
    opener, kept = f"<<'{uses[0].document}'", f"\\${names[0]}"
    way_out = f"put the delimiter in quotes, {quote(opener)}" if uses[0].document else "put it in single quotes"
    return Problem(
        command.span,
        f"The shell of the `RUN` fills in {listed(quote(f'${name}') for name in names)} before {quote(command.name)} "
        f"reads the script, which sets {it} itself: by then nothing has, and {they_are} empty. Write {quote(kept)}, or "
        f"{way_out}.",
        Confidence.LIKELY,
        doubt="the base image may set it",
        instruction=run.instruction,
        stage=run.stage.key,
        key=" ".join([command.name, *names]),
        fix=_fix(command, uses),
    )


def _fix(command: Command, uses: list[Use]) -> Fix | None:
    """Keep the dollars for the script where all of them stand in its quotes."""
    places = [use.place for use in uses if use.place is not None and use.quoted]
    if len(places) < len(uses):
        return None
    source = command.source
    return Fix("Leave the dollar to the script", tuple(Edit(source.span(at, at), "\\") for at in places))
