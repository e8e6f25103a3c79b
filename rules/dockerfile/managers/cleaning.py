"""What a script removes again: package lists, caches, by the managers' own commands or by `rm`."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, NamedTuple

from rules.dockerfile.managers.words import assigned, expanded, without_braces

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rules.dockerfile.shell.command import Command
    from rules.dockerfile.shell.script import Script


class Cleaning(NamedTuple):
    """One removal of what a package manager left.

    Attributes:
        manager: As in `PackageCall`; `dnf` stands for dnf, yum, microdnf and tdnf.
        what: `lists` for apt's package lists, `cache` for downloads and indexes.
        command: The command that removes it.
        order: Index in `Script.commands` of the command with which it happens: that one, the last call of a function
            whose body it stands in, or the last one for a `trap`.
    """

    manager: str
    what: str
    command: Command
    order: int


# Paths that hold what managers leave, as they are written in Dockerfiles. The home folder has many names.
_HOME = r"(?:~|/root|\$HOME|\$\{HOME\}|/home/[^/]+)"
_PATHS: tuple[tuple[re.Pattern[str], tuple[tuple[str, str], ...]], ...] = tuple(
    (re.compile(pattern), left)
    for pattern, left in (
        (
            r"/var/lib/apt(?:/list(?:s\*?|\*))?(?:/\*+(?:[._]\*)?)?/?$|/var/lib/(?:apt/?\*|\{[^}]*apt[^}]*\}.*)$",
            (("apt", "lists"),),
        ),
        (r"/var/cache/apt(?:/\*|/archives.*)?/?$", (("apt", "cache"),)),
        (r"/var/cache/apk(?:/\*)?/?$|/etc/apk/cache.*$", (("apk", "cache"),)),
        (r"/var/cache/(?:dnf|yum|libdnf5|tdnf|microdnf)(?:/.*)?$|/var/lib/dnf.*$", (("dnf", "cache"),)),
        (r"/var/cache/zypp(?:er)?(?:/.*)?$", (("zypper", "cache"),)),
        (r"/var/cache/pacman(?:/.*)?$", (("pacman", "cache"),)),
        (
            r"/var/cache(?:/\*)?/?$",
            (("apt", "cache"), ("apk", "cache"), ("dnf", "cache"), ("zypper", "cache"), ("pacman", "cache")),
        ),
        (rf"{_HOME}/\.cache(?:/\*)?/?$", (("pip", "cache"), ("uv", "cache"), ("poetry", "cache"), ("yarn", "cache"))),
        (rf"{_HOME}/\.cache/pip(?:/\*)?/?$", (("pip", "cache"),)),
        (rf"{_HOME}/\.cache/uv(?:/\*)?/?$", (("uv", "cache"),)),
        (rf"{_HOME}/\.cache/pypoetry(?:/.*)?$", (("poetry", "cache"),)),
        (rf"{_HOME}/\.npm(?:/.*)?$", (("npm", "cache"),)),
        (rf"{_HOME}/\.cache/(?:yarn|node)(?:/.*)?$|/usr/local/share/\.cache(?:/.*)?$", (("yarn", "cache"),)),
        (rf"{_HOME}/\.(?:composer|cache/composer)(?:/cache)?(?:/\*)?/?$", (("composer", "cache"),)),
        (r"(?:/usr/local/cargo|.*\.cargo|\$\{?CARGO_HOME\}?)/(?:registry|git)(?:/.*)?$", (("cargo", "cache"),)),
        (r"(?:/go|\$\{?GOPATH\}?|/root/go)/pkg(?:/.*)?$", (("go", "cache"),)),
        (r"(?:/opt/conda|\$\{?CONDA_DIR\}?)/pkgs(?:/.*)?$", (("conda", "cache"),)),
        (r".*/(?:bundle|gems)/(?:.*/)?cache(?:/.*)?$", (("bundle", "cache"), ("gem", "cache"))),
    )
)
_FOLDERS = {
    "pip cache dir": (("pip", "cache"),),
    "yarn cache dir": (("yarn", "cache"),),
    "npm config get cache": (("npm", "cache"),),
    "pnpm store path": (("pnpm", "cache"),),
    "uv cache dir": (("uv", "cache"),),
}
"""Commands that tell a manager's folder, as in `rm -rf "$(yarn cache dir)"`."""
_ASKED = re.compile("|".join(_FOLDERS))
_RPM = frozenset({"dnf", "dnf5", "yum", "microdnf", "tdnf"})
_BETWEEN = re.compile(r"&&|\|\||[;\n]")
"""What parts commands."""
_AT_THE_END = frozenset({"EXIT", "0"})
"""Signals of a `trap` whose command runs when the shell ends."""

_OWN_COMMANDS: dict[str, tuple[str, tuple[str, ...]]] = {
    **dict.fromkeys(_RPM, ("dnf", ("clean",))),
    "apt-get": ("apt", ("clean", "autoclean", "distclean", "dist-clean")),
    "apt": ("apt", ("clean", "autoclean", "distclean", "dist-clean")),
    "aptitude": ("apt", ("clean", "autoclean")),
    "apk": ("apk", ("cache",)),
    "zypper": ("zypper", ("clean", "cc")),
    "pip": ("pip", ("cache",)),
    "pip3": ("pip", ("cache",)),
    "uv": ("uv", ("cache",)),
    "poetry": ("poetry", ("cache",)),
    "npm": ("npm", ("cache",)),
    "pnpm": ("pnpm", ("store",)),
    "yarn": ("yarn", ("cache", "autoclean")),
    "bun": ("bun", ("pm",)),
    "composer": ("composer", ("clear-cache", "clearcache", "cc")),
    "go": ("go", ("clean",)),
    "conda": ("conda", ("clean",)),
    "mamba": ("conda", ("clean",)),
    "micromamba": ("conda", ("clean",)),
    "dotnet": ("dotnet", ("nuget",)),
    "bundle": ("bundle", ("clean",)),
    "gem": ("gem", ("cleanup",)),
}
_CLEANERS = frozenset({*_OWN_COMMANDS, "rm", "find", "pacman", "trap", "eval"})
"""Commands that may remove something."""


def cleans(script: Script, env: Mapping[str, str] | None = None) -> tuple[Cleaning, ...]:
    """Return which lists and caches a script removes, in order.

    Args:
        script: The script.
        env: Known values of environment variables and build arguments, which paths may use; what the script itself
            sets is known too.
    """
    known: Mapping[str, str] = {} if env is None else env
    found: list[Cleaning] = []
    folders, texts = {-1: ""}, {-1: -1}
    bodies = _order_of_bodies(script)
    for order, command in enumerate(script.commands):
        known = assigned(command, known)
        text = command.handed_by
        folder = folders.setdefault(text, folders[texts.get(text, -1)])
        texts[command.start] = text
        if command.name == "cd" and command.args and (text >= 0 or not command.nested):
            folders[text] = folder = _moved(folder, expanded(command.args[-1].value, known))
        left = dict.fromkeys(_left(script, order, folder, known))
        if left:
            at = len(script.commands) - 1 if command.name == "trap" else bodies.get(order, order)
            at = bodies.get(at, at)
            found += [Cleaning(manager, what, command, at) for manager, what in left]
    return tuple(found)


def _order_of_bodies(script: Script) -> dict[int, int]:
    """Return with which command those in the body of a function happen, by index: with its last call, if there is one.

    A function that another one calls happens with that call; this is followed once.
    """
    if not script.functions:
        return {}
    called: dict[str, int] = {}
    for order, command in enumerate(script.commands):
        called[command.name] = order
        if _is_at_the_end(command):
            names = command.args[0].value.replace(";", " ").split()
            called.update(dict.fromkeys(names, len(script.commands) - 1))
    found: dict[int, int] = {}
    for function in script.functions:  # inner ones come first
        at = called.get(function.name, -1)
        if at >= function.end:
            for order in range(function.first, function.end):
                found.setdefault(order, at)
    return found


def _is_at_the_end(command: Command) -> bool:
    """Whether a `trap` runs something when the shell ends."""
    return command.name == "trap" and bool(command.args) and command.args[-1].value in _AT_THE_END


def _moved(folder: str, target: str) -> str:
    """Return the folder behind a `cd`; empty where that is not known."""
    if target[:1] in ("~", "$"):
        return target
    return "" if target == "-" else posixpath.normpath(posixpath.join(folder, target))


def _left(script: Script, order: int, folder: str, env: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield what one command removes; `folder` is where the last `cd` went."""
    command = script.commands[order]
    if command.name not in _CLEANERS and "$" not in command.name:
        return
    values = [word.value for word in command.args]
    if command.name == "rm" and "xargs" in command.wrappers and command.part and order:
        values = ["-delete", *(word.value for word in script.commands[order - 1].args)]
        yield from _by_path(values, "find", folder, env)
    elif _is_at_the_end(command):
        yield from _in_text(values[0], folder, env)
    elif command.name == "eval" or "$" in command.name:
        words = command.args if command.name == "eval" else command.words
        yield from _in_text(expanded(" ".join([word.value for word in words]), env), folder, env)
    else:
        yield from _of_command(command.name, values, folder, env)


def _in_text(text: str, folder: str, env: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield what the commands of a text remove that was not read as a script."""
    for part in _BETWEEN.split(text):
        name, *values = part.split() or [""]
        yield from _of_command(name, values, folder, env)


def _of_command(name: str, values: list[str], folder: str, env: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    if name in {"rm", "find"}:
        yield from _by_path(values, name, folder, env)
        return
    if name == "pacman" and any(value.startswith("-Sc") for value in values):
        yield "pacman", "cache"
    manager, verbs = _OWN_COMMANDS.get(name, ("", ()))
    verb = next((value for value in values if value[:1] != "-"), "")
    if verb not in verbs:
        return
    if verb == "cache" and {"clean", "clear", "purge", "prune", "remove", "rm"}.isdisjoint(values):
        return
    if manager == "dnf" and "all" not in values:
        return  # `yum clean metadata` leaves the packages, `clean packages` the indexes
    if verb in ("distclean", "dist-clean"):
        yield manager, "lists"
    yield manager, "cache"


def _by_path(values: list[str], name: str, folder: str, env: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield what `rm` or `find … -delete` removes."""
    if name == "find" and not {"-delete", "rm"} & set(values):
        return
    yield from (left for word in values if (asked := _ASKED.search(word)) for left in _FOLDERS[asked[0]])
    words = [expanded(word, env) for word in values]
    for value in [each for word in words for each in (without_braces(word) if "{" in word else (word,))]:
        if folder and value[:1] not in ("/", "~", "$", "-", '"', "{"):
            path = f"{folder.rstrip('/')}/{value.removeprefix('./')}"
        else:
            path = value
        for pattern, left in _PATHS:
            if pattern.match(path):
                yield from left
