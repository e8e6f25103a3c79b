"""Parser directives: `# syntax=`, `# escape=` and `# check=` at the top of a file.

As in BuildKit's `DirectiveParser`: the first line that is none ends them, so a directive below a comment is a comment.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from rules.dockerfile.nodes import Directive, SyntaxFault
from rules.dockerfile.pieces import SPACE
from rules.dockerfile.spelling import nearest
from rules.dockerfile.syntax.fault import fault
from rules.dockerfile.syntax.grammar import TRUTH
from rules.quoting import quote

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.dockerfile.source import Source, Span

NAMES = ("check", "escape", "syntax")

_FORM = re.compile(rf"#[{SPACE}]*+([a-zA-Z][a-zA-Z0-9]*+)[\t\f\r ]*+=[\t\f\r ]*+([^\t\f\r ].*)", re.DOTALL)
_MOST_OPTIONS = 3
_ESCAPES = ("\\", "`")
_IMAGE_LIKE = re.compile(r"[\w./-]+(?::[\w.-]+)?(?:@sha256:[0-9a-f]+)?")


class Directives(NamedTuple):
    """The directives of a file.

    Attributes:
        found: In the order of the file.
        escape: The escape character they set.
        faults: What BuildKit refuses about them, and what it passes over in silence though it is misspelt.
    """

    found: tuple[Directive, ...]
    escape: str
    faults: list[SyntaxFault]


def read_directives(source: Source, rows: list[str], offset: int) -> Directives:
    """Read the directives at the top of a file.

    Args:
        source: The file.
        rows: Its lines without LF and byte order mark.
        offset: Offset of the first one.
    """
    found: dict[str, Directive] = {}
    faults: list[SyntaxFault] = []
    for row in rows:
        span = source.span(offset, offset + len(row.rstrip("\r")))
        offset += len(row) + 1
        match = _FORM.fullmatch(row.lstrip(SPACE).rstrip("\t\f\r "))
        name = match[1].lower() if match else ""
        if match is None or name not in NAMES:
            if match:
                faults += _misspelt(match, source, span)
            break
        if name in found:
            faults.append(fault(f"`# {name}=` may stand only once: a second one stops the build.", span))
            break
        found[name] = Directive(name, match[2], span)
        if name == "check":
            faults += _check_faults(found[name])
    escape = found.get("escape")
    if escape is None or escape.value in _ESCAPES:
        return Directives(tuple(found.values()), escape.value if escape else "\\", faults)
    faults.append(fault("The escape character can only be a backslash or a backtick.", escape.span))
    return Directives(tuple(found.values()), "\\", faults)


def _check_faults(directive: Directive) -> Iterator[SyntaxFault]:
    """Yield what BuildKit refuses about the options of `# check=` (`ParseLintOptions` in `linter/linter.go`)."""
    for option in directive.value.split(";", _MOST_OPTIONS - 1):
        name, equals, value = option.partition("=")
        name = name.strip()
        if not equals or name not in ("error", "experimental", "skip"):
            message = "`# check=` takes `skip=…`, `error=…` and `experimental=…` with a `;` between them, not "
            yield fault(f"{message}{quote(option.strip())}: the build stops here.", directive.span)
        elif name == "error" and value.strip() not in TRUTH:
            message = f"`error` in `# check=` is `true` or `false`, not {quote(value.strip())}: the build stops here."
            yield fault(message, directive.span)


def _misspelt(match: re.Match[str], source: Source, span: Span) -> Iterator[SyntaxFault]:
    """Yield a fault for a comment that was meant to be a directive; BuildKit passes over it in silence."""
    name = match[1]
    meant = nearest(name, NAMES)
    if meant is None or not _plausible(meant, match[2]):
        return
    start = source.text.index(name, span.start)
    message = f"`# {name}=` is no parser directive and has no effect: did you mean `# {meant}=`?"
    yield fault(message, source.span(start, start + len(name)), meant)


def _plausible(name: str, value: str) -> bool:
    """Tell whether a value is one that the directive could have."""
    match name:
        case "escape":
            return value in _ESCAPES
        case "syntax":
            return "/" in value and _IMAGE_LIKE.fullmatch(value) is not None
        case _:
            return value.startswith(("skip=", "error=", "experimental="))
