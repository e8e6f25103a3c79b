"""What in a command not every shell understands: bash's additions to the POSIX shell."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rules.dockerfile.shell.blocks import Construct
from rules.dockerfile.shell.options import bash_options

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rules.dockerfile.shell.command import Command
    from rules.dockerfile.shell.words import Redirect, ShellWord

_BUILTINS = {
    "source": "source",
    "pushd": "pushd",
    "popd": "pushd",
    "dirs": "pushd",
    "declare": "declare",
    "typeset": "declare",
    "shopt": "shopt",
    "let": "let",
    "mapfile": "mapfile",
    "readarray": "mapfile",
    "compgen": "compgen",
    "enable": "enable",
    "caller": "caller",
    "disown": "disown",
}
_OPERATORS = {"<<<": "here-string", "&>": "ampersand-redirect", "&>>": "ampersand-redirect"}
# Inside a word, outside single quotes; the expansions also inside double quotes.
_SINGLE_QUOTED = re.compile(r"(?<!\$)'[^']*'")
_ALL_QUOTED = re.compile(r"\"(?:[^\"\\]|\\.)*+\"|\\.", re.DOTALL)
_IN_EXPANSION = (
    ("replacement", re.compile(r"\$\{[A-Za-z_]\w*(?:\[[^\]]*\])?/")),
    ("substring", re.compile(r"\$\{[A-Za-z_]\w*:\s*(?:[0-9$( ])")),
    ("case-modification", re.compile(r"\$\{[A-Za-z_]\w*(?:\^\^?|,,?)")),
    ("indirection", re.compile(r"\$\{![A-Za-z_]")),
    ("transformation", re.compile(r"\$\{[A-Za-z_]\w*@[A-Za-z]\}")),
    ("array", re.compile(r"\$\{#?[A-Za-z_]\w*\[")),
    (
        "bash-variable",
        re.compile(r"\$\{?(?:BASH_[A-Z_]+|BASHPID|RANDOM|SECONDS|EPOCH\w+|FUNCNAME|DIRSTACK|HOSTTYPE)\b"),
    ),
)
_BARE = (
    ("ansi-c-quote", re.compile(r"\$'")),
    ("process-substitution", re.compile(r"[<>]\(")),
    ("brace-expansion", re.compile(r"(?<!\$)\{(?:[^{}\s,]*,[^{}\s]*|[A-Za-z0-9]+\.\.[A-Za-z0-9]+)\}")),
    ("array", re.compile(r"^[A-Za-z_]\w*\+?=\(")),
    ("append", re.compile(r"^[A-Za-z_]\w*\+=")),
)
_HAS_ANY = re.compile(r"[$({<>]|\+=")


def command_constructs(command: Command, dialect: str) -> list[Construct]:
    """Return what in a command not every shell understands, in order; see `Script.constructs` for the kinds."""
    found: list[Construct] = []
    kind = _BUILTINS.get(command.name)
    if kind is not None and command.program is not None and (command.args or kind == "pushd"):
        found.append(_at(kind, command.program, dialect))
    if command.name in {"[", "test"}:
        found += [_at("double-equals", word, dialect) for word in command.args if word.text == "=="]
    if command.name == "set" and any(word.value == "pipefail" for word in command.args):
        found.append(_at("pipefail", command.words[0], dialect))
    found += [_at(name, word, dialect) for name, word in bash_options(command)]
    found += redirect_constructs(command.redirects, dialect)
    if command.before == "|&":
        found.append(Construct("pipe-ampersand", command.start, command.end, command.source, dialect))
    targets = [redirect.target for redirect in command.redirects if redirect.target is not None]
    found += word_constructs((*command.words, *targets), dialect)
    return sorted(found, key=lambda construct: construct.start)


def word_constructs(words: Iterable[ShellWord], dialect: str) -> list[Construct]:
    """Return what in some words, such as those of a `for`, not every shell understands."""
    return [_at(kind, word, dialect) for word in words for kind in _of_word(word)]


def redirect_constructs(redirects: Iterable[Redirect], dialect: str) -> list[Construct]:
    """Return the redirections that not every shell understands."""
    return [Construct(kind, each.start, each.end, each.source, dialect) for each in redirects if (kind := _kind(each))]


def _kind(redirect: Redirect) -> str | None:
    """Return what kind of addition a redirection is; `>&` is one in front of a file's name alone."""
    if redirect.operator == ">&" and redirect.fd is None and redirect.target is not None:
        return "both-outputs" if re.match(r"[./\w]*[./A-Za-z]", redirect.target.value) else None
    return _OPERATORS.get(redirect.operator)


def _at(kind: str, word: ShellWord, dialect: str) -> Construct:
    return Construct(kind, word.start, word.end, word.source, dialect)


def _of_word(word: ShellWord) -> Iterator[str]:
    text = word.text
    if not _HAS_ANY.search(text):
        return
    text = _SINGLE_QUOTED.sub("''", text)
    for kind, pattern in _IN_EXPANSION:
        if pattern.search(text):
            yield kind
    bare = _ALL_QUOTED.sub('""', text)
    for kind, pattern in _BARE:
        if pattern.search(bare):
            yield kind
