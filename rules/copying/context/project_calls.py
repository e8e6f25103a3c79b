"""Commands that work on the project in the folder in which they are called."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rules.api import Command, Run

_VERBS = {
    "npm": frozenset("ci i install run run-script test build exec".split()),
    "pnpm": frozenset("i install run build test deploy".split()),
    "yarn": frozenset("install run build test".split()),
    "bun": frozenset("install run build test".split()),
    "composer": frozenset("install i update dump-autoload run run-script".split()),
    "cargo": frozenset("build b test run check".split()),
    "go": frozenset("build test generate vet".split()),
    "dotnet": frozenset("restore build publish test".split()),
    "bundle": frozenset("install exec".split()),
    "poetry": frozenset("install run".split()),
    "uv": frozenset({"sync"}),
    "git": frozenset("checkout submodule reset apply am pull".split()),
    "mvn": frozenset("compile install package test verify clean dependency:resolve dependency:go-offline".split()),
}
_TOOLS = frozenset({"make", "ninja", "gradle"})
_ELSEWHERE = (
    "-C",
    "-f",
    "-g",
    "--global",
    "--prefix",
    "--cwd",
    "--dir",
    "--directory",
    "--file",
    "--manifest-path",
    "--project",
    "--gemfile",
    "--working-dir",
    "--project-dir",
    "--git-dir",
    "--work-tree",
    "-d",
    "-p",
)
"""Options that lead to another folder, or leave the project alone."""
_TAKE_PACKAGES = frozenset({"npm", "pnpm", "bun"})
_LEADS = {
    "bundle": ("BUNDLE_GEMFILE",),
    "composer": ("COMPOSER",),
    "git": ("GIT_DIR", "GIT_WORK_TREE"),
    "make": ("MAKEFLAGS", "MAKEFILES"),
    "uv": ("UV_PROJECT", "UV_WORKING_DIR", "UV_WORKING_DIRECTORY"),
}
"""Variables that lead a program to a project elsewhere (the manuals of Bundler, Composer, git, GNU make and uv)."""
_REMOTE = re.compile(r"@|://")
"""A package of its own, not the project: `go build example.com/till@v1`."""


def is_led_elsewhere(run: Run, command: Command) -> bool:
    """Tell whether a variable says where the project of a command lies, whatever folder it runs in."""
    names = _LEADS.get(command.name, ())
    return any(run.scope.get(name) is not None or f"{name}=" in run.instruction.whole_value for name in names)


def calls_project(command: Command) -> bool:
    """Tell whether a command needs the project's files in the folder in which it runs, and names no other folder."""
    program = command.called
    if program.startswith("./"):
        return True
    if command.has(*_ELSEWHERE):
        return False
    words = [word.value for word in command.operands()]
    if command.name != "git" and any(word.startswith(("/", "~", "$")) or _REMOTE.search(word) for word in words):
        return False
    if command.name == "yarn" and not words:
        return True
    if command.name in _TAKE_PACKAGES and words[:1] in (["install"], ["i"]) and len(words) > 1:
        return False  # `npm install left-pad` makes a project where there is none
    return command.name in _TOOLS or (bool(words) and words[0] in _VERBS.get(command.name, ()))
