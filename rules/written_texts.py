"""What a file says that the Dockerfile itself writes: by a here-document, by `echo` or by `printf`."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, NamedTuple

from rules.facts.distributions import DEBIAN_FAMILY
from rules.lazily import once
from rules.model.nesting import runs_apart
from rules.model.puts import copied, may_bring
from rules.model.run_writes import writes_by_command
from rules.model.steps import Copy, Run
from rules.model.work_folders import path_of

if TYPE_CHECKING:
    from rules.dockerfile.shell.script import Command, Redirect
    from rules.model.stage import Stage
    from rules.model.steps import Step

_OVER, _BEHIND = frozenset({">", ">|"}), ">>"
_LEAVE_IT = frozenset("[ cat chgrp chmod chown echo exit file ls mkdir printf set stat test touch true".split())
"""Commands that change no text of a file that they name."""
_EDITORS = frozenset("awk cp dos2unix ed install mv patch perl rm sed tee truncate".split())
"""Commands that change files; with a variable among their words, any."""
_NAME = re.compile(r"[\w.+@-]+")
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
    found = _texts(stage).get(path)
    return found if found is not None and not _is_replaced(stage, path, found.step, None) else None


@once
def _texts(stage: Stage) -> dict[str, WrittenText]:
    files = _Files(stage)
    for step in stage.done_steps:
        if isinstance(step, Copy):
            files.after_copy(step)
        elif isinstance(step, Run):
            files.after_run(step)
    return files.known


class _Files:
    """The files whose text is known behind a step."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.known: dict[str, WrittenText] = {}
        self._by_name: dict[str, set[str]] = {}

    def after_copy(self, copy: Copy) -> None:
        """Go on behind a COPY: what its here-documents say."""
        puts = (put for put in copied(copy) if put.kind == "heredoc")
        for put, heredoc in zip(puts, copy.heredocs, strict=False):
            plain = not heredoc.expands or "$" not in heredoc.body
            self._set(put.path, WrittenText(heredoc.body, copy) if plain else None)

    def after_run(self, run: Run) -> None:
        """Go on behind a RUN: what its commands write, and forget what others may change."""
        if not run.is_read:
            self._forget_all()
            return
        begun: set[int] = set()
        for command in run.commands:
            targets = [one for one in command.redirects if one.writes is not None and one.fd in (None, 1)]
            if not targets:
                self._after_other(run, command)
            for redirect in targets:
                path = path_of(run, command, redirect.writes or "")
                if path is not None and not run.is_mounted(path):
                    text = _output(run, command, redirect) if _is_sure(run, command) else None
                    anew = redirect.operator in _OVER and redirect.start not in begun
                    self._set(path, self._joined(path, text, run, anew=anew))
                begun.add(redirect.start)

    def _joined(self, path: str, text: str | None, run: Run, *, anew: bool) -> WrittenText | None:
        """Return what a file says behind a command; the commands of a group write one behind the other."""
        before = self.known.get(path)
        if text is None or anew:
            return WrittenText(text, run) if text is not None else None
        if before is None or _is_replaced(self.stage, path, before.step, run):
            return None
        return WrittenText(before.text + text, run)

    def _after_other(self, run: Run, command: Command) -> None:
        """Forget the files that a command may change: those it writes, and those whose names stand in its words."""
        if not self.known or command.name in _LEAVE_IT:
            return
        words = " ".join(word.value for word in command.args)
        if "*" in words or (command.name in _EDITORS and "$" in words):
            self._forget_all()
            return
        named = (path for name in set(_NAME.findall(words)) for path in self._by_name.get(name, ()))
        written = (write.path for write in writes_by_command(run).get(command.start, ()))
        for path in (*written, *named):
            self.known.pop(path, None)

    def _set(self, path: str, text: WrittenText | None) -> None:
        if text is None:
            self.known.pop(path, None)
            return
        self.known[path] = text
        self._by_name.setdefault(posixpath.basename(path), set()).add(path)

    def _forget_all(self) -> None:
        self.known.clear()
        self._by_name.clear()


def _is_replaced(stage: Stage, path: str, since: Step, until: Step | None) -> bool:
    """Whether a COPY between two steps may put another file in the place of one."""
    return any(
        isinstance(put.step, Copy)
        and put.step.at > since.at
        and (until is None or put.step.at < until.at)
        and may_bring(put, path)
        for put in stage.files.covering(path)
    )


def _is_sure(run: Run, command: Command) -> bool:
    return not (command.conditional or runs_apart(run, command) or command.before in ("||", "|", "|&") or run.deferred)


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
        return _echoed(run, command)
    return _printed([word.value for word in command.args]) if command.name == "printf" else None


def _filled(body: str) -> str | None:
    """Return a here-document whose delimiter is not quoted, where nothing in it has to be filled in."""
    plain = re.sub(r"\\[$`\\]", "", body)
    return None if "$" in plain or "`" in plain else re.sub(r"\\([$`\\])", r"\1", body).replace("\\\n", "")


def _echoed(run: Run, command: Command) -> str | None:
    """Return what `echo` writes: dash reads escapes always, and knows `-n` alone; others read them with `-e`."""
    words = [word.value for word in command.args]
    options = 0
    while options < len(words) and _OPTION.fullmatch(words[options]):
        options += 1
    given, text = "".join(words[:options]), " ".join(words[options:])
    end = "" if "n" in given else "\n"
    if "\\" not in text and not set(given) & {"e", "E"}:
        return text + end
    if command.nested:
        return None  # another shell may read it
    if run.script.dialect == "bash":
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
