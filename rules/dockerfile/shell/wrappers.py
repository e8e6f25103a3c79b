"""Programs that run another program: `sudo`, `env`, `timeout`, `gosu` and kin, taken off to see what really runs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from rules.dockerfile.shell.flags import takes_next_word

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rules.dockerfile.shell.words import ShellWord

ASSIGNMENT = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)(?:\[[^\]]*\])?\+?=")
_MAX_ASSIGNMENTS = 1000  # far above anything real
_DECLARATIONS = frozenset({"declare", "export", "local", "readonly", "typeset"})


class Wrapper(NamedTuple):
    """How to find the wrapped command.

    Attributes:
        with_values: Options that take the next word for their value, with their dashes.
        operands: Words of its own behind the options (`timeout 5`, `gosu app`).
        assignments: Whether `NAME=value` words stand before the wrapped command.
        queries: Options with which it runs nothing (`command -v`).
    """

    with_values: frozenset[str] = frozenset()
    operands: int = 0
    assignments: bool = False
    queries: frozenset[str] = frozenset()


def options(text: str) -> frozenset[str]:
    """Return the options named in a text, with their dashes."""
    return frozenset(text.split())


_PLAIN = Wrapper()
_ONE_OPERAND = Wrapper(operands=1)
# From the manual pages: sudo(8), doas(1), env(1), time(1), nice(1), ionice(1), xargs(1), timeout(1), setpriv(1),
# runuser(1), stdbuf(1), flock(1), faketime(1), xvfb-run(1), the READMEs of gosu, su-exec, tini and dumb-init.
WRAPPERS: dict[str, Wrapper] = {
    "sudo": Wrapper(
        options(
            "-C -D -R -T -U -g -h -p -r -t -u --chdir --chroot --close-from --command-timeout --group --host"
            " --other-user --prompt --role --type --user"
        ),
        assignments=True,
        queries=options("-l --list -v --validate -V --version -e --edit"),
    ),
    "doas": Wrapper(options("-C -u -a")),
    "env": Wrapper(options("-u -C -a --unset --chdir --argv0"), assignments=True),
    "exec": Wrapper(options("-a")),
    "time": Wrapper(options("-f -o --format --output")),
    "nice": Wrapper(options("-n --adjustment")),
    "ionice": Wrapper(options("-c -n --class --classdata")),
    "nohup": _PLAIN,
    "setsid": _PLAIN,
    "command": Wrapper(queries=options("-v -V")),
    "builtin": _PLAIN,
    "xargs": Wrapper(
        options(
            "-a -d -E -I -L -n -P -s --arg-file --delimiter --max-args --max-chars --max-lines --max-procs"
            " --process-slot-var"
        )
    ),
    "timeout": Wrapper(options("-k -s --kill-after --signal"), operands=1),
    "gosu": _ONE_OPERAND,
    "su-exec": _ONE_OPERAND,
    "chpst": Wrapper(options("-u -U -b -e -/ -C -n -l -L -m -d -o -p -f -c")),
    "setpriv": Wrapper(
        options(
            "--ambient-caps --apparmor-profile --bounding-set --egid --euid --groups --inh-caps --pdeathsig --regid"
            " --reuid --rgid --ruid --securebits --selinux-label"
        )
    ),
    "runuser": Wrapper(options("-u --user -g --group -G --supp-group -s --shell -w --whitelist-environment")),
    "stdbuf": Wrapper(options("-i -o -e --input --output --error")),
    "flock": Wrapper(options("-E -w --conflict-exit-code --timeout --wait"), operands=1),
    "eatmydata": _PLAIN,
    "catchsegv": _PLAIN,
    "fakeroot": _PLAIN,
    "linux32": _PLAIN,
    "linux64": _PLAIN,
    "setarch": _ONE_OPERAND,
    "chronic": _PLAIN,
    "with-contenv": _PLAIN,
    "dbus-run-session": _PLAIN,
    "xvfb-run": Wrapper(options("-e -f -n -p -s --error-file --auth-file --server-num --server-args -w --wait")),
    "tini": Wrapper(options("-e -p")),
    "tini-static": Wrapper(options("-e -p")),
    "docker-init": Wrapper(options("-e -p")),
    "dumb-init": Wrapper(options("-r --rewrite")),
    "catatonit": _PLAIN,
    "busybox": _PLAIN,
}


class Unwrapped(NamedTuple):
    """A command without what it is wrapped in.

    Attributes:
        at: Index of the word that names what runs; the number of words when nothing does.
        wrappers: The names of the wrappers, outermost first.
        assignments: Variables set before or by the wrappers.
    """

    at: int
    wrappers: tuple[str, ...]
    assignments: tuple[tuple[str, ShellWord], ...]


_NOT_PLAIN = _DECLARATIONS | WRAPPERS.keys()
_UNWRAPPED = Unwrapped(0, (), ())


def base_name(value: str) -> str:
    """Return the last component of a program's path; of one that is called like a builtin and is none, the path."""
    at = value.rfind("/") + 1
    name = value[at:] or value
    return value if at and name in _OF_THE_SHELL and value[:at] not in _OF_SYSTEMS else name


_OF_THE_SHELL = frozenset(
    "alias cd declare echo eval exec export false kill let local printf pwd read readonly set shift source test time "
    "trap true type typeset ulimit umask unset wait".split()
)
"""Builtins and words of the shell, which a path never means: `./test` is a program of the project."""
_OF_SYSTEMS = frozenset({"/bin/", "/usr/bin/", "/usr/local/bin/"})
"""Where a system has programs that do what the builtins of their names do (POSIX, Shell Command Language, 2.9.1)."""


def unwrap(words: Sequence[ShellWord]) -> Unwrapped:
    """Find the word that names what a command really runs.

    A wrapper that wraps nothing (`exec`, `env`, `command -v x`) is what runs.
    """
    if words and "=" not in words[0].text and base_name(words[0].value) not in _NOT_PLAIN:
        return _UNWRAPPED
    assignments: list[tuple[str, ShellWord]] = []
    index = _assignments(words, 0, assignments)
    wrappers: list[str] = []
    size = len(words)
    while index < size:
        name = base_name(words[index].value)
        wrapper = WRAPPERS.get(name)
        if wrapper is None:
            break
        inner = _behind(words, index, name, wrapper, assignments)
        if inner is None:
            break
        wrappers.append(name)
        index = inner
    if index < size and words[index].value in _DECLARATIONS:
        assignments += filter(None, map(_given, words[index + 1 :]))
    return Unwrapped(index, tuple(wrappers), tuple(assignments))


def assigned(word: ShellWord, at: int) -> ShellWord:
    """Return the part of `NAME=value` behind the equals sign as a word; `at` is its index in the word."""
    return word._replace(text=word.text[at:], value=word.value[at:], start=min(word.start + at, word.end))


def _set(word: ShellWord) -> tuple[str, ShellWord] | None:
    """Return what a word sets for the shell, for which the name and the equals sign stand outside quotes."""
    match = ASSIGNMENT.match(word.text) if "=" in word.text else None
    return (match.group(1), assigned(word, match.end())) if match is not None else None


def _given(word: ShellWord) -> tuple[str, ShellWord] | None:
    """Return what a word sets as an argument of `env`, `sudo` or `export`, which see it without quotes."""
    mark = word.text[:1]
    match = ASSIGNMENT.match(word.value) if mark in ("'", '"') else None
    if match is None:
        return _set(word)
    inner = assigned(word, match.end() + 1)
    closed = inner.text.endswith(mark)
    return match.group(1), inner._replace(
        text=inner.text.removesuffix(mark), value=word.value[match.end() :], end=word.end - closed
    )


def _assignments(
    words: Sequence[ShellWord],
    index: int,
    found: list[tuple[str, ShellWord]],
    read: Callable[[ShellWord], tuple[str, ShellWord] | None] = _set,
) -> int:
    """Collect `NAME=value` words from an index on; return the index behind them."""
    while index < len(words):
        one = read(words[index])
        if one is None:
            break
        if len(found) < _MAX_ASSIGNMENTS:
            found.append(one)
        index += 1
    return index


def _behind(
    words: Sequence[ShellWord],
    index: int,
    name: str,
    wrapper: Wrapper,
    assignments: list[tuple[str, ShellWord]],
) -> int | None:
    """Return the index of the command inside a wrapper, or `None` when it wraps none."""
    at = index + 1
    size = len(words)
    while at < size:
        value = words[at].value
        if value[:1] != "-" or value == "-":
            break
        if value in wrapper.queries:
            return None
        at += 1
        if value == "--":
            break
        if takes_next_word(value, wrapper.with_values):
            at += 1
    if name == "runuser" and not any(word.value in {"-u", "--user"} for word in words[index + 1 : at]):
        return None  # without -u it is `su`: a login name, and a script behind -c
    if wrapper.assignments:
        at = _assignments(words, at, assignments, _given)
    at += wrapper.operands
    return at if at < size else None
