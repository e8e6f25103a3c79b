"""The targets of a bake file (Bake file reference, "Target"): JSON in full, HCL as far as plain literals go."""

from __future__ import annotations

import json
import re
from typing import Any, NamedTuple

from rules.repository import yamls
from rules.repository.bake_values import each_of_matrix

_BLOCK = re.compile(r'^[ \t]*target[ \t]+"(?P<name>[^"]+)"[ \t]*\{', re.MULTILINE)
_TOKEN = re.compile(r'"(?:[^"\\\n]|\\.)*"|#[^\n]*|//[^\n]*|/\*.*?\*/|[{}\[\]]', re.DOTALL)
_VARIABLE = re.compile(r'^[ \t]*variable[ \t]+"(?P<name>[^"]+)"[ \t]*\{', re.MULTILINE)
_DEFAULT = re.compile(r'(?:^|[\n{;])[ \t]*default[ \t]*=[ \t]*"(?P<value>[^"\\\n$]*)"')
_SETTING = re.compile(r"(?:^|[\n;])[ \t]*(?P<key>[\w-]+)[ \t]*=[ \t]*")
_LISTED = re.compile(r"[ \t,\n]*\{")
_EXPRESSION = re.compile(r"(?:[^\n#;/]|/(?![/*]))*")
_TEXT = re.compile(r'"([^"\\\n]*)"')
_PAIR = re.compile(r'(?:^|[\n,{])[ \t]*"?(?P<name>[\w./:@-]+?)"?[ \t]*[=:][ \t]*(?P<value>[^\n,}]*)')
_MOST_PARENTS = 20


class Target(NamedTuple):
    """A target with what it inherits.

    Attributes:
        line: Where it begins, from 1; 1 for JSON.
        dockerfile: As written; empty when not said.
        context: As written; empty when not said.
        target: The stage; empty for the last.
        args: Build arguments by name; `None` where an expression gives the value.
        contexts: Names of additional contexts.
        platforms: How many platforms are built; 0 when not said.
    """

    line: int
    dockerfile: str
    context: str
    target: str
    args: dict[str, str | None]
    contexts: tuple[str, ...]
    platforms: int


def targets_in(path: str, text: str) -> list[Target]:
    """Return the targets of a bake file; none for what cannot be read.

    Those that by their name only serve others (`_common`), and that others inherit, are left out.
    """
    raw = _json(text) if path.endswith(".json") else _hcl(text)
    raw = {
        each: (line, filled)
        for name, (line, settings) in raw.items()
        for each, filled in each_of_matrix(name, settings, _defaults(text))
    }
    inherited = {str(parent) for _, settings in raw.values() for parent in yamls.sequence(settings.get("inherits"))}
    found = []
    for name, (line, _) in raw.items():
        if name.startswith("_") and name in inherited:
            continue
        settings = _with_parents(raw, name)
        if "dockerfile-inline" in settings:
            continue
        found.append(
            Target(
                line,
                dockerfile=yamls.text(settings.get("dockerfile")),
                context=yamls.text(settings.get("context")),
                target=yamls.text(settings.get("target")),
                args={
                    str(key): value if isinstance(value, str) else None
                    for key, value in yamls.mapping(settings.get("args")).items()
                },
                contexts=tuple(map(str, yamls.mapping(settings.get("contexts")))),
                platforms=len(yamls.sequence(settings.get("platforms"))),
            )
        )
    return found


_Raw = dict[str, tuple[int, dict[str, Any]]]


def _with_parents(raw: _Raw, name: str) -> dict[str, Any]:
    """Return a target's settings over those it inherits; args and contexts are joined, the rest replaced."""
    order: list[str] = []
    waiting = [name]
    while waiting and len(order) < _MOST_PARENTS:
        one = waiting.pop(0)
        if one in raw and one not in order:
            order.append(one)
            waiting += [str(parent) for parent in reversed(yamls.sequence(raw[one][1].get("inherits")))]
    settings: dict[str, Any] = {}
    for one in reversed(order):
        for key, value in raw[one][1].items():
            joined = key in ("args", "contexts") and isinstance(value, dict)
            settings[key] = {**yamls.mapping(settings.get(key)), **value} if joined else value
    return settings


def _json(text: str) -> _Raw:
    try:
        targets = yamls.mapping(yamls.mapping(json.loads(text)).get("target"))
    except (ValueError, RecursionError):
        return {}
    return {str(name): (1, dict(yamls.mapping(body))) for name, body in targets.items()}


def _hcl(text: str) -> _Raw:
    found: _Raw = {}
    for match in _BLOCK.finditer(text):
        body = text[match.end() : _end(text, match.end())]
        found[match["name"]] = (text.count("\n", 0, match.start()) + 1, _settings(body))
    return found


def _end(text: str, at: int) -> int:
    """Return where the block or list that is open at an index is closed; the text's end when it is not."""
    depth = 1
    for token in _TOKEN.finditer(text, at):
        if token[0] in "{[":
            depth += 1
        elif token[0] in "}]":
            depth -= 1
            if not depth:
                return token.start()
    return len(text)


def _settings(body: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    at = 0
    while match := _SETTING.search(body, at):
        at = match.end()
        opened = body[at : at + 1]
        if opened in ("{", "["):
            end = _end(body, at + 1)
            inner, at = body[at + 1 : end], end
            read = _lists if match["key"] == "matrix" else _pairs if opened == "{" else _items
            found[match["key"]] = read(inner)
        else:
            found[match["key"]] = _scalar(body, at)
    return found


def _lists(text: str) -> dict[str, Any]:
    """Read the lists of a matrix."""
    return {key: value for key, value in _settings(text).items() if isinstance(value, list)}


def _items(text: str) -> list[Any]:
    """Read a list of texts, or of blocks."""
    if not _LISTED.match(text):
        return _TEXT.findall(text)
    found, at = [], text.find("{")
    while at >= 0:
        end = _end(text, at + 1)
        found.append(_pairs(text[at + 1 : end]))
        at = text.find("{", end)
    return found


def _pairs(text: str) -> dict[str, str]:
    return {pair["name"]: _scalar(pair["value"]) for pair in _PAIR.finditer(text)}


def _scalar(body: str, at: int = 0) -> str:
    """Return the text at a place, or the expression there as a text has it: `tgt` as `${tgt}`."""
    text = _TEXT.match(body, at)
    rest = _EXPRESSION.match(body, text.end() if text is not None else at)
    written = rest[0].strip() if rest is not None else ""
    if text is not None and not written:
        return text[1]
    return f"${{{written}}}" if written else ""


def _defaults(text: str) -> dict[str, str]:
    """Return the variables of a file that have a default."""
    found = {}
    for match in _VARIABLE.finditer(text):
        default = _DEFAULT.search(text[match.end() : _end(text, match.end())])
        if default is not None:
            found[match["name"]] = default["value"]
    return found
