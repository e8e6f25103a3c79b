"""Finds the end of what opens with a bracket or backtick in shell code: `$(…)`, `${…}`, `(…)`, `` `…` ``."""

from __future__ import annotations

import re

# What matters inside each kind of bracket; everything else is passed over. A backtick or single quote that nothing
# closes matches alone.
_COMMON = r"\\.|`(?:[^`\\]|\\.)*+`|\$\(|\$\{"
_INSIDE = {
    ")": re.compile(
        rf"{_COMMON}|'[^']*+'|\"|\(|\)|(?<![^\s;&|(])\#[^\n]*+|(?<![^\s;&|()])(?:case|esac)(?=[\s;)]|\Z)", re.DOTALL
    ),
    "}": re.compile(rf"{_COMMON}|'[^']*+'|\"|\}}", re.DOTALL),
    '"': re.compile(rf'{_COMMON}|"', re.DOTALL),
}
_SIMPLE_BRACES = re.compile(r"\$\{[^{}'\"\\$`\n]*+\}")
_BACKTICKS = re.compile(r"`(?:[^`\\]|\\.)*+`", re.DOTALL)
_CLOSING = {"$(": ")", "(": ")", "${": "}", '"': '"'}


def closing_end(view: str, pos: int, *, joined: bool = True) -> int | None:
    """Return the index behind the bracket that closes the one at an index, or `None` when nothing does.

    Args:
        view: Shell code.
        pos: Index of `$(`, `${`, `$[`, `<(`, `>(`, `(` or a backtick.
        joined: Lines are joined before the shell sees them, so a comment does not end at the end of a line.
    """
    char = view[pos]
    if char == "`":
        match = _BACKTICKS.match(view, pos)
        return match.end() if match else None
    if char == "$" and view[pos + 1] == "{":
        match = _SIMPLE_BRACES.match(view, pos)
        if match is not None:
            return match.end()
        return _balanced(view, pos + 2, "}", joined=joined)
    if char == "$" and view[pos + 1] == "[":
        bracket = view.find("]", pos)
        return bracket + 1 if bracket >= 0 else None
    inner = pos + (1 if char == "(" else 2)
    end = _balanced(view, inner, ")", joined=joined)
    if end is None and view.find("case", inner) >= 0:
        return _balanced(view, inner, ")", joined=joined, cases=False)
    return end


def _balanced(view: str, pos: int, closing: str, *, joined: bool, cases: bool = True) -> int | None:
    """Return the index behind the closing bracket for what begins at an index.

    Args:
        view: Shell code.
        pos: Index behind the opening bracket.
        closing: The bracket that closes it.
        joined: As for `closing_end`.
        cases: Whether the word `case` begins a statement, whose patterns end with brackets that nothing opens.
    """
    stack = [closing]
    open_cases: list[int] = []
    while match := _INSIDE[stack[-1]].search(view, pos):
        found = match.group()
        pos = match.end()
        in_case = bool(open_cases) and open_cases[-1] == len(stack)
        if found == stack[-1] and not (in_case and found == ")"):
            stack.pop()
            if not stack:
                return pos
        elif found in _CLOSING:
            stack.append(_CLOSING[found])
        elif found == "case" and cases:
            open_cases.append(len(stack))
        elif found == "esac" and in_case:
            open_cases.pop()
        elif found[0] == "#" and joined:
            return None
    return None


def is_arithmetic(view: str, start: int, end: int) -> bool:
    """Tell whether `$(…)` is an arithmetic expansion, `$((…))`."""
    return view.startswith("$((", start) and view.startswith("))", end - 2)
