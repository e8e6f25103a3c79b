"""A RUN that is one script for a shell which it names: `["bash", "-c", "…"]`, `bash -c "…"`, `bash <<EOF`."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rules.dockerfile.shell.blocks import Collected
from rules.dockerfile.shell.exec_form import command_of, json_text
from rules.dockerfile.shell.nested import SHELLS, InnerScript, inner_script, is_filled_in
from rules.dockerfile.shell.pieces import PieceReader
from rules.dockerfile.shell.words import ShellText

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rules.dockerfile.nodes import Heredoc, Word
    from rules.dockerfile.shell.command import Command
    from rules.dockerfile.source import Source


class Handed(NamedTuple):
    """The script, and the shell that it is handed to.

    Attributes:
        text: The script, with its place in the file.
        dialect: The language of the shell.
        options: What the shell is started with.
        shell: The command that is the whole RUN.
    """

    text: ShellText
    dialect: str
    options: tuple[str, ...]
    shell: Command


def handed_in_array(words: Sequence[Word], source: Source) -> Handed | None:
    """Return the script that an exec form is; `None` for one that starts a program, or a shell through another one."""
    command = command_of(words, source) if words else None
    script = _script_of(command) if command is not None else None
    if command is None or script is None or script.word is None:
        return None
    return Handed(json_text(script.word), script.dialect, script.options, command)


def handed_in_line(commands: Sequence[Command], text: ShellText, heredocs: tuple[Heredoc, ...]) -> Handed | None:
    """Return the script that a line of shell code hands to another shell; `None` where it does anything more.

    Args:
        commands: What was read of the line.
        text: The line.
        heredocs: The builder's here-documents.
    """
    command = commands[0] if commands else None
    if command is None or command.name not in SHELLS or not _is_all(command, text):
        return None
    script = _script_of(command)
    if script is None:
        return None
    if script.word is not None:
        inner = PieceReader(text, Collected()).script_at(script.word)
    elif heredocs:
        body = heredocs[0].body_span
        inner = ShellText(text.source.cut(body), text.source, body.start, joined=False)
    else:
        return None
    return Handed(inner, script.dialect, script.options, command)


def _is_all(command: Command, text: ShellText) -> bool:
    """Whether nothing stands in the line but this command: no other one, no brackets, no `!`, `&` or comment."""
    view = text.view
    end = len(view.rstrip())
    return command.start == text.place(len(view) - len(view.lstrip())) and command.end == text.place(end)


def _script_of(command: Command) -> InnerScript | None:
    """Return the script of a shell that is called as itself, with nothing behind it and no other redirection."""
    if command.name not in SHELLS or command.wrappers or command.assignments or len(command.redirects) > 1:
        return None
    script = inner_script(command)
    if script is None:
        return None
    if script.word is None:
        return script if len(script.options) == len(command.args) else None
    alone = script.word is command.args[-1] and not command.redirects
    return script if alone and not is_filled_in(script) else None
