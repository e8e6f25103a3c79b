"""See assignment_expanded_too_early.md."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping

from rules.api import (
    Category,
    Command,
    Confidence,
    DockerfileChange,
    Fix,
    Problem,
    Run,
    Severity,
    ShellWord,
    insert,
    names_read,
    once,
    quote,
    rule,
)
from rules.build.variables.handed import filled_in_before
from rules.build.variables.of_base import is_set_by_base, perhaps_inherited
from rules.build.variables.uses import OF_EVERY_CONTAINER
from rules.quoting import listed

_ASSIGNMENT = re.compile(r"(?P<name>[A-Za-z_]\w*)=(?P<value>.*)", re.DOTALL)
_QUOTES = re.compile(r"\"(?:[^\"\\]|\\.)*+\"|'[^']*+'|\\.", re.DOTALL)
_EVERYWHERE = OF_EVERY_CONTAINER | {"IFS"}
_NAMED = re.compile(r"(?<![\w${])[A-Za-z_]\w*")
_SETS_ANY = re.compile(r"(?<![\w./$-])(?:\.|source|eval|set -a)\s|<<")
"""What may set a variable of any name."""
_KEEPS = frozenset(": . break continue eval exec exit export readonly return set shift source times trap unset".split())
"""Special builtins, in front of which an assignment stays (POSIX, 2.14)."""
_FUNCTION = re.compile(r"\w\s*\(\s*\)\s*\{")
"""A function of the script, in front of which it may stay."""


@rule(
    "assignment-expanded-too-early",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    keywords=("RUN",),
    mentions=("=", "for", "read", "select"),
    aliases=("SC2097", "SC2098"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A variable is read where it is not set yet, or not any more: among the words of the command behind its value."""
    for stage in change.stages:
        for run in stage.runs:
            if run.deferred or not run.is_read or stage.runtime.is_windows:
                continue
            yield from filled_in_before(run)
            for command in run.commands:
                early = list(_too_early(run, command))
                if early:
                    yield _problem(run, command, early)
                told = {word.start for word, _, _ in early}
                late = (_too_late(run, command, word) for word in _in_front(command) if word.start not in told)
                yield from filter(None, late)


def _in_front(command: Command) -> Iterator[ShellWord]:
    """Yield the assignments that stand in front of a command's program."""
    if command.program is None or not command.assignments:
        return
    for word in command.words:
        if word.start >= command.program.start:
            return
        if _ASSIGNMENT.match(word.text):
            yield word


def _too_early(run: Run, command: Command) -> Iterator[tuple[ShellWord, str, str]]:
    """Yield the assignments in front of a command whose variables its own words read, each with name and use."""
    for word in _in_front(command):
        shape = _ASSIGNMENT.match(word.text)
        assert shape is not None
        name = shape["name"]
        use = next((use for arg in command.args if (use := _use(arg.text, name))), None)
        if use is None or _may_have_value(run, command, name):
            continue
        if not re.search(rf"\$\{{?{name}\b", shape["value"]):  # `A=${A:-1} make $A`: it is known to have one
            yield word, name, use


def _problem(run: Run, command: Command, early: list[tuple[ShellWord, str, str]]) -> Problem:
    names, program = [name for _, name, _ in early], quote(command.program.value if command.program else "")
    assigned, uses = listed([quote(f"{name}=…") for name in names]), listed([quote(use) for _, _, use in early])
    several = len(names) > 1
    way_out = f"{' '.join(f'{name}=…' for name in names)} && export {' '.join(names)} && …"
    return Problem(
        command.span,
        f"{assigned} in front of {program} {'count' if several else 'counts'} for what that program finds in its "
        f"environment. The shell fills in {uses} among its words before, and nothing has set "
        f"{'them' if several else 'it'} by then: {'they are' if several else 'it is'} empty. "
        f"Set {'them in a command of their' if several else 'it in a command of its'} own: {quote(way_out)}.",
        Confidence.LIKELY if run.stage.base_known else Confidence.POSSIBLE,
        doubt="the base image may set it",
        instruction=run.instruction,
        stage=run.stage.key,
        key=" ".join(names),
        fix=_fix(command, [word for word, _, _ in early], names),
    )


def _too_late(run: Run, command: Command, word: ShellWord) -> Problem | None:
    """Tell of a later command that reads the variable, which it does not have any more."""
    shape = _ASSIGNMENT.match(word.text)
    assert shape is not None
    assert command.program is not None
    name = shape["name"]
    if not shape["value"] or command.nested or command.name in _KEEPS or not _is_named_once(run, name, word):
        return None
    if _is_given(run, name) or f"${name}" in shape["value"] or f"${{{name}" in shape["value"]:
        return None
    found = next(_reads(run, command, name), None)
    if found is None:
        return None
    later, use = found
    return Problem(
        command.span,
        f"{quote(f'{name}=…')} in front of {quote(command.program.value)} counts for that command alone. {quote(use)} "
        f"in {quote(str(later), 60)} behind it is empty, for nothing else sets it. "
        f"Set it in a command of its own: {quote(f'{name}=… && export {name} && …')}.",
        Confidence.LIKELY if run.stage.base_known else Confidence.POSSIBLE,
        doubt="the base image may set it",
        instruction=run.instruction,
        stage=run.stage.key,
        key=name,
        fix=_fix(command, [word], [name]),
    )


def _reads(run: Run, command: Command, name: str) -> Iterator[tuple[Command, str]]:
    """Yield the commands behind another that read a variable, each with how it does."""
    for later, text in _readers(run).get(name, ()):
        use = _use(text, name) if later.start > command.end else None
        if use is not None:
            yield later, use


_MOST_READERS = 20
"""Words in which one variable is looked for."""


@once
def _readers(run: Run) -> dict[str, list[tuple[Command, str]]]:
    """The words that may read each variable, with their commands: the first few that run without condition."""
    found: dict[str, list[tuple[Command, str]]] = {}
    for command in run.commands:
        for word in () if command.conditional else command.words:
            for name in set(names_read(word.text)):
                rows = found.setdefault(name, [])
                if len(rows) < _MOST_READERS:
                    rows.append((command, word.text))
    return found


def _is_named_once(run: Run, name: str, word: ShellWord) -> bool:
    """Whether a RUN names a variable other than to read it at one place only, and nothing may set just any."""
    return _named(run).get(name) == 1 and _first_named(run).get(name) == word.start


@once
def _named(run: Run) -> Mapping[str, int]:
    """How often a RUN names each word other than to read it; nothing where it may set variables of any name."""
    place = run.instruction.span
    text = run.instruction.source.text[place.start : place.end]
    return {} if _SETS_ANY.search(text) or _FUNCTION.search(text) else Counter(_NAMED.findall(text))


def _use(text: str, name: str) -> str | None:
    """Return how a word reads a variable; `None` where it does not, in single quotes, or with a value in its place."""
    if name not in text:
        return None
    read = _QUOTES.sub(lambda part: part[0] if part[0][0] == '"' else "", text)
    found = re.search(rf"(?<!\\)(?:\${name}\b|\$\{{{name}(?:\}}|[%#/,^:]\}}?(?![-=+?])))", read)
    if found is None or re.search(rf"\b{name}=", read):
        return None
    return f"${{{name}}}" if found[0].startswith("${") else found[0]


def _may_have_value(run: Run, command: Command, name: str) -> bool:
    """Whether anything before the command may have given the variable a value."""
    if _is_given(run, name):
        return True
    first = _first_named(run)
    return min(first.get(name, command.start), first.get("", command.start)) < command.start


def _is_given(run: Run, name: str) -> bool:
    """Whether a variable has a value before the RUN, or may have one."""
    stage = run.stage
    if name in _EVERYWHERE or run.scope.get(name) is not None or name in perhaps_inherited(stage):
        return True
    return is_set_by_base(stage, name)


@once
def _first_named(run: Run) -> dict[str, int]:
    """Where a RUN names each word first other than to read it; under the empty name, what may set any variable."""
    place, found = run.instruction.span, dict[str, int]()
    text = run.instruction.source.text[place.start : place.end]
    for match in _NAMED.finditer(text):
        found.setdefault(match[0], place.start + match.start())
    anything = _SETS_ANY.search(text)
    return found if anything is None else {**found, "": place.start + anything.start()}


def _fix(command: Command, words: list[ShellWord], names: list[str]) -> Fix | None:
    """Make assignments a command of their own, where they stand first in one that nothing but success leads to."""
    alone = command.before in ("", "&&", ";", "\n") and not command.nested and not command.negated
    first = [word.start for word in command.words[: len(words)]] == [word.start for word in words]
    if not first or not alone or any(not word.literal and "\n" in word.text for word in words):
        return None
    exported = f" && export {' '.join(names)} &&"
    return Fix(f"Set {'it' if len(names) == 1 else 'them'} first", (insert(command.source, words[-1].end, exported),))
