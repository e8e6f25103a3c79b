"""Restatements of the words of commands: options, quotes, packages, versions."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.restating.pieces import Piece, plain_runs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.model.model import Model

_PLAIN_WORD = re.compile(r"[\w./:@%+,=-]+")


def _table(text: str) -> dict[str, str]:
    """Read `-f --fail, …`: a word, and what stands for it."""
    return {old: new for old, _, new in (row.strip().partition(" ") for row in text.split(","))}


_OPTIONS = {
    "apt-get": _table("-y --yes, --yes -y, --assume-yes -y, -q --quiet"),
    "apk": _table("-U --update-cache, -t --virtual, --virtual -t, -q --quiet"),
    "dnf": _table("-y --assumeyes, -q --quiet"),
    "yum": _table("-y --assumeyes, -q --quiet"),
    "pip": _table("-r --requirement, -U --upgrade, -q --quiet, -e --editable, -c --constraint"),
    "npm": _table("-g --global, --global -g"),
    "curl": _table(
        "-f --fail, -s --silent, -S --show-error, -L --location, -o --output, -O --remote-name, -k --insecure, "
        "-fsSL --fail --silent --show-error --location, -sSL -s -S -L, -sL --silent --location, -LO -L -O, "
        "-LsSf -fsSL, -sS --silent --show-error, -Lo -L -o, -fsSLO -f -s -S -L -O, -fsS --fail -sS"
    ),
    "wget": _table("-q --quiet, -O --output-document, -qO- -q -O -, -qO -q -O, -P --directory-prefix"),
    "rm": _table("-rf -fr, -fr -r -f, -Rf -rf"),
    "mkdir": _table("-p --parents"),
    "git": _table("-b --branch"),
    "useradd": _table(
        "-u --uid, -m --create-home, -r --system, -s --shell, -g --gid, -d --home-dir, -G --groups, "
        "-M --no-create-home, --uid -u, --gid -g, --system -r, --create-home -m, --shell -s"
    ),
    "groupadd": _table("-g --gid, -r --system, --gid -g, --system -r"),
    "tar": _table("xzf -xzf, -xzf -x -z -f, xvf -xvf, xf -xf, zxf -zxf, -xvzf -xzvf"),
}
"""The same option in other words, of the programs on Debian; BusyBox has some of them too."""
_SAME = {"pip3": "pip"}


def options(model: Model) -> Iterator[Piece]:
    """Options of well-known programs in their other form."""
    for run in plain_runs(model):
        for command in run.commands:
            known = _OPTIONS.get(_SAME.get(command.name, command.name), {})
            if command.name == "git" and "clone" not in [word.value for word in command.args]:
                continue
            for word in command.args:
                text = known.get(word.text)
                if text is not None:
                    yield Piece(word.start, word.end, text)


def options_first(model: Model) -> Iterator[Piece]:
    """`apt-get install -y` as `apt-get -y install`, and `install` at once behind `npm`'s short form."""
    for run in plain_runs(model):
        for command in run.commands:
            words = command.args
            if command.name in ("apt-get", "dnf", "yum") and len(words) > 1 and words[0].text == "install":
                if words[1].text in ("-y", "-yq", "-qy", "-qq"):
                    yield Piece(words[0].start, words[1].end, f"{words[1].text} install")
            elif command.name == "npm" and words and words[0].text in ("i", "install"):
                yield Piece(words[0].start, words[0].end, "install" if words[0].text == "i" else "i")


def quotes_added(model: Model) -> Iterator[Piece]:
    """Double quotes around the plain arguments of commands."""
    for run in plain_runs(model):
        for command in run.commands:
            if command.nested or not command.program or command.program.text in ("[", "[[", "test"):
                continue
            for word in command.args:
                plain = word.text == word.value and _PLAIN_WORD.fullmatch(word.text) and word.literal
                if plain and not word.text.startswith("-"):
                    yield Piece(word.start, word.end, f'"{word.text}"')


def quotes_removed(model: Model) -> Iterator[Piece]:
    """No quotes around words that need none."""
    for run in plain_runs(model):
        for command in run.commands:
            for word in command.args if not command.nested else ():
                inner = word.text[1:-1]
                if word.text[:1] in "'\"" and word.text[-1:] == word.text[:1] and _PLAIN_WORD.fullmatch(inner):
                    yield Piece(word.start, word.end, inner)


def packages_sorted(model: Model) -> Iterator[Piece]:
    """The packages of an install sorted, one on each line."""
    for run in plain_runs(model):
        for command in run.commands:
            if (command.name, command.subcommand) not in (("apt-get", "install"), ("apk", "add"), ("dnf", "install")):
                continue
            names = []
            for word in reversed(command.args):
                if not re.fullmatch(r"[a-z0-9][\w.+:=~*-]*", word.text) or word.value == command.subcommand:
                    break
                names.append(word)
            before = command.args[len(command.args) - len(names) - 1] if len(names) < len(command.args) else None
            if before is not None and before.value in ("-t", "--virtual", "-o", "-X", "-p"):
                names = names[:-1]
            if len(names) < 2:
                continue
            cut = model.source.text[names[-1].start : names[0].end]
            if "#" in cut or command.redirects:
                continue
            text = " \\\n        ".join(sorted(word.text for word in names))
            yield Piece(names[-1].start, names[0].end, text)


_VERSION = re.compile(r"(?<![\w.$-])v?(\d+\.\d+(?:\.\d+)*)(?![\w.])|(?<=[=@/-])v?(\d+\.\d+\.\d+)(?![\w.])")


def _named(model: Model, keyword: str) -> Iterator[Piece]:
    number = 0
    for run in plain_runs(model):
        one = run.instruction
        if "'" in one.text:
            continue
        for command in run.commands:
            for word in command.args if not command.nested else ():
                found = _VERSION.search(word.text)
                if not found or not word.literal or word.text != word.value or command.heredoc is not None:
                    continue
                number += 1
                group = 1 if found[1] else 2
                name = f"TOOL_{number}_VERSION"
                first = min([one.span.start, *(comment.span.start for comment in one.comments)])
                yield Piece(first, first, f"{keyword} {name}={found[group]}\n")
                start = word.start + found.start(group)
                yield Piece(start, start + len(found[group]), f"${{{name}}}")
                break


def version_in_arg(model: Model) -> Iterator[Piece]:
    """A version that a command names as an ARG above it."""
    return _named(model, "ARG")


def version_in_env(model: Model) -> Iterator[Piece]:
    """A version that a command names as an ENV above it."""
    return _named(model, "ENV")
