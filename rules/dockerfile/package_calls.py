"""Calls of package managers in a script: what is installed or removed, with which flags, from which files.

`package_calls` knows the command lines of apt, apk, dnf, yum, microdnf, tdnf, zypper, pacman, brew, pip, uv, pipx,
poetry, pipenv, pdm, conda, npm, pnpm, yarn, bun, gem, bundle, composer, go, cargo, dotnet, mix, mvn and swift;
`cleans` says which caches and lists a script removes.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from rules.dockerfile.managers import languages, node, python, system
from rules.dockerfile.managers.calls import Manager, Package, PackageCall
from rules.dockerfile.managers.cleaning import Cleaning, cleans
from rules.dockerfile.managers.specs import without_wildcard
from rules.dockerfile.managers.words import argument_words, assigned, expanded
from rules.dockerfile.shell.wrappers import base_name
from rules.dockerfile.swallowed import own_words
from rules.layered import extended

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rules.dockerfile.managers.calls import Action
    from rules.dockerfile.managers.options import Options
    from rules.dockerfile.shell.command import Command
    from rules.dockerfile.shell.script import Script
    from rules.dockerfile.shell.words import ShellWord

__all__ = ["Cleaning", "Package", "PackageCall", "cleans", "package_calls"]

_MANAGERS: dict[str, Manager] = {
    **dict.fromkeys(("apt", "apt-get", "aptitude", "apt-fast"), system.APT),
    **dict.fromkeys(("add-apt-repository", "apt-add-repository"), system.APT_ARCHIVE),
    "apk": system.APK,
    **dict.fromkeys(("dnf", "dnf5", "dnf-3"), system.DNF),
    "yum": system.YUM,
    "microdnf": system.MICRODNF,
    "tdnf": system.TDNF,
    "zypper": system.ZYPPER,
    "pacman": system.PACMAN,
    "brew": system.BREW,
    "pip": python.PIP,
    "uv": python.UV,
    "pipx": python.PIPX,
    "poetry": python.POETRY,
    "pipenv": python.PIPENV,
    "pdm": python.PDM,
    **dict.fromkeys(("conda", "mamba", "micromamba"), python.CONDA),
    "npm": node.NPM,
    "pnpm": node.PNPM,
    **dict.fromkeys(("yarn", "yarnpkg"), node.YARN),
    "bun": node.BUN,
    "gem": languages.GEM,
    **dict.fromkeys(("bundle", "bundler"), languages.BUNDLE),
    **dict.fromkeys(("composer", "composer.phar"), languages.COMPOSER),
    "go": languages.GO,
    "cargo": languages.CARGO,
    "dotnet": languages.DOTNET,
    "mix": languages.MIX,
    **dict.fromkeys(("mvn", "mvnw"), languages.MAVEN),
    "swift": languages.SWIFT,
}
_VERSIONED_PIP = re.compile(r"pip\d+(?:\.\d+)*$")
_VERSIONED_GO = re.compile(r"go\d+\.\d+(?:\.\d+)*$")
_PYTHON = re.compile(r"(?:python|pypy)\d*(?:\.\d+)*$|\$")
_MODULE_OPTION = re.compile(r"-[bBdEiIOPqsSuvx]*m")
"""`-m`, by itself or behind options without a value (`python --help`)."""
_PYTHON_MODULES = frozenset({"pip", "pipx", "uv", "poetry", "pipenv", "pdm"})
_TAKES_PACKAGES = frozenset({"install", "remove", "upgrade", "download", "sync"})
_ANSWERS = frozenset({"yes", "echo", "printf"})


class _Called(NamedTuple):
    """A manager found in a command: how to read it, the name it was called by, and its words."""

    manager: Manager
    name: str
    program: str
    words: tuple[ShellWord, ...]


def package_calls(script: Script, env: Mapping[str, str] | None = None) -> tuple[PackageCall, ...]:
    """Return the package manager calls of a script, in order.

    Args:
        script: The script.
        env: Known values of environment variables and build arguments. Words that use them are expanded, so
            `apt-get install $DEPS` yields the packages of a known `DEPS`; what the script itself sets or exports is
            known too.
    """
    known: Mapping[str, str] = {} if env is None else env
    calls: list[PackageCall] = []
    previous: Command | None = None
    for command in script.commands:
        known = assigned(command, known)
        called = _called(command, known)
        if called is not None:
            call = _read(called, command, _prefixed(command, known), answered=_is_answered(previous, command))
            known = _configured(call, known)
            calls.append(call)
        previous = command
    return tuple(calls)


def _called(command: Command, env: Mapping[str, str]) -> _Called | None:
    """Return the manager that a command calls, or `None`."""
    name = command.name
    if "$" in name and command.program is not None:
        name = base_name(expanded(command.program.value, env))
    named = _named(name)
    if named is not None:
        return _Called(*named, name, own_words(command.args))
    if _PYTHON.match(name):
        return _python_module(name, own_words(command.args))
    args = own_words(command.args) if name.startswith("php") else ()
    if args and base_name(args[0].value).startswith("composer"):
        return _Called(languages.COMPOSER, "composer", f"{name} {args[0].value}", args[1:])
    return None


def _named(name: str) -> tuple[Manager, str] | None:
    """Return the manager that a program is, and the name that it goes by without its version: `pip` for `pip3.12`."""
    manager = _MANAGERS.get(name)
    if manager is not None:
        return manager, name
    if _VERSIONED_PIP.match(name):
        return python.PIP, "pip"
    if _VERSIONED_GO.match(name):
        return languages.GO, "go"
    return None


def _python_module(name: str, args: tuple[ShellWord, ...]) -> _Called | None:
    """Return the manager behind `python -m …`, also written `-mpip` or `-Im pip`, or `None`."""
    for index, word in enumerate(args):
        option = _MODULE_OPTION.match(word.value)
        if option is not None:
            module, behind = word.value[option.end() :], args[index + 1 :]
            if not module and behind:
                module, behind = behind[0].value, behind[1:]
            return (
                _Called(_MANAGERS[module], module, f"{name} -m {module}", behind) if module in _PYTHON_MODULES else None
            )
        if word.value[:1] != "-":
            return None
    return None


def _read(called: _Called, command: Command, env: Mapping[str, str], *, answered: bool) -> PackageCall:
    """Read a manager's command line."""
    manager = called.manager
    words = argument_words(called.words, env)
    table = manager.options
    if manager.verb_options and words:
        table = manager.verb_options.get(words[0].value, table)
    options = table.read(words)
    _normalise(manager, options.operands)
    operands = options.operands
    verb, depth = _verb(manager, operands)
    action = _action(manager, verb, options)
    packages: tuple[Package, ...] = ()
    takes = action in _TAKES_PACKAGES or (manager is python.PIP and action == "build")
    if takes and verb not in manager.no_packages:
        packages = _packages(manager, verb, operands[depth:], options)
    manifests = manager.manifests(verb, options) if manager.manifests else ()
    for name in manager.manifest_options:
        manifests += options.values(name)
    if manager.package_options:
        manifests += tuple([package.name.split("[")[0] for package in packages if _is_project(package)])
    program = f"{called.program} pip" if verb.startswith("pip ") else called.program
    subcommand = operands[depth - 1] if depth else None
    return PackageCall(
        manager.name, program, action, verb, subcommand, command, packages, manifests, options, env, manager, answered
    )


_RPM_FAMILY = (system.DNF, system.YUM, system.MICRODNF, system.TDNF)


def _normalise(manager: Manager, operands: list[ShellWord]) -> None:
    """Take out operands that stand before the subcommand, or between its parts."""
    values = [operand.value for operand in operands[:3]]
    if manager is languages.CARGO and values and values[0].startswith("+"):
        del operands[0]
    elif manager is node.YARN and values[:1] == ["workspace"]:
        del operands[:2]
    elif manager is languages.MIX and values[:1] == ["do"]:
        operands[:] = [word._replace(value=word.value.rstrip(",")) for word in operands[1:]]
    elif manager is languages.DOTNET and values[:1] in (["add"], ["remove"]) and values[2:] == ["package"]:
        del operands[1]


def _verb(manager: Manager, operands: list[ShellWord]) -> tuple[str, int]:
    """Return the subcommand and how many operands it consists of."""
    if not operands or manager.flag_action is not None:
        return "", 0
    verb = operands[0].value
    if verb in manager.groups and len(operands) > 1:
        return f"{verb} {operands[1].value}", 2
    return verb, 1


def _action(manager: Manager, verb: str, options: Options) -> Action:
    if manager.flag_action is not None:
        return manager.flag_action(options)
    if not verb:
        return "other" if options.uses.keys() & _ASKS_ABOUT_ITSELF else manager.nothing
    if manager is languages.DOTNET and verb.endswith(".dll"):
        return "run"
    otherwise = "other" if verb.split(" ", 1)[0] in manager.groups else manager.otherwise
    return manager.actions.get(verb, otherwise)


_ASKS_ABOUT_ITSELF = frozenset({"--version", "-v", "--help", "-h"})


def _packages(manager: Manager, verb: str, operands: list[ShellWord], options: Options) -> tuple[Package, ...]:
    """Return what a call names, with the version that an option gives."""
    words = list(operands)
    for name in manager.package_options:
        words += [
            use.value_word._replace(text=use.value, value=use.value) for use in options.uses.get(name, ()) if use.value
        ]
    found = [package for word in words if word.value and (package := manager.package(word)) is not None]
    if verb == "build-dep" or (manager in _RPM_FAMILY and "group" in verb):
        found = [package._replace(kind="group") for package in found]
    if manager in _VERSION_OPTION:
        versions = options.values("--version")
        repository = options.values("--git")
        if versions:
            found = [package._replace(version=package.version or versions[-1]) for package in found]
        if repository:
            found = [package._replace(kind="vcs") for package in found]
    return tuple([without_wildcard(package, node=manager in _OF_NODE) for package in found])


_OF_NODE = (node.NPM, node.PNPM, node.YARN, node.BUN)
_VERSION_OPTION = (languages.GEM, languages.CARGO, languages.DOTNET)


def _is_project(package: Package) -> bool:
    return package.kind == "path" and not package.name.endswith((".whl", ".tar.gz", ".zip"))


def _is_answered(previous: Command | None, command: Command) -> bool:
    """Tell whether `yes |` stands before the command, or `<<< y` behind it."""
    if any(redirect.operator == "<<<" and _is_yes(redirect.target) for redirect in command.redirects):
        return True
    if previous is None or command.part == 0 or previous.pipeline != command.pipeline:
        return False
    return previous.name == "yes" or (previous.name in _ANSWERS and any(map(_is_yes, previous.args)))


def _is_yes(word: ShellWord | None) -> bool:
    return word is not None and word.value.strip().lower()[:1] == "y"


def _prefixed(command: Command, known: Mapping[str, str]) -> Mapping[str, str]:
    """Return the variables that a command sees: those known, and those set in front of it."""
    if not command.assignments:
        return known
    return extended(known, {name: expanded(word.value, known) for name, word in command.assignments})


_CONFIGURED = {
    ("pip", "global.no-cache-dir"): "PIP_NO_CACHE_DIR",
    ("bundle", "without"): "BUNDLE_WITHOUT",
    ("bundle", "deployment"): "BUNDLE_DEPLOYMENT",
    ("bundle", "frozen"): "BUNDLE_FROZEN",
    ("bundle", "gemfile"): "BUNDLE_GEMFILE",
    ("npm", "omit"): "NPM_CONFIG_OMIT",
    ("npm", "production"): "NPM_CONFIG_PRODUCTION",
}


def _configured(call: PackageCall, known: Mapping[str, str]) -> Mapping[str, str]:
    """Follow `bundle config set without …` and kin, which later calls of the script obey."""
    operands = [operand.value for operand in call.options.operands]
    if operands[:1] != ["config"]:
        return known
    rest = [value for value in operands[1:] if value != "set"]
    if len(rest) == 1:
        rest = rest[0].split("=", 1)
    variable = _CONFIGURED.get((call.manager, rest[0])) if len(rest) > 1 else None
    return extended(known, {variable: " ".join(rest[1:])}) if variable else known
