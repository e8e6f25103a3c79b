"""What bash has and a plain shell does not know, and where a RUN uses it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rules.dockerfile.shell.options import MAY_HOLD_ONE
from rules.facts.distributions import lacks_pipefail

if TYPE_CHECKING:
    from rules.api import Construct, Run

NAMES = {
    "double-bracket": "`[[ … ]]`",
    "arithmetic-command": "`(( … ))`",
    "c-style-for": "`for ((…))`",
    "select": "`select`",
    "function-keyword": "the keyword `function`",
    "here-string": "`<<<`",
    "process-substitution": "`<( … )`",
    "ampersand-redirect": "`&>`",
    "pipe-ampersand": "`|&`",
    "array": "an array",
    "append": "`+=`",
    "brace-expansion": "`{…}` for several words",
    "ansi-c-quote": "`$'…'`",
    "replacement": "`${…/…/…}`",
    "substring": "`${…:…}`",
    "case-modification": "`${…^^}`",
    "indirection": "`${!…}`",
    "double-equals": "`==` in a test",
    "pipefail": "`set -o pipefail`",
    "transformation": "`${…@…}`",
    "both-outputs": "`>&` with a file",
    "error-trap": "`trap` with `ERR` or its like",
    "read-array": "`read` with an option of bash's",
    "read-option": "`read` with an option of bash's",
    "export-function": "`export -f`",
    "printf-variable": "`printf -v`",
    "type-option": "`type` with an option",
    "wait-next": "`wait -n`",
    "echo-option": "`echo -e`",
    **{name: f"`{name}`" for name in ("source", "pushd", "declare", "shopt", "let", "mapfile")},
}
_OPTIONS = frozenset(
    "error-trap read-array read-option export-function printf-variable type-option wait-next echo-option".split()
)
STOPS = _OPTIONS | frozenset(
    "array source pushd declare shopt mapfile pipefail replacement substring transformation both-outputs".split()
)
"""What a plain shell refuses or does not find; the rest may also mean something else to it."""
SURELY = frozenset(
    "double-bracket array source pushd declare shopt mapfile here-string c-style-for process-substitution".split()
)
"""Of a script: what a plain shell does not take for something else that may be meant."""
KNOWN_TO_ASH = frozenset(
    "double-bracket process-substitution source ansi-c-quote replacement substring ampersand-redirect function-keyword "
    "double-equals pipefail let read-option printf-variable type-option wait-next echo-option both-outputs".split()
)
"""What busybox takes over from bash (its `ASH_BASH_COMPAT`, which Alpine switches on)."""
_SIGNS = ("((", "<<<", "|&", "=(", "+=", "${!", "<(", ">(", "&>", "$'")
_OUTSIDE = {
    "busybox": re.compile(r"(?<!\$)\(\(|<<<|\|&|=\(|\+=|\$\{!"),
    "dash": re.compile(r"(?<!\$)\(\(|<<<|\|&|=\(|\+=|\$\{!|[<>]\(|&>|(?<![^\s=])\$'"),
}
"""What may be one of the constructs that a shell does not know, other than expansions and commands."""
_IN_BRACES = re.compile(r"\$\{\w+(?:\[|/|:[\s0-9$(]|\^|,)|\{[^{}\s]*(?:,|\.\.)[^{}\s]*\}")
_KEYWORDS = re.compile(r"\b(?:select|function)\s")
_COMMANDS = {
    "busybox": ("pushd", "popd", "dirs", "declare", "typeset", "shopt", "mapfile", "readarray"),
    "dash": tuple("pushd popd dirs declare typeset shopt mapfile readarray source let [[ set".split()),
}
_NO_EXPANSION = re.compile(r"\{\d+,\d*\}|[\"']|://")
"""Braces that are meant as they are: a count in a pattern, JSON, a URL whose braces curl reads."""

_TAKE_NAMES = frozenset(
    "apk apt apt-get cat chgrp chmod chown cp diff dnf dpkg echo gem gunzip gzip head install ln ls microdnf mkdir "
    "mkfifo mv pip pip3 printf rm rmdir rpm rsync sha256sum shred strip tail tar tee touch truncate unlink unzip "
    "useradd wc wget xz yum zip zypper".split()
)
"""Commands for which braces mean nothing: others expand patterns by themselves (`prettier 'src/*.{js,ts}'`), or take
lists in braces (`helm --set hosts={a,b}`), of which bash would make several words."""


def first_unknown(run: Run, shell: str) -> Construct | None:
    """Return the first construct of a RUN that its shell does not know.

    Args:
        run: The RUN; its script is one for `sh`.
        shell: What `/bin/sh` is: `dash` or `busybox`.
    """
    code = run.instruction.whole_value
    if not _may_hold_one(run, code, shell):
        return None
    for found in run.script.constructs:
        if found.kind in NAMES and found.dialect == "sh" and not (_knows(run, shell, found) or _is_meant(run, found)):
            return found
    return None


def _knows(run: Run, shell: str, found: Construct) -> bool:
    """Whether the shell has taken a construct over from bash, or from POSIX, which has `pipefail` since 2024."""
    if shell == "busybox":
        return found.kind in KNOWN_TO_ASH
    runtime = run.stage.runtime
    return found.kind == "pipefail" and not lacks_pipefail(runtime.distribution, runtime.release)


def _may_hold_one(run: Run, code: str, shell: str) -> bool:
    """Tell in little time whether it is worth while to look for what a plain shell does not know."""
    if any(sign in code for sign in _SIGNS) and _OUTSIDE[shell].search(code) is not None:
        return True
    if MAY_HOLD_ONE.search(code) is not None:
        return True
    if "{" in code and _IN_BRACES.search(code) is not None:
        return True
    if ("select" in code or "function" in code) and _KEYWORDS.search(code) is not None:
        return True
    called = run.calls(*_COMMANDS[shell])
    if any(command.name != "set" or "pipefail" in code for command in called):
        return True
    return shell == "dash" and any(word.value == "==" for c in run.calls("[", "test") for word in c.args)


def _is_meant(run: Run, found: Construct) -> bool:
    """Whether a plain shell does what is meant: braces stay as they are, or what is tried may fail."""
    if found.kind == "brace-expansion":
        return _NO_EXPANSION.search(found.source.text, found.start, found.end) is not None or _is_read(run, found)
    if found.kind in _OPTIONS:
        return any(c.start <= found.start < c.end and c.after == "||" for c in run.commands)
    if found.kind == "pipefail":
        return any(c.start == found.start and (c.conditional or c.nested or c.after == "||") for c in run.commands)
    return False


def _is_read(run: Run, found: Construct) -> bool:
    """Whether a command may read the braces of its own accord; only a shell makes a sequence of `{1..9}`."""
    if ".." in found.source.text[found.start : found.end]:
        return False
    around = [command for command in run.commands if command.start <= found.start < command.end]
    return bool(around) and min(around, key=lambda one: one.end - one.start).name not in _TAKE_NAMES
