"""What a script removes again: package lists, caches, by the managers' own commands or by `rm`."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, NamedTuple

from rules.dockerfile.managers.words import expanded, without_braces

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rules.dockerfile.shell import Script
    from rules.dockerfile.shell_command import Command


class Cleaning(NamedTuple):
    """One removal of what a package manager left.

    Attributes:
        manager: As in `PackageCall`; `dnf` stands for dnf, yum, microdnf and tdnf.
        what: `lists` for apt's package lists, `cache` for downloads and indexes.
        command: The command that removes it.
        order: Index in `Script.commands` of the command with which it happens: that one, or the last one for a `trap`.
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
_RPM = frozenset({"dnf", "dnf5", "yum", "microdnf", "tdnf"})
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


def cleans(script: Script, env: Mapping[str, str] | None = None) -> tuple[Cleaning, ...]:
    """Return which lists and caches a script removes, in order.

    Args:
        script: The script.
        env: Known values of environment variables and build arguments, which paths may use.
    """
    found: list[Cleaning] = []
    folder = ""
    for order, command in enumerate(script.commands):
        if command.name == "cd" and command.args and not command.nested:
            folder = _moved(folder, expanded(command.args[-1].value, {} if env is None else env))
        left = dict.fromkeys(_left(command, folder, {} if env is None else env))
        at = len(script.commands) - 1 if command.name == "trap" else order
        found += [Cleaning(manager, what, command, at) for manager, what in left]
    return tuple(found)


def _moved(folder: str, target: str) -> str:
    """Return the folder behind a `cd`; empty where that is not known."""
    if target[:1] in ("~", "$"):
        return target
    return "" if target == "-" else posixpath.normpath(posixpath.join(folder, target))


def _left(command: Command, folder: str, env: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield what one command removes; `folder` is where the last `cd` went."""
    if command.name in {"rm", "find"}:
        yield from _by_path([word.value for word in command.args], command.name, folder, env)
        return
    if command.name == "trap" and command.args and command.args[-1].value in _AT_THE_END:
        words = command.args[0].value.replace(";", " ").split()
        if "rm" in words:
            yield from _by_path(words, "rm", folder, env)
        return
    if command.name == "pacman" and any(word.value.startswith("-Sc") for word in command.args):
        yield "pacman", "cache"
    manager, verbs = _OWN_COMMANDS.get(command.name, ("", ()))
    if command.subcommand not in verbs:
        return
    rest = {word.value for word in command.args}
    if command.subcommand == "cache" and not rest & {"clean", "clear", "purge", "prune", "remove", "rm"}:
        return
    if manager == "dnf" and "all" not in rest:
        return  # `yum clean metadata` leaves the packages, `clean packages` the indexes
    if command.subcommand in ("distclean", "dist-clean"):
        yield manager, "lists"
    yield manager, "cache"


def _by_path(values: list[str], name: str, folder: str, env: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield what `rm` or `find … -delete` removes."""
    if name == "find" and not {"-delete", "rm"} & set(values):
        return
    words = [expanded(word, env) for word in values]
    for value in [each for word in words for each in (without_braces(word) if "{" in word else (word,))]:
        if folder and value[:1] not in ("/", "~", "$", "-", '"', "{"):
            path = f"{folder.rstrip('/')}/{value.removeprefix('./')}"
        else:
            path = value
        for pattern, left in _PATHS:
            if pattern.match(path):
                yield from left
