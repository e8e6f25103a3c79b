"""Parser directives: `# syntax=`, `# escape=` and `# check=` at the top of a file.

As in BuildKit's `DirectiveParser`: the first line that is none ends them, so a directive below a comment is a comment.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rules.dockerfile.nodes import Directive, SyntaxFault
from rules.dockerfile.spelling import nearest

if TYPE_CHECKING:
    from rules.dockerfile.source import Source, Span

NAMES = ("check", "escape", "syntax")

_FORM = re.compile(r"([a-zA-Z][a-zA-Z0-9]*)[\t\n\f\r ]*=[\t\n\f\r ]*(.+?)[\t\n\f\r ]*", re.DOTALL)
_IMAGE_LIKE = re.compile(r"[\w./-]+(?::[\w.-]+)?(?:@sha256:[0-9a-f]+)?")


class DirectiveReader:
    """Reads comment lines from the top of a file, for as long as they are directives.

    Attributes:
        found: The directives.
        escape: The escape character they set.
        faults: What BuildKit refuses about them.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self._open = True
        self.found: tuple[Directive, ...] = ()
        self.escape = "\\"
        self.faults: list[SyntaxFault] = []

    def finish(self) -> None:
        """Note a line that is no comment: no directives from here on."""
        self._open = False

    def read(self, comment: str, span: Span) -> None:
        """Read a comment line, from its `#` on, without blanks at its ends."""
        if not self._open:
            return
        match = _FORM.fullmatch(comment[1:].lstrip())
        name = match[1].lower() if match else ""
        if match is None or name not in NAMES:
            self._open = False
            if match:
                self._misspelt(name, match[2], span)
            return
        if any(directive.name == name for directive in self.found):
            self._fault(f"`# {name}=` may stand only once: a second one stops the build.", span)
            return
        value = match[2]
        self.found += (Directive(name, value, span),)
        if name == "escape":
            self._set_escape(value, span)

    def _set_escape(self, value: str, span: Span) -> None:
        """Take a new escape character."""
        if value in ("\\", "`"):
            self.escape = value
        else:
            self._fault("The escape character can only be a backslash or a backtick.", span)

    def _misspelt(self, name: str, value: str, span: Span) -> None:
        """Note a comment that was meant to be a directive; BuildKit passes over it in silence."""
        meant = nearest(name, NAMES)
        if meant is None or not _plausible(meant, value):
            return
        text = self._source.cut(span)
        start = span.start + text.lower().index(name)
        place = self._source.span(start, start + len(name))
        message = f"`# {text[start - span.start :][: len(name)]}=` is no parser directive and has no effect"
        self.faults.append(SyntaxFault("invalid-syntax", f"{message}: did you mean `# {meant}=`?", place, meant))

    def _fault(self, message: str, span: Span) -> None:
        self.faults.append(SyntaxFault("invalid-syntax", message, span))


def _plausible(name: str, value: str) -> bool:
    """Tell whether a value is one that the directive could have."""
    match name:
        case "escape":
            return value in ("\\", "`")
        case "syntax":
            return "/" in value and _IMAGE_LIKE.fullmatch(value) is not None
        case _:
            return value.startswith(("skip=", "error=", "experimental="))
