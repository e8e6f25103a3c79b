"""The targets of a Bake file, as far as plain strings go (Bake file reference, "Target")."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from rules import yamls

if TYPE_CHECKING:
    from collections.abc import Iterator

_KEYS = ("dockerfile", "context", "target")
_TARGET = re.compile(r'^[ \t]*target[ \t]+"(?P<name>[^"]+)"[ \t]*\{', re.MULTILINE)
_TOKEN = re.compile(r'"(?:\\.|[^"\\\n])*"|#[^\n]*|//[^\n]*|/\*.*?\*/|[{}\[\]]', re.DOTALL)
_VALUE = re.compile(r'(?<![\w-])(?P<key>dockerfile|context|target)[ \t]*=[ \t]*"(?P<value>[^"]*)"')
_INHERITS = re.compile(r"(?<![\w-])inherits[ \t]*=[ \t]*\[(?P<names>[^\]]*)\]")
_CONTEXTS = re.compile(r"(?<![\w-])contexts[ \t]*=[ \t]*\{")
_NAME = re.compile(r'(?:^|[{,\n])[ \t]*"?(?P<name>[\w./:@-]+)"?[ \t]*[=:]')
_STRING = re.compile(r'"([^"]*)"')


class Target(NamedTuple):
    """One target.

    Attributes:
        line: Where it begins, from 1; always 1 in JSON.
        values: `dockerfile`, `context` and `target`, where given.
        contexts: Names of additional contexts.
        parents: The targets that it inherits from; what the last of them says counts.
    """

    line: int
    values: dict[str, str]
    contexts: tuple[str, ...]
    parents: tuple[str, ...]


def targets_in(path: str, text: str) -> Iterator[Target]:
    """Yield the targets with what they inherit; those that only serve others (`_common`) are left out.

    Args:
        path: Says whether the text is JSON or HCL.
        text: The file. One that cannot be read has no targets.
    """
    found = dict(_json(text) if path.endswith(".json") else _hcl(text))
    inherited = {name for target in found.values() for name in target.parents}
    for name, target in found.items():
        if not (name.startswith("_") and name in inherited):
            yield _inheriting(found, target)


def _inheriting(found: dict[str, Target], target: Target) -> Target:
    """Fill in what a target does not say itself: the nearest that says it counts, and of one list the last."""
    values, contexts = dict(target.values), dict.fromkeys(target.contexts)
    seen: set[str] = set()
    waiting = list(reversed(target.parents))
    for name in waiting:  # which grows
        if name in found and name not in seen:
            seen.add(name)
            values = found[name].values | values
            contexts |= dict.fromkeys(found[name].contexts)
            waiting.extend(reversed(found[name].parents))
    return target._replace(values=values, contexts=tuple(contexts))


def _json(text: str) -> Iterator[tuple[str, Target]]:
    try:
        targets = yamls.mapping(yamls.mapping(json.loads(text)).get("target"))
    except (ValueError, RecursionError):
        return
    for name, node in targets.items():
        body = yamls.mapping(node)
        values = {key: yamls.text(body[key]) for key in _KEYS if key in body}
        parents: list[Any] = yamls.sequence(body.get("inherits"))
        yield name, Target(1, values, tuple(yamls.mapping(body.get("contexts"))), tuple(map(str, parents)))


def _hcl(text: str) -> Iterator[tuple[str, Target]]:
    for match in _TARGET.finditer(text):
        body = _block(text, match.end())
        values = {value["key"]: value["value"] for value in _VALUE.finditer(_shallow(body))}
        inherits = _INHERITS.search(body)
        given = _CONTEXTS.search(body)
        inner = _block(body, given.end()) if given is not None else ""
        parents = tuple(_STRING.findall(inherits["names"])) if inherits is not None else ()
        contexts = tuple(name["name"] for name in _NAME.finditer(inner))
        yield match["name"], Target(text.count("\n", 0, match.start()) + 1, values, contexts, parents)


def _block(text: str, start: int) -> str:
    """Return what stands between a brace, which ends at `start`, and the one that closes it."""
    depth = 1
    for token in _TOKEN.finditer(text, start):
        depth += {"{": 1, "[": 1, "}": -1, "]": -1}.get(token[0], 0)
        if depth == 0:
            return text[start : token.start()]
    return text[start:]


def _shallow(body: str) -> str:
    """Return a block's text without comments and without what lies in inner blocks."""
    kept: list[str] = []
    depth = end = 0
    for token in _TOKEN.finditer(body):
        if depth == 0:
            kept.append(body[end : token.start()] + (token[0] if token[0].startswith('"') else " "))
        end = token.end()
        depth += {"{": 1, "[": 1, "}": -1, "]": -1}.get(token[0], 0)
    return "".join(kept) + (body[end:] if depth == 0 else "")
