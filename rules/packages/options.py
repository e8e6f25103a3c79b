"""Edits of a package manager's command line."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rules.packages.versions.tools import has_modern_yarn
from rules.repairs import as_root, delete_word, fix, insert, replace

if TYPE_CHECKING:
    from rules.dockerfile.package_calls import PackageCall
    from rules.dockerfile.shell.words import ShellWord
    from rules.model.steps import Run
    from rules.problem import Edit, Fix


_OPTIONS_UNKNOWN = re.compile(r"^\$(?:[@*]$|\{?\w*(?:OPT|FLAG|ARGS|YES))", re.IGNORECASE)


def spelled(call: PackageCall) -> str:
    """Return program and subcommand as a person says them: `apt-get install`, `uv pip install`."""
    return f"{call.program} {call.verb.removeprefix('pip ')}".strip()


def has_unknown_options(call: PackageCall) -> bool:
    """Tell whether a variable of unknown value may hold options: it is named like them, or a function's arguments."""
    return any(_OPTIONS_UNKNOWN.search(word.value) for word in (*call.options.operands, *call.command.args))


def but_for_its_dashes(call: PackageCall, option: str) -> ShellWord | None:
    """Return the word of a call that is an option but for the number of its dashes: `---frozen-lockfile`."""
    name = option.lstrip("-")
    return next((word for word in call.command.args if word.value[:1] == "-" and word.value.lstrip("-") == name), None)


def add_option(run: Run, call: PackageCall, option: str) -> Edit | None:
    """Write an option behind a call's subcommand, in an exec form as a string of its own.

    Where the call says the contrary, its last word on it is replaced: beside `--no-x`, `--x` would have no effect.

    Returns:
        The edit, or `None` where the subcommand is not written out: it comes from a variable, or there is none.
    """
    source = run.instruction.source
    if call.turned(option) is False:
        return _reversed(run, call, option)
    word = call.subcommand
    if word is None and call.manager == "yarn" and call.action == "install":
        word = call.command.program  # `yarn` alone installs
    if word is None or word.value not in source.cut(word.span):
        return None
    if run.script.is_array and not call.command.nested:
        return insert(source, word.span.end, "".join(f', "{part}"' for part in option.split(" ")))
    return insert(source, word.span.end, f" {option}")


def _reversed(run: Run, call: PackageCall, option: str) -> Edit | None:
    """Write an option in the place of what switches it off."""
    source, said = run.instruction.source, call.last_use(option)
    if said is None or said.value_word is not said.word or run.instruction.exec_form is not None:
        return None
    return replace(source, said.word.span, option) if source.cut(said.word.span) == said.word.value else None


LOCKED = {
    "uv": "--locked",
    "pnpm": "--frozen-lockfile",
    "yarn": "--frozen-lockfile",
    "bun": "--frozen-lockfile",
    "pipenv": "--deploy",
    "cargo": "--locked",
}
"""Package manager to the option with which it stops when the lock file does not fit."""


def locked_option(run: Run, call: PackageCall) -> str:
    """Return the option with which an install stops when the lock file does not fit, in the words of its version."""
    return "--immutable" if has_modern_yarn(run, call) else LOCKED[call.manager]


def hold_to_lock(run: Run, call: PackageCall) -> Edit | None:
    """Make an install stop when the lock file does not fit: `npm ci`, `--locked`; `None` where it cannot be written."""
    if call.manager != "npm":
        return add_option(run, call, locked_option(run, call)) if call.manager in LOCKED else None
    word, source = call.subcommand, run.instruction.source
    if word is None or word.value not in source.cut(word.span) or call.has("--force", "--save", "--save-dev"):
        return None
    return replace(source, word.span, source.cut(word.span).replace(word.value, "ci"))


def delete_option(run: Run, word: ShellWord) -> Edit | None:
    """Delete an option that is a word of its own; `None` in an exec form, or where a variable holds it."""
    source = run.instruction.source
    if run.instruction.exec_form is not None or source.cut(word.span) != word.value:
        return None
    return delete_word(source, word.span)


def fetching_first(run: Run, call: PackageCall) -> Fix | None:
    """Put `apt-get update` in front of an install; `None` where a condition or an exec form decides what runs."""
    if (
        run.instruction.exec_form is not None
        or call.command.conditional
        or call.command.before not in ("", "&&", ";", "\n")
    ):
        return None
    source, joint = run.instruction.source, "\n" if run.instruction.heredocs else " && "
    return fix(
        "Fetch the lists first", insert(source, call.command.start, f"{as_root(call.command)}apt-get update{joint}")
    )
