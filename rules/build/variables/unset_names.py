"""Variables that the script of a RUN reads and that nothing can have set: no instruction, no base image, not itself."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rules.build.variables.of_base import is_bare, is_set_by_base
from rules.build.variables.of_scripts import setting_stages
from rules.build.variables.positional_parameters import fills_in, read_variables
from rules.build.variables.uses import OF_EVERY_CONTAINER, asked_for, badly_declared, is_no_name_of_official
from rules.dockerfile.shell.nested import reads_profiles
from rules.lazily import once

if TYPE_CHECKING:
    from rules.api import Command, Model, Run

OF_A_LOGIN = frozenset({"USER", "LOGNAME"})
"""What login(1) and sshd(8) set, and no shell by itself; Docker sets `HOME`, `HOSTNAME` and `PATH`."""
_OF_THE_SHELL = frozenset(
    "COLUMNS DIRSTACK EUID FUNCNAME GROUPS HISTFILE HISTSIZE HOSTTYPE IFS LINENO LINES MACHTYPE OLDPWD OPTARG OPTERR "
    "OPTIND OSTYPE PIPESTATUS PPID PS1 PS2 PS3 PS4 RANDOM REPLY SECONDS SHELLOPTS SHLVL SRANDOM UID _".split()
)
"""What a shell gives a value by itself (bash(1), "Shell Variables"), beside its `BASH…` and `EPOCH…`."""
_OF_SYSTEMS = frozenset({"container", "LANG"})
"""What images of a plain system set: Red Hat's (systemd.io, "The Container Interface") and Arch Linux's."""
_ALWAYS_SET = _OF_THE_SHELL | _OF_SYSTEMS | (OF_EVERY_CONTAINER - OF_A_LOGIN)
_ITS_OWN = re.compile(r"BASH|EPOCH|COMP_|ZSH|BUILDKIT_")
SETS_UNSEEN = re.compile(
    r"(?:^|[\s;&|({])(?:\.|source|eval|read|mapfile|readarray|getopts|select|set\s+-a|set\s+-o\s+allexport)\s"
    r"|\b(?:export|declare|local|typeset|readonly)\s[^;&|\n]*[$`]|\bprintf\s+-v",
    re.MULTILINE,
)
"""What may set a variable whose name stands nowhere."""
_ADDITION = re.compile(r"(?:^|_)(?:EXTRA|ADDITIONAL|OPTIONAL|ARGS?|FLAGS?|OPTS?|OPTIONS)(?:_|$)|FLAGS$", re.IGNORECASE)
_BEHIND_DOLLAR = re.compile(r"\$\{?([A-Za-z_]\w*)")
_NAMED = re.compile(r"(?<![\w$])(?<!\$\{)[A-Za-z_]\w*")
"""A name elsewhere than behind a dollar, where it may be set."""
_TO_ITSELF = re.compile(r"(?<![\w$])([A-Za-z_]\w*)=([\"']?)\$(?:\{\1\}|\1\b)\2(?=[\s;&|)\"'\\]|\Z)")
"""What hands a variable on, or writes it down, under its own name: `PORT=$PORT` gives it no value.

What adds to it (`PYTHONPATH=$PYTHONPATH:/srv`) expects that there may be none.
"""
_TESTS = frozenset({"[", "[[", "test", ":"})
_CHOSEN_BY = re.compile(r"\bcase\s+\"?\$\{?(\w+)")


@once
def read_from_nowhere(run: Run) -> tuple[str, ...]:
    """Return what a RUN reads without a default, and nothing in the file, in its script or in the base image sets.

    A script that names the variable anywhere else than behind a dollar may set it, and one that tests it knows that it
    may be empty.
    """
    if "$" not in run.instruction.text or not fills_in(run) or has_unseen_variables(run):
        return ()
    text = "\n".join((run.instruction.text, *(document.body for document in run.instruction.heredocs)))
    # What stands behind a dollar is soon found; the words of the script are read where that leaves anything.
    written = {*_BEHIND_DOLLAR.findall(text), *_BEHIND_DOLLAR.findall(run.instruction.value)}
    unset = {name for name in written if may_be_unset(run, name)}
    if unset:
        unset -= {*asked_for(text), *_CHOSEN_BY.findall(text), *_NAMED.findall(_TO_ITSELF.sub("", text))}
    if not unset or SETS_UNSEEN.search(text):
        return ()
    uses = [(command, name) for command, name in read_variables(run) if name in unset and not _is_shown(command)]
    tested = {name for command, name in uses if command.name in _TESTS}
    return tuple(sorted({name for _, name in uses} - tested))


def has_unseen_variables(run: Run) -> bool:
    """Tell whether the shell of a RUN reads files that may set variables (bash(1), "Invocation"): `-l`, `BASH_ENV`."""
    return "BASH_ENV" in run.scope.variables or reads_profiles(run.shell.value or ())


def may_be_unset(run: Run, name: str) -> bool:
    """Whether neither the file nor the base image, the builder or the shell give a variable a value.

    One that its name calls an addition (`$EXTRA_ARGS`) may be meant to be empty.
    """
    stage = run.stage
    if name in run.scope.variables or name in _of_the_file(stage.model) or _ITS_OWN.match(name):
        return False
    if name in _ALWAYS_SET or _ADDITION.search(name):
        return False
    if name in {mount.options.get("env") for mount in run.mounts} or is_set_by_base(stage, name):
        return False
    return is_bare(stage) or is_no_name_of_official(stage, name)


@once
def _of_the_file(model: Model) -> frozenset[str]:
    """What an ARG or an ENV of the file declares anywhere."""
    above = {word.text for argument in model.global_args for word, _ in argument.pairs}
    return badly_declared(model).union(setting_stages(model), above)


def _is_shown(command: Command) -> bool:
    """Whether a command only prints its text into the log of the build."""
    return command.name in ("echo", "printf") and not (command.nested or command.redirects or command.after == "|")
