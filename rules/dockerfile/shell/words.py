"""Words and redirections of shell code, each with its place in the file."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rules.dockerfile.source import Source, Span


class ShellWord(NamedTuple):
    """One word of a command.

    Attributes:
        text: As written, quotes included.
        value: What the command gets, as far as the text tells: quotes, escapes and line continuations removed;
            expansions kept as written (`$X`, `${X}`, `$(…)`).
        literal: No variable, no command substitution and no unquoted glob in it: `value` is what the command gets.
        start: Offset of the first character in the file.
        end: Offset behind the last character.
        source: The file.
    """

    text: str
    value: str
    literal: bool
    start: int
    end: int
    source: Source

    @property
    def span(self) -> Span:
        """The word's place in the file."""
        return self.source.span(self.start, self.end)

    @property
    def quoted(self) -> bool:
        """Whether any part of it stands in quotes."""
        return "'" in self.text or '"' in self.text


class Redirect(NamedTuple):
    """One redirection, such as `2>/dev/null`.

    Attributes:
        operator: `>`, `>>`, `<`, `<<`, `<<-`, `<<<`, `>&`, `<&`, `&>`, `&>>`, `<>`, `>|`.
        target: The word behind it; the delimiter of a here-document; `None` where it is missing.
        fd: File descriptor written before the operator.
        start: Offset of the first character in the file.
        end: Offset behind the last character.
        source: The file.
    """

    operator: str
    target: ShellWord | None
    fd: int | None
    start: int
    end: int
    source: Source

    @property
    def span(self) -> Span:
        """The redirection's place in the file."""
        return self.source.span(self.start, self.end)

    @property
    def writes(self) -> str | None:
        """The path of the file it writes to, or `None` when it reads, or copies a descriptor."""
        if self.target is None or self.operator not in {">", ">>", ">|", "&>", "&>>", "<>"}:
            return None
        return self.target.value


class ShellText(NamedTuple):
    """Shell code and where it stands in the file.

    Attributes:
        view: The code.
        source: The file.
        offset: Offset of the first character in the file.
        places: File offset of every character and of the end, when the characters do not stand side by side in the
            file (escapes in `sh -c "…"`); else `None`.
        joined: The builder has joined the lines before the shell sees them, so a backslash at the end of a line
            vanishes even inside single quotes.
    """

    view: str
    source: Source
    offset: int
    places: Sequence[int] | None = None
    joined: bool = True

    def place(self, index: int) -> int:
        """Return the offset in the file of a character of the view."""
        return self.offset + index if self.places is None else self.places[index]

    def part(self, start: int, end: int) -> ShellText:
        """Return a part of the view as a text of its own."""
        places = self.places[start : end + 1] if self.places is not None else None
        return self._replace(view=self.view[start:end], offset=self.offset + start, places=places)

    def span(self, start: int, end: int) -> Span:
        """Return the place in the file of a part of the view."""
        return self.source.span(self.place(start), max(self.place(start), self.place(end)))
