"""Scripts inside commands: `sh -c "…"`, `su -c "…"`, `bash <<EOF`, and tools that run a command of their own."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from rules.dockerfile.shell.flags import takes_next_word
from rules.dockerfile.shell.wrappers import base_name, options, unwrap

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from rules.dockerfile.shell.command import Command
    from rules.dockerfile.shell.words import ShellWord

SHELLS = {"sh": "sh", "bash": "bash", "ash": "ash", "dash": "dash", "ksh": "ksh", "mksh": "ksh", "zsh": "zsh"}
"""Shells whose language is understood, and the dialect each speaks."""

_MAX_RUNNERS = 8
_MAX_WORDS = 2000
SHELL_VALUES = frozenset({"-o", "-O", "+o", "+O", "--rcfile", "--init-file"})
"""Options of shells that take the next word for their value."""
_READS_PROFILES = re.compile(r"-|--login|-[a-z]*[li][a-z]*").fullmatch

# Tools with a `run` of their own: the subcommand, and its options that take the next word.
_RUNNERS: dict[str, tuple[str, frozenset[str]]] = {
    "uv": (
        "run",
        options(
            "-p --python --with --with-editable --with-requirements --extra --group --package --project --directory"
            " --env-file --index-url --index -i --extra-index-url --no-group --only-group -f --find-links --cache-dir"
            " --config-file --link-mode --color -w"
        ),
    ),
    "poetry": ("run", frozenset({"-C", "--directory", "-P", "--project"})),
    "pdm": ("run", frozenset({"-p", "--project"})),
    "pipenv": ("run", frozenset()),
    "rye": ("run", frozenset()),
    "hatch": ("run", frozenset({"-e", "--env"})),
    "bundle": ("exec", frozenset()),
    "conda": ("run", frozenset({"-n", "--name", "-p", "--prefix", "--cwd"})),
    "mamba": ("run", frozenset({"-n", "--name", "-p", "--prefix", "--cwd"})),
    "micromamba": ("run", frozenset({"-n", "--name", "-p", "--prefix", "--cwd", "-r", "--root-prefix"})),
    "corepack": ("", frozenset()),
}
_COREPACK_COMMANDS = frozenset({"enable", "disable", "prepare", "use", "up", "install", "pack", "hydrate", "cache"})
EXEC_ACTIONS = frozenset({"-exec", "-execdir", "-ok", "-okdir"})
"""What stands in front of the command that `find` runs (find(1))."""


def reads_profiles(words: Iterable[str]) -> bool:
    """Tell whether options make a shell one of a login, or one for a person: it reads files of the system or of a home.

    These may set any variable, and `PATH` first of all (bash(1), "Invocation"; su(1)).
    """
    return any(map(_READS_PROFILES, words))


class InnerScript(NamedTuple):
    """A script that a command hands to a shell.

    Attributes:
        word: The word that holds it; `None` when it comes as a here-document.
        dialect: The shell that runs it.
        options: What the shell is started with: `-e`, `-o`, `pipefail` …
    """

    word: ShellWord | None
    dialect: str
    options: tuple[str, ...]


RUNS_MORE = frozenset({*SHELLS, *_RUNNERS, "su", "runuser", "find"})
"""Names of the commands that may run a script or a command of their own."""


def inner_script(command: Command) -> InnerScript | None:
    """Return the script that a command hands to a shell, or `None`."""
    if command.name in {"su", "runuser"}:
        found = command.option_word("-c", "--command")
        # The account's own shell reads it (su(1), runuser(1)): bash for root and for what `adduser` makes on Debian.
        dialect = SHELLS.get(base_name(command.option("-s", "--shell") or "bash"))
        return InnerScript(found[1], dialect, ()) if found and dialect else None
    dialect = SHELLS.get(command.name)
    if dialect is None:
        return None
    args = command.args
    given = tuple([word.value for word in args])
    at, has_script = 0, False
    while at < len(args) and given[at][:1] in {"-", "+"} and given[at] not in {"-", "--"}:
        option = given[at]
        has_script = has_script or (option[0] == "-" and option[:2] != "--" and "c" in option)
        at += 2 if takes_next_word(option, SHELL_VALUES) else 1
    if has_script:
        at += at < len(args) and given[at] in {"-", "--"}
        return InnerScript(args[at], dialect, given[:at]) if at < len(args) else None
    reads_input = command.heredoc is not None and (at == len(args) or given[at] in {"-", "/dev/stdin"})
    if reads_input or (command.heredoc is not None and command.has("-s")):
        return InnerScript(None, dialect, given[:at])
    return None


def hands_script(command: Command) -> bool:
    """Tell whether a command hands a shell a script that stands in the file: its commands are looked at themselves."""
    script = inner_script(command) if command.name in RUNS_MORE else None
    return script is not None and not is_filled_in(script)


def is_filled_in(script: InnerScript) -> bool:
    """Tell whether the shell in front makes the script of something else: `sh -c "$(curl …)"`, `bash -c "$SCRIPT"`."""
    return script.word is not None and _FILLED_IN.match(script.word.text) is not None


_FILLED_IN = re.compile(r"\"?[ ]*[$`]")


def inner_commands(command: Command) -> Iterator[Sequence[ShellWord]]:
    """Yield the words of the commands that a tool runs: `uv run …`, `conda run -n x …`, `find … -exec …`.

    The inner command of `uv run poetry run x` is followed by its own.
    """
    name = command.name
    words: Sequence[ShellWord] = command.args[:_MAX_WORDS]
    for _ in range(_MAX_RUNNERS):
        inner = _find_exec(words) if name == "find" else _runner_words(name, words)
        if not inner:
            return
        yield inner
        index = unwrap(inner).at
        if index >= len(inner):
            return
        name, words = base_name(inner[index].value), inner[index + 1 :]


def _runner_words(name: str, args: Sequence[ShellWord]) -> Sequence[ShellWord]:
    """Return the words of the command behind `uv run` and kin, or none."""
    runner = _RUNNERS.get(name)
    if runner is None:
        return ()
    verb, with_values = runner
    at = _behind_options(args, 0, with_values)
    if verb:
        if at >= len(args) or args[at].value != verb:
            return ()
        at = _behind_options(args, at + 1, with_values)
    elif at < len(args) and args[at].value in _COREPACK_COMMANDS:
        return ()
    return args[at:]


def _behind_options(args: Sequence[ShellWord], at: int, with_values: frozenset[str]) -> int:
    """Return the index of the first argument from `at` on that is neither an option nor an option's value."""
    while at < len(args) and args[at].value[:1] == "-":
        option = args[at].value
        at += 2 if takes_next_word(option, with_values) else 1
        if option == "--":
            break
    return at


def _find_exec(args: Sequence[ShellWord]) -> Sequence[ShellWord]:
    """Return the words of the first command behind `-exec`, or none."""
    for index, word in enumerate(args):
        if word.value in EXEC_ACTIONS:
            rest = args[index + 1 :]
            end = next((at for at, other in enumerate(rest) if other.value in {";", "+"}), len(rest))
            return rest[:end]
    return ()
