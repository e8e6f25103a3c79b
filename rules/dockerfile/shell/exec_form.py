"""The exec form, a JSON array of words that runs without a shell, unless it names one itself."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from rules.dockerfile.shell.blocks import Collected, shell_options
from rules.dockerfile.shell.command import Command
from rules.dockerfile.shell.nested import inner_commands, inner_script
from rules.dockerfile.shell.parser import Parser
from rules.dockerfile.shell.words import ShellText, ShellWord
from rules.dockerfile.shell.wrappers import base_name, unwrap

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rules.dockerfile.nodes import Word
    from rules.dockerfile.source import Source

# A line's end that the builder takes out, with the blank lines and comments below it; an escape; plain text.
_JSON_PART = re.compile(
    r"""\\[ \t]*\r?\n (?:[ \t]*(?:\#[^\n]*)?\n)*
      | \\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2} | \\u[0-9a-fA-F]{4} | \\. | [^\\]+""",
    re.DOTALL | re.VERBOSE,
)


def read_exec(words: Sequence[Word], source: Source) -> Collected:
    """Read the words of an exec form; `["sh", "-c", "…"]` is read as the script it is."""
    collected = Collected()
    if not words:
        return collected
    command = command_of(words, source)
    collected.commands.append(command)
    script = inner_script(command)
    if script is not None and script.word is not None:
        text = json_text(script.word)
        options = shell_options(script.options)
        inner = Parser(text, collected, dialect=script.dialect, options=options, depth=1)
        inner.state.handed_by = command.start
        inner.read()
    else:
        collected.commands += [_command(inner, nested=True) for inner in inner_commands(command)]
    return collected


def command_of(words: Sequence[Word], source: Source) -> Command:
    """Return the command that the words of an exec form are."""
    return _command([_shell_word(word, source) for word in words], nested=False)


def behind(program: Command, arguments: Command) -> Command:
    """Return the one command that two arrays are together: an ENTRYPOINT, and a CMD that holds its arguments."""
    return _command([*program.words, *arguments.words], nested=False)


def _shell_word(word: Word, source: Source) -> ShellWord:
    return ShellWord(source.cut(word.span), word.text, True, word.span.start, word.span.end, source)  # noqa: FBT003 - the field's name is near


def _command(words: Sequence[ShellWord], *, nested: bool) -> Command:
    index, wrappers, assignments = unwrap(words)
    program = words[index] if index < len(words) else None
    return Command(
        name=base_name(program.value) if program else "",
        program=program,
        args=tuple(words[index + 1 :]),
        words=tuple(words),
        wrappers=wrappers,
        assignments=assignments,
        redirects=(),
        start=words[0].start,
        end=words[-1].end,
        source=words[0].source,
        nested=nested,
    )


def json_text(word: ShellWord) -> ShellText:
    """Return the script in a JSON string, every character with its place in the file."""
    inner, start = word.text[1:-1], word.start + 1
    if inner == word.value:
        return ShellText(inner, word.source, start)
    view: list[str] = []
    places: list[int] = []
    for match in _JSON_PART.finditer(inner):
        part = match.group()
        if part[-1] == "\n" and part[0] == "\\":
            continue  # the builder joins the lines
        if part[0] == "\\":
            part = json.loads(f'"{part}"')
            part = "\ufffd" if "\ud800" <= part <= "\udfff" else part  # half of a pair, for which BuildKit has this
            places.append(start + match.start())
        else:
            places.extend(range(start + match.start(), start + match.end()))
        view.append(part)
    places.append(start + len(inner))
    return ShellText("".join(view), word.source, 0, places)
