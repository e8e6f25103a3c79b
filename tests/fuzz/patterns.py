"""Attack every regular expression of the project with texts made from its own parse tree: start, part after part, stop.

    python -m tests.fuzz.patterns 10 [seed]

The first number says how many texts are tried for each repetition. A pattern with two ways to read the same part
doubles its time with each one more, so that a line of fifty characters stops the process. Prints what it finds; ends
with 1 when there is anything. Patterns whose time grows with the square of the text are not looked for: what the rules
read is cut to lengths at which they do no harm (`tests/engine/test_growth.py`).
"""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
import signal
import sys
import time
from pathlib import Path
from random import Random
from re import _constants as ops  # type: ignore[attr-defined]  # the library's own: its stubs leave it out
from re import _parser as trees  # type: ignore[attr-defined]  # the same
from typing import TYPE_CHECKING, Any, NamedTuple

import bot
import rules
from tests.fuzz.command_line import count_and_seed

if TYPE_CHECKING:
    from collections.abc import Iterator

PARTS = 26
"""Repetitions in a text: enough for seconds where each doubles the time, and for microseconds elsewhere."""

LONGEST = 0.5
"""CPU seconds that one search may take."""

_CHARACTERS = "\r\n \ta1A-_./$\"'{}()[]=:,;&|<>#@*+~!%^?`\\é"
_STOPS = ("\0", "!x", "\n\0")
_REPEATS = (ops.MAX_REPEAT, ops.MIN_REPEAT)


class Slow(NamedTuple):
    """A pattern, where it stands, and a text that it does not come to an end with."""

    place: str
    pattern: str
    text: str


def patterns() -> dict[str, re.Pattern[str]]:
    """Return the patterns of modules, each once: those held, alone or in tables, by `module.name`, others by line."""
    found: dict[str, re.Pattern[str]] = {}
    for package in (rules, bot):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not module.name.endswith("__main__") and ".migrations" not in module.name:  # which run on import
                imported = importlib.import_module(module.name)
                found.update(_in_calls(Path(imported.__file__ or "")))
                for name, value in vars(imported).items():
                    found.update((f"{module.name}.{name}", pattern) for pattern in _within(value, 4))
    unique = {(pattern.pattern, pattern.flags): place for place, pattern in found.items()}
    return {place: found[place] for place in unique.values()}


def _in_calls(path: Path) -> Iterator[tuple[str, re.Pattern[str]]]:
    """Yield the patterns that are written out where they are searched for: `re.sub(r"[-_.]+", "-", name)`."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        match node:
            case ast.Call(func=ast.Attribute(ast.Name("re"), called), args=[ast.Constant(str(pattern)), *_]):
                if called != "compile":
                    yield f"{path}:{node.lineno}", re.compile(pattern)


def _within(value: Any, depth: int) -> Iterator[re.Pattern[str]]:
    if isinstance(value, re.Pattern):
        if isinstance(value.pattern, str):
            yield value
    elif depth and isinstance(value, (tuple, list, set, frozenset, dict)):
        for item in list(value.values()) if isinstance(value, dict) else list(value):
            yield from _within(item, depth - 1)


def slow(place: str, pattern: re.Pattern[str], tries: int, random: Random) -> Slow | None:
    """Return the first text made for a pattern that takes it longer than `LONGEST`."""
    tree = trees.parse(pattern.pattern, pattern.flags)
    for _ in range(tries):
        for start, body in _repetitions(tree, random, ""):
            part = _sample(body, random)
            for stop in _STOPS if part else ():
                text = start + part * PARTS + stop
                if _takes_long(pattern, text):
                    return Slow(place, pattern.pattern, text)
    return None


def _takes_long(pattern: re.Pattern[str], text: str) -> bool:
    """Search with a timer: a search that does not end is interrupted by the signal."""

    def stop(*_: object) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, LONGEST)
    try:
        pattern.search(text)
    except TimeoutError:
        return True
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
    return False


def _repetitions(tree: Any, random: Random, start: str) -> Iterator[tuple[str, Any]]:
    """Yield what is repeated without a small bound, each with a text that leads there."""
    for operator, value in tree:
        if operator in _REPEATS:
            if value[1] == ops.MAXREPEAT or value[1] >= PARTS:
                yield start, value[2]
            yield from _repetitions(value[2], random, start)
        for branch in _branches(operator, value):
            yield from _repetitions(branch, random, start)
        start += _sample([(operator, value)], random)


def _branches(operator: Any, value: Any) -> list[Any]:
    if operator is ops.BRANCH:
        return list(value[1])
    if operator is ops.SUBPATTERN:
        return [value[3]]
    if operator in (ops.ASSERT, ops.ASSERT_NOT):
        return [value[1]]
    return [value] if operator is ops.ATOMIC_GROUP else []


def _sample(tree: Any, random: Random) -> str:
    """Return a short text that a part of a pattern may match; what looks around matches nothing."""
    text = ""
    for operator, value in tree:
        if operator is ops.LITERAL:
            text += chr(value)
        elif operator in (ops.NOT_LITERAL, ops.ANY, ops.IN):
            text += _character(operator, value, random)
        elif operator in (*_REPEATS, ops.POSSESSIVE_REPEAT):
            least, most, body = value
            count = least if random.random() < 0.6 else min(most, least + 1)
            text += "".join(_sample(body, random) for _ in range(min(count, 5)))
        elif branches := [] if operator in (ops.ASSERT, ops.ASSERT_NOT) else _branches(operator, value):
            text += _sample(random.choice(branches), random)
    return text


def _character(operator: Any, value: Any, random: Random) -> str:
    allowed = re.compile(_set(operator, value), re.DOTALL)
    named = "".join(chr(item) for kind, item in value if kind is ops.LITERAL) if operator is ops.IN else ""
    fitting = [char for char in _CHARACTERS + named if allowed.match(char)]
    return random.choice(fitting) if fitting else "a"


def _set(operator: Any, value: Any) -> str:
    if operator is ops.ANY:
        return r"[^\n]"
    if operator is ops.NOT_LITERAL:
        return f"[^{re.escape(chr(value))}]"
    return f"[{''.join(_item(kind, item) for kind, item in value)}]"


def _item(kind: Any, item: Any) -> str:
    if kind is ops.NEGATE:
        return "^"
    if kind is ops.RANGE:
        return f"{re.escape(chr(item[0]))}-{re.escape(chr(item[1]))}"
    if kind is ops.CATEGORY:
        letter = str(item).rpartition("_")[2][0].lower()
        return f"\\{letter.upper() if 'NOT' in str(item) else letter}"
    return re.escape(chr(item))


def main() -> int:
    """Attack all patterns; the command line of this module."""
    count, seed = count_and_seed(__doc__)
    random = Random(seed)
    started = time.monotonic()
    places = patterns()
    found = [one for place, pattern in places.items() if (one := slow(place, pattern, count, random)) is not None]
    for one in found:
        print(f"{one.place}: {one.pattern!r}\n    {one.text!r}")
    print(f"{len(places)} patterns, {len(found)} slow, {time.monotonic() - started:.0f} s")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
