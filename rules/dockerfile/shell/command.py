"""One shell command as rules see it: what runs, with which words, under which condition."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rules.dockerfile.shell.flags import VALUED, holds, inline_value, takes_next_word

if TYPE_CHECKING:
    from collections.abc import Collection

    from rules.dockerfile.shell.words import Redirect, ShellWord
    from rules.dockerfile.source import Source, Span


class Command(NamedTuple):
    """One simple command, its wrappers taken off.

    Attributes:
        name: Base name of what really runs: `apt-get` for `sudo -E /usr/bin/apt-get`; as written when a variable
            names it (`$PIP`); empty for pure assignments.
        program: The word that named it, path kept.
        args: The words behind the program.
        words: The whole command with assignments and wrappers, without redirections.
        wrappers: What it is wrapped in, outermost first: `("sudo", "env")`.
        assignments: Variables set by it: prefixes (`A=1 make`), `env A=1 make`, `export A=1`, a bare `A=1`. An
            array's word is the whole `A=(…)`.
        redirects: Its own redirections in order, then those of the groups it stands in.
        start: Offset of the first character in the file.
        end: Offset behind the last character, redirections included.
        source: The file.
        before: The operator that leads to it: `&&`, `||`, `;`, `|`, `|&`, `&`, a newline; empty for the first.
        after: The operator behind it; empty at the end and before a closing parenthesis.
        pipeline: Commands of one pipeline share this number.
        part: Place of its part in the pipeline, from 0; commands of a group share one part.
        conditional: It may not run although the script succeeds: inside `if`, a loop, `case` or a function, right
            of `||`, or guarded by a test whose failure goes unnoticed (`[ -f x ] && rm x; …`).
        negated: Its status is inverted by `!`.
        nested: It stands inside `$(…)`, backticks, `<(…)` or the script given to `sh -c`, or another command runs it
            (`find -exec`, `uv run`).
        errexit: `set -e` is in force when it runs.
        pipefail: `set -o pipefail` is in force when it runs.
        heredoc: The text of a here-document fed to it.
        handed_by: Offset of the command that hands a shell the script which it stands in (`su app -c "…"`); -1 where
            it stands in none, and within a substitution of one.
    """

    name: str
    program: ShellWord | None
    args: tuple[ShellWord, ...]
    words: tuple[ShellWord, ...]
    wrappers: tuple[str, ...]
    assignments: tuple[tuple[str, ShellWord], ...]
    redirects: tuple[Redirect, ...]
    start: int
    end: int
    source: Source
    before: str = ""
    after: str = ""
    pipeline: int = 0
    part: int = 0
    conditional: bool = False
    negated: bool = False
    nested: bool = False
    errexit: bool = False
    pipefail: bool = False
    heredoc: str | None = None
    handed_by: int = -1

    @property
    def span(self) -> Span:
        """The command's place in the file, redirections included."""
        return self.source.span(self.start, self.end)

    @property
    def line(self) -> int:
        """The first line, from 1."""
        return self.source.line_at(self.start)

    def __str__(self) -> str:
        """Return the command on one line, as written, without the quotes of an exec form: what a message quotes."""
        if self.program is not None and self.program.text[:1] == '"' and "$" not in self.program.text:
            return " ".join([word.value if word.value and " " not in word.value else word.text for word in self.words])
        return " ".join([word.text for word in self.words])

    def __repr__(self) -> str:
        """Name the file, the line and the command."""
        return f"<{self.source.path}:{self.line} {str(self)[:60]}>"

    @property
    def called(self) -> str:
        """What named it, path kept: `./mvnw`; empty for pure assignments."""
        return self.program.value if self.program is not None else ""

    @property
    def argv(self) -> tuple[str, ...]:
        """The program as it is called, and its arguments; empty for pure assignments."""
        return (self.program.value, *[word.value for word in self.args]) if self.program is not None else ()

    @property
    def subcommand(self) -> str:
        """The first argument that is no option, such as `install`; empty when there is none."""
        for word in self.args:
            if word.value[:1] != "-":
                return word.value
        return ""

    def has(self, *flags: str) -> bool:
        """Tell whether one of the flags is given, before any `--`.

        Args:
            flags: With their dashes. A short flag is also found in a cluster (`-y` in `-qqy`), a long one also with
                a value (`--yes` in `--yes=true`).
        """
        return self.flag(*flags) is not None

    def flag(self, *flags: str) -> ShellWord | None:
        """Return the word that holds one of the flags, or `None`; see `has`."""
        valued = VALUED.get(self.name, ())
        for word in self.args:
            value = word.value
            if value[:1] != "-":
                continue
            if value == "--":
                return None
            for flag in flags:
                if value == flag or holds(value, flag, valued):
                    return word
        return None

    def option(self, *names: str) -> str | None:
        """Return the value given to an option: `--x=v`, `--x v`, `-x v`, `-xv`, `-ax v`; the last one counts."""
        word = self.option_word(*names)
        return word[0] if word else None

    def option_word(self, *names: str) -> tuple[str, ShellWord] | None:
        """Return an option's value and the word that holds it; see `option`."""
        found = None
        args = self.args
        for index, word in enumerate(args):
            value = word.value
            if value[:1] != "-":
                continue
            if value == "--":
                break
            for name in names:
                inline = inline_value(value, name)
                if inline:
                    found = (inline, word)
                elif inline is not None and index + 1 < len(args):
                    found = (args[index + 1].value, args[index + 1])
        return found

    def operands(self, with_values: Collection[str] = ()) -> tuple[ShellWord, ...]:
        """Return the arguments that are neither options nor values of options.

        Args:
            with_values: The options that take a value as the next word, with their dashes: `{"-o", "--target"}`.
        """
        found: list[ShellWord] = []
        skip = False
        for index, word in enumerate(self.args):
            value = word.value
            if skip:
                skip = False
            elif value == "--":
                found.extend(self.args[index + 1 :])
                break
            elif value[:1] != "-" or value == "-":
                found.append(word)
            else:
                skip = takes_next_word(value, with_values)
        return tuple(found)
