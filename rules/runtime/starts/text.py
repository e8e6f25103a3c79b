"""A start command rewritten from one form into the other."""

from __future__ import annotations

import json
import posixpath
import re
import shlex
from itertools import zip_longest
from typing import TYPE_CHECKING

from rules.facts.distributions import DEBIAN_FAMILY
from rules.quoting import quote
from rules.runtime.starts.instructions import SHELLS, behind_init

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rules.api import Command, Instruction, Stage, Start

_SHELL_SYNTAX = re.compile(r"[$`*?\[\]{}~|&;<>()#!\\'\"]|^\w+=")

_QUOTED = re.compile(r"'[^']*+'|\"[^\"$`\\]*+\"")
"""Quoted text in which the shell fills in nothing: `"daemon off;"`."""

_MAKES_WAY = frozenset(
    "alpine busybox wolfi rhel centos fedora rockylinux almalinux amazonlinux azurelinux oraclelinux photon".split()
)
"""Where `/bin/sh` is bash or BusyBox: `sh -c` becomes a single command (`evalstring(minusc, EV_EXIT)` in ash.c; bash's
`ONESHOT`). Debian's and Ubuntu's dash has that taken out, and stays."""

_BUSYBOX = frozenset({"alpine", "busybox", "wolfi"})
"""Where the shell becomes the last command of a list, too (`evaltree` in ash.c hands `EV_EXIT` on); bash since 5.1."""


_BY_NAME = {"alpine": re.compile(r":.*\balpine\b"), "rhel": re.compile(r"(?:^|/)ubi\d+(?:-\w+)?[/:]")}
_BY_MANAGER = {"apk": "alpine", "dnf": "rhel", "microdnf": "rhel", "yum": "rhel", "apt": "debian"}


def stays(stage: Stage, start: Start) -> bool:
    """Tell whether the shell is known to stay in front of what it is given."""
    return _distribution(stage) in DEBIAN_FAMILY or not _ends_in_plain_command(shell_commands(start))


def is_dash(stage: Stage) -> bool:
    """Tell whether `sh` is surely dash: on a known Debian or Ubuntu on which nothing gives it another meaning."""
    relinked = (c for run in stage.done_runs for c in run.calls("ln", "dpkg-reconfigure", "update-alternatives"))
    other = any(word.value.endswith(("bin/sh", "dash")) for command in relinked for word in command.args)
    return stage.runtime.distribution in DEBIAN_FAMILY and not other


def _distribution(stage: Stage) -> str | None:
    """Return the distribution; of a base that is not known, what its name says, or the package manager in use."""
    return _known_distribution(stage) or _BY_MANAGER.get(_manager_in_use(stage) or "")


def _known_distribution(stage: Stage) -> str | None:
    """Return the distribution that the base is known to have, or is named for."""
    if stage.runtime.distribution is not None:
        return stage.runtime.distribution
    return next((system for system, name in _BY_NAME.items() if name.search(stage.root.base_text or "")), None)


def _manager_in_use(stage: Stage) -> str | None:
    """Return the package manager that the file calls: a sign of what it takes the base for."""
    return next((item.manager for item in stage.packages.present if item.manager in _BY_MANAGER), None)


def makes_way(stage: Stage, start: Start) -> bool:
    """Tell whether the base's `/bin/sh -c` is known to turn into the one command that it is given, or into the last."""
    return makes_way_for(stage, shell_commands(start))


def makes_way_for(stage: Stage, commands: tuple[Command, ...]) -> bool:
    """Tell the same of commands that something else hands to that shell: the line of a script of `package.json`."""
    distribution = _distribution(stage)
    if distribution not in _MAKES_WAY or not commands or commands[-1].redirects:
        return False
    return len(commands) == 1 or (distribution in _BUSYBOX and _ends_in_plain_command(commands))


def has_known_shell(stage: Stage) -> bool:
    """Tell whether the distribution is known, and with it whether its `/bin/sh` makes way."""
    return _distribution(stage) is not None


def way_made(stage: Stage, start: Start) -> str:
    """Say what a shell that makes way does with a start command, and of which base that is known."""
    several = len(shell_commands(start)) > 1
    manager = _manager_in_use(stage) if _known_distribution(stage) is None else None
    base = f"a base that has {quote(manager)}" if manager is not None else "this base"
    return f"The shell of {base} makes way for {'the last' if several else 'a single'} command, so SIGTERM"


def _ends_in_plain_command(commands: tuple[Command, ...]) -> bool:
    """Whether a shell may become the last of its commands: it is in no pipe, not behind `&`, and no trap is set."""
    if not commands:
        return True
    last = commands[-1]
    alone = last.before not in ("|", "|&") and last.after in ("", ";") and not last.conditional
    return alone and not any(command.name == "trap" or command.after == "&" for command in commands)


def shell_commands(start: Start) -> tuple[Command, ...]:
    """Return the commands that a shell reads, without the `sh -c` around them.

    What a command runs by itself is none of them (`bundle exec puma`, `uv run app`), nor what fills in a word of it
    (`node $(cat file)`): the shell makes way for it as for any other.
    """
    found: list[Command] = []
    end, commands = -1, start.commands
    for command, following in zip_longest(commands, commands[1:]):
        if command.start < end:
            continue
        if command.name in SHELLS and command.has("-c") and following is not None and following.start < command.end:
            continue
        found.append(command)
        end = command.end
    return tuple(found)


def only_command(start: Start) -> Command | None:
    """Return the one command that a start command surely runs; `None` where there are several, or a condition."""
    commands = start.commands
    return commands[0] if len(commands) == 1 and not commands[0].conditional else None


def behind_exec(start: Start) -> tuple[str, ...]:
    """Return the words for which a shell makes way with `exec` at its end; none where it goes on."""
    last = start.commands[-1] if start.commands else None
    return last.argv if last is not None and last.wrappers == ("exec",) else ()


def is_plain(text: str) -> bool:
    """Tell whether a command line means the same without a shell: no quotes, variables, patterns or operators."""
    return bool(text.strip()) and not _SHELL_SYNTAX.search(text)


def exec_words(instruction: Instruction) -> tuple[str, ...] | None:
    """Return the words of a shell-form instruction on one line, `None` where one of them needs the shell."""
    text = instruction.value
    if instruction.keyword == "HEALTHCHECK":
        text = text.partition(" ")[2]
    if not is_plain(text) or instruction.heredocs or "\n" in instruction.text:
        return None
    return tuple(text.split())


def json_array(words: Iterable[str]) -> str:
    """Write words as the JSON form."""
    return json.dumps(list(words), ensure_ascii=False)


def direct_start(start: Start) -> str | None:
    """Return the value that starts a shell-form command without a shell around it.

    The JSON form when no word needs the shell; for a single command that does, the shell that makes way for it;
    `None` for several commands, for one that ends with an operator, and for what only a shell can do.
    """
    text = start.text
    if text.lstrip()[:1] in ("(", "{", "!") or _is_builtin(start):
        return None
    if is_plain(text):
        return json_array(text.split())
    if (words := _without_quotes(text)) is not None:
        return json_array(words)
    commands = start.commands
    if text.rstrip().endswith((";", "&")):
        return None
    if len(commands) == 1 and not commands[0].before and not commands[0].assignments:
        return json_array(["sh", "-c", f"exec {text}"])
    return None


def _without_quotes(text: str) -> list[str] | None:
    """Return the words of a command line of which only the quotes need a shell."""
    if "\n" in text or not is_plain(_QUOTED.sub("_", text)):
        return None
    try:
        words = shlex.split(text)
    except ValueError:
        return None
    return words if words and posixpath.basename(words[0]) not in SHELLS else None


BUILTINS = frozenset(
    ". source eval export unset set shift cd pushd popd alias trap wait ulimit umask read return local readonly "
    "declare exit break continue : [[".split()
)
"""What a shell does by itself: there is nothing to make way for, and `exec` does not find it."""


def _is_builtin(start: Start) -> bool:
    return bool(start.commands) and start.commands[0].name in BUILTINS


_RUNTIMES = frozenset(
    "node nodejs python java ruby php perl deno bun dotnet npm yarn pnpm flask celery gunicorn uvicorn".split()
)
"""Programs that take their first argument for a file, a module or a command; none has one of its own name."""
_VERSION = re.compile(r"[0-9]+(?:\.[0-9]+)*\Z")


def repeated_words(entrypoint: tuple[str, ...], cmd: tuple[str, ...]) -> int:
    """Return how many words in front of a CMD only say again what its ENTRYPOINT starts, `-jar` included; 0 for none.

    Args:
        entrypoint: The ENTRYPOINT's words; an init in front of the program is looked through.
        cmd: The CMD's words.
    """
    words = behind_init(entrypoint)
    if not cmd or not words:
        return 0
    same_path = "/" in cmd[0] and words[0] == cmd[0]  # a path is no command of a program's own
    if not same_path and (runs_first_argument(entrypoint) is None or _program(words[0]) != _program(cmd[0])):
        return 0
    same = 1
    while same < min(len(words), len(cmd)) and words[same] == cmd[same]:
        same += 1
    return same


def runs_first_argument(entrypoint: tuple[str, ...]) -> str | None:
    """Return the program of an ENTRYPOINT that takes its first argument for a file, a module or a command of its own.

    `None` for another one: a script, an init, a program of the project.
    """
    words = behind_init(entrypoint)
    return words[0] if words and _program(words[0]) in _RUNTIMES else None


def _program(word: str) -> str:
    """Return a program's name without folder and version: `python` for `/usr/bin/python3.13`."""
    return _VERSION.sub("", posixpath.basename(word))
