"""What a file says that the Dockerfile itself writes: by a here-document, by `echo` or by `printf`."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, NamedTuple

from rules.facts.distributions import DEBIAN_FAMILY
from rules.lazily import once
from rules.model.puts import copied, may_bring
from rules.model.run_writes import written_by
from rules.model.steps import Copy, Run
from rules.model.work_folders import path_of

if TYPE_CHECKING:
    from rules.dockerfile.shell import Command, Redirect, ShellWord
    from rules.model.stage import Stage
    from rules.model.steps import Step

_OVER, _BEHIND = frozenset({">", ">|"}), ">>"
_LEAVE_IT = frozenset("[ cat chgrp chmod chown echo exit file ls mkdir printf set stat test touch true".split())
"""Commands that change no text of a file that they name."""
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_MEANING = {"n": "\n", "t": "\t", "r": "\r", "\\": "\\", '"': '"', "'": "'"}
_FORMAT = re.compile(r"%s(\\n|[ ]?)")
_OPTION = re.compile(r"-[neE]+")


class WrittenText(NamedTuple):
    """A file that steps of a stage write.

    Attributes:
        text: All of it.
        step: The last step that writes it.
    """

    text: str
    step: Step


def written_text(stage: Stage, path: str) -> WrittenText | None:
    """Return what the steps of a stage write into a file; `None` where that is not certain to the letter."""
    return _texts(stage).get(path)


@once
def _texts(stage: Stage) -> dict[str, WrittenText]:
    known: dict[str, WrittenText | None] = {}
    for step in stage.done_steps:
        if isinstance(step, Copy):
            _after_copy(known, step)
        elif isinstance(step, Run):
            _after_run(known, step)
    return {path: found for path, found in known.items() if found is not None}


def _after_copy(known: dict[str, WrittenText | None], copy: Copy) -> None:
    puts = copied(copy)
    for path in known:
        if copy.destination is None or any(may_bring(put, path) for put in puts):
            known[path] = None  # another file may have taken its place
    for put, heredoc in zip((put for put in puts if put.kind == "heredoc"), copy.heredocs, strict=False):
        plain = not heredoc.expands or "$" not in heredoc.body
        known[put.path] = WrittenText(heredoc.body, copy) if plain else None


def _after_run(known: dict[str, WrittenText | None], run: Run) -> None:
    if not run.is_read:
        known.update(dict.fromkeys(known))
        return
    begun: set[int] = set()
    for command in run.commands:
        targets = [one for one in command.redirects if one.writes is not None and one.fd in (None, 1)]
        if not targets:
            _after_other(known, run, command)
        for redirect in targets:
            path = path_of(run, command, redirect.writes or "")
            if path is not None and not run.is_mounted(path):
                text = _output(run, command, redirect) if _is_sure(run, command) else None
                known[path] = _joined(known.get(path), text, run, redirect, begun=redirect.start in begun)
            begun.add(redirect.start)


def _joined(
    before: WrittenText | None, text: str | None, run: Run, redirect: Redirect, *, begun: bool
) -> WrittenText | None:
    """Return what a file says behind a command; the commands of a group write one behind the other."""
    if text is None:
        return None
    if redirect.operator in _OVER and not begun:
        return WrittenText(text, run)
    known = before is not None and (redirect.operator == _BEHIND or begun)
    return WrittenText(before.text + text, run) if known and before is not None else None


def _after_other(known: dict[str, WrittenText | None], run: Run, command: Command) -> None:
    """Forget the files that a command may change: those it writes, and those that it names."""
    if not known or command.name in _LEAVE_IT:
        return
    changed = {write.path for write in written_by(run) if write.command is command}
    words = " ".join(word.value for word in command.args)
    for path in known:
        name = posixpath.basename(path)
        if path in changed or name in words or "*" in words:
            known[path] = None


def _is_sure(run: Run, command: Command) -> bool:
    return not (command.conditional or command.nested or command.before in ("||", "|", "|&") or run.deferred)


def _output(run: Run, command: Command, redirect: Redirect) -> str | None:
    """Return what a command writes to its output, `None` where that is not certain."""
    if redirect.operator not in (*_OVER, _BEHIND):
        return None
    if command.name == "cat" and not command.args and command.heredoc is not None:
        delimiter = next((one.target for one in command.redirects if one.operator in ("<<", "<<-")), None)
        quoted = delimiter is not None and (delimiter.quoted or "\\" in delimiter.text)
        return command.heredoc if quoted else _filled(command.heredoc)
    if not all(word.literal for word in command.args):
        return None
    if command.name == "echo":
        return _echoed(run, command.args)
    return _printed([word.value for word in command.args]) if command.name == "printf" else None


def _filled(body: str) -> str | None:
    """Return a here-document whose delimiter is not quoted, where nothing in it has to be filled in."""
    plain = re.sub(r"\\[$`\\]", "", body)
    return None if "$" in plain or "`" in plain else re.sub(r"\\([$`\\])", r"\1", body).replace("\\\n", "")


def _echoed(run: Run, args: tuple[ShellWord, ...]) -> str | None:
    """Return what `echo` writes: dash reads escapes always, and knows `-n` alone; others read them with `-e`."""
    words = [word.value for word in args]
    options = 0
    while options < len(words) and _OPTION.fullmatch(words[options]):
        options += 1
    given, text = "".join(words[:options]), " ".join(words[options:])
    end = "" if "n" in given else "\n"
    if "\\" not in text and not set(given) & {"e", "E"}:
        return text + end
    if (run.shell.value or ("",))[0].rsplit("/", 1)[-1] == "bash":
        reads = "e" in given
    elif run.stage.runtime.distribution in DEBIAN_FAMILY and not run.shell.set_in_file:
        if set(given) & {"e", "E"}:
            return None  # dash writes the option along
        reads = True
    elif run.stage.runtime.distribution == "alpine":
        reads = "e" in given
    else:
        return None
    read = _read(text) if reads else text
    return read + end if read is not None else None


def _printed(words: list[str]) -> str | None:
    """Return what `printf` writes with a text alone, or with `%s` for each of the words behind it."""
    if not words:
        return None
    shape = _FORMAT.fullmatch(words[0])
    if shape is not None and len(words) > 1:
        return "".join(word + (_read(shape[1]) or "") for word in words[1:])
    return _read(words[0]) if len(words) == 1 and "%" not in words[0] else None


def _read(text: str) -> str | None:
    """Return a text with its escapes read, `None` where one of them is not known."""
    if any(mark not in _MEANING for mark in _ESCAPE.findall(text)):
        return None
    return _ESCAPE.sub(lambda match: _MEANING[match[1]], text)
