"""Restatements of RUN: joined, split, as a here-document, in a script, with other options and quotes."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from rules.model.steps import Run
from tests.restating.pieces import Piece, neighbours, whole

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.dockerfile.nodes import Instruction
    from rules.dockerfile.shell import Command
    from rules.model.model import Model

_STATE = frozenset(
    ". alias cd declare enable eval exec exit export local popd pushd read readonly set shopt source trap typeset "
    "ulimit umask unset".split()
)
"""What changes the shell that the following commands run in."""
_PLAIN_WORD = re.compile(r"[\w./:@%+,=-]+")


def _runs(model: Model) -> Iterator[Run]:
    """Yield the RUNs in shell form whose script is understood and holds nothing but `&&` and pipes."""
    for stage in model.stages:
        for step in stage.steps:
            if isinstance(step, Run) and step.stage is stage and not step.deferred and _is_plain(step):
                yield step


def _is_plain(run: Run) -> bool:
    one = run.instruction
    if one.exec_form is not None or one.heredocs or not run.is_read or not run.commands or run.script.swallowing:
        return False
    return run.shell.value in (None, ("/bin/sh", "-c")) and run.script.dialect == "sh"


def _is_chain(run: Run) -> bool:
    return all(
        command.nested or (not command.conditional and command.before in ("", "&&", "|") and not command.negated)
        for command in run.commands
    ) and not any(command.after in ("&", ";") for command in run.commands if not command.nested)


def _keeps_state(command: Command) -> bool:
    return command.name in _STATE or (not command.name and bool(command.assignments))


def _links(run: Run) -> list[tuple[int, int]]:
    """Return the places of the `&&` of a chain, as offsets in the value; none where it has brackets around any."""
    value = run.instruction.value
    places = [found.span() for found in re.finditer(r"\s*&&\s*", value)]
    tops = [command for command in run.commands if not command.nested and command.before == "&&"]
    return places if len(places) == len(tops) else []


def _commands(run: Run) -> list[str]:
    """Return the commands of a chain one by one; the chain as a whole where it cannot be taken apart surely."""
    value, links = run.instruction.value, _links(run) if _is_chain(run) else []
    if not links or re.search(r"[(){}`]|\$\(", re.sub(r"\$\{\w+\}", "", value)) or "'" in value or "\\" in value:
        return [value]
    ends = [0, *(end for _, end in links)]
    starts = [*(start for start, _ in links), len(value)]
    found = [value[begin:stop] for begin, stop in zip(ends, starts, strict=True)]
    even = all(part.count('"') % 2 == 0 and part for part in found)
    return found if even else [value]


def _flags(one: Instruction) -> str:
    return "".join(f"{one.source.cut(flag.span)} " for flag in one.flags)


def joined(model: Model) -> Iterator[Piece]:
    """Two RUNs as one, where the first leaves the shell as it was and the second is a chain."""
    runs = {id(run.instruction): run for run in _runs(model)}
    for first, second in neighbours(model, ("RUN",)):
        one, other = runs.get(id(first)), runs.get(id(second))
        if one is None or other is None or _flags(first) != _flags(second) or not _is_chain(other):
            continue
        if any(_keeps_state(command) for command in one.commands) or one.commands[-1].after or not _is_chain(one):
            continue
        text = model.source.text
        if "#" in text[first.span.start : second.span.end]:
            continue
        tail = text[second.value_span.start : second.value_span.end]
        yield Piece(
            first.span.start, second.span.end, f"{text[first.span.start : first.value_span.end]} \\\n && {tail}"
        )


def _split_at(run: Run, *, every: bool) -> Iterator[Piece]:
    found = _commands(run)
    if len(found) < 2 or any(_keeps_state(command) for command in run.commands):
        return
    groups = [[part] for part in found] if every else [found[: len(found) // 2], found[len(found) // 2 :]]
    flags = _flags(run.instruction)
    yield whole(run.instruction, "\n".join(f"RUN {flags}{' && '.join(group)}" for group in groups))


def split_in_two(model: Model) -> Iterator[Piece]:
    """A chain as two RUNs."""
    for run in _runs(model):
        yield from _split_at(run, every=False)


def split_in_many(model: Model) -> Iterator[Piece]:
    """A chain as a RUN for each command."""
    for run in _runs(model):
        yield from _split_at(run, every=True)


def as_heredoc(model: Model) -> Iterator[Piece]:
    """A chain as a here-document with `set -e`."""
    for run in _runs(model):
        found = _commands(run)
        if len(found) > 1:
            body = "\n".join(found)
            yield whole(run.instruction, f"RUN {_flags(run.instruction)}<<'EOF'\nset -e\n{body}\nEOF")


def as_list(model: Model) -> Iterator[Piece]:
    """A chain as `set -e; …; …`."""
    for run in _runs(model):
        found = _commands(run)
        if len(found) > 1:
            body = "; \\\n    ".join(["set -e", *found])
            yield whole(run.instruction, f"RUN {_flags(run.instruction)}{body}")


def as_inner_shell(model: Model) -> Iterator[Piece]:
    """A RUN as the array that the builder makes of it."""
    for run in _runs(model):
        array = json.dumps(["/bin/sh", "-c", run.instruction.value], ensure_ascii=False)
        yield whole(run.instruction, f"RUN {_flags(run.instruction)}{array}")


def operators_first(model: Model) -> Iterator[Piece]:
    """Each command of a chain on a line of its own that begins with `&&`."""
    for run in _runs(model):
        found = _commands(run)
        if len(found) > 1:
            text = " \\\n    && ".join(found)
            yield Piece(run.instruction.value_span.start, run.instruction.value_span.end, text)


def operators_last(model: Model) -> Iterator[Piece]:
    """Each command of a chain on a line of its own, `&&` at the ends."""
    for run in _runs(model):
        found = _commands(run)
        if len(found) > 1:
            text = " && \\\n    ".join(found)
            yield Piece(run.instruction.value_span.start, run.instruction.value_span.end, text)


def as_script(model: Model) -> Iterator[Piece]:
    """A RUN as a script that is copied and called."""
    for number, run in enumerate(_runs(model)):
        found = _commands(run)
        if len(found) < 2 or run.user.set_in_file:
            continue
        name = f"build-{number}.sh"
        text = f"COPY {name} /tmp/{name}\nRUN {_flags(run.instruction)}sh /tmp/{name}"
        body = "\n".join(["#!/bin/sh", "set -e", *found, ""])
        yield whole(run.instruction, text)._replace(file=(name, body))


def as_mounted_script(model: Model) -> Iterator[Piece]:
    """A RUN as a script that is mounted and called."""
    for number, run in enumerate(_runs(model)):
        found = _commands(run)
        if len(found) < 2:
            continue
        name = f"build-{number}.sh"
        mount = f"--mount=type=bind,source={name},target=/tmp/{name}"
        body = "\n".join(["#!/bin/sh", "set -e", *found, ""])
        text = f"RUN {_flags(run.instruction)}{mount} sh /tmp/{name}"
        yield whole(run.instruction, text)._replace(file=(name, body))


def _table(text: str) -> dict[str, str]:
    """Read `-f --fail, …`: a word, and what stands for it."""
    return {old: new for old, _, new in (row.strip().partition(" ") for row in text.split(","))}


_OPTIONS = {
    "apt-get": _table("-y --yes, --yes -y, --assume-yes -y, -q --quiet"),
    "apk": _table("-U --update-cache, -t --virtual, --virtual -t, -q --quiet"),
    "dnf": _table("-y --assumeyes, -q --quiet"),
    "yum": _table("-y --assumeyes, -q --quiet"),
    "pip": _table("-r --requirement, -U --upgrade, -q --quiet, -e --editable, -c --constraint"),
    "npm": _table("-g --global, --global -g"),
    "curl": _table(
        "-f --fail, -s --silent, -S --show-error, -L --location, -o --output, -O --remote-name, -k --insecure, "
        "-fsSL --fail --silent --show-error --location, -sSL -s -S -L, -sL --silent --location, -LO -L -O, "
        "-LsSf -fsSL, -sS --silent --show-error, -Lo -L -o, -fsSLO -f -s -S -L -O, -fsS --fail -sS"
    ),
    "wget": _table("-q --quiet, -O --output-document, -qO- -q -O -, -qO -q -O, -P --directory-prefix"),
    "rm": _table("-rf -fr, -fr -r -f, -Rf -rf"),
    "mkdir": _table("-p --parents"),
    "git": _table("-b --branch"),
    "useradd": _table(
        "-u --uid, -m --create-home, -r --system, -s --shell, -g --gid, -d --home-dir, -G --groups, "
        "-M --no-create-home, --uid -u, --gid -g, --system -r, --create-home -m, --shell -s"
    ),
    "groupadd": _table("-g --gid, -r --system, --gid -g, --system -r"),
    "tar": _table("xzf -xzf, -xzf -x -z -f, xvf -xvf, xf -xf, zxf -zxf, -xvzf -xzvf"),
}
"""The same option in other words, of the programs on Debian; BusyBox has some of them too."""
_SAME = {"pip3": "pip"}


def options(model: Model) -> Iterator[Piece]:
    """Options of well-known programs in their other form."""
    for run in _runs(model):
        for command in run.commands:
            known = _OPTIONS.get(_SAME.get(command.name, command.name), {})
            if command.name == "git" and "clone" not in [word.value for word in command.args]:
                continue
            for word in command.args:
                text = known.get(word.text)
                if text is not None:
                    yield Piece(word.start, word.end, text)


def options_first(model: Model) -> Iterator[Piece]:
    """`apt-get install -y` as `apt-get -y install`, and `install` at once behind `npm`'s short form."""
    for run in _runs(model):
        for command in run.commands:
            words = command.args
            if command.name in ("apt-get", "dnf", "yum") and len(words) > 1 and words[0].text == "install":
                if words[1].text in ("-y", "-yq", "-qy", "-qq"):
                    yield Piece(words[0].start, words[1].end, f"{words[1].text} install")
            elif command.name == "npm" and words and words[0].text in ("i", "install"):
                yield Piece(words[0].start, words[0].end, "install" if words[0].text == "i" else "i")


def quotes_added(model: Model) -> Iterator[Piece]:
    """Double quotes around the plain arguments of commands."""
    for run in _runs(model):
        for command in run.commands:
            if command.nested or not command.program or command.program.text in ("[", "[[", "test"):
                continue
            for word in command.args:
                plain = word.text == word.value and _PLAIN_WORD.fullmatch(word.text) and word.literal
                if plain and not word.text.startswith("-"):
                    yield Piece(word.start, word.end, f'"{word.text}"')


def quotes_removed(model: Model) -> Iterator[Piece]:
    """No quotes around words that need none."""
    for run in _runs(model):
        for command in run.commands:
            for word in command.args if not command.nested else ():
                inner = word.text[1:-1]
                if word.text[:1] in "'\"" and word.text[-1:] == word.text[:1] and _PLAIN_WORD.fullmatch(inner):
                    yield Piece(word.start, word.end, inner)


def packages_sorted(model: Model) -> Iterator[Piece]:
    """The packages of an install sorted, one on each line."""
    for run in _runs(model):
        for command in run.commands:
            if (command.name, command.subcommand) not in (("apt-get", "install"), ("apk", "add"), ("dnf", "install")):
                continue
            names = []
            for word in reversed(command.args):
                if not re.fullmatch(r"[a-z0-9][\w.+:=~*-]*", word.text) or word.value == command.subcommand:
                    break
                names.append(word)
            before = command.args[len(command.args) - len(names) - 1] if len(names) < len(command.args) else None
            if before is not None and before.value in ("-t", "--virtual", "-o", "-X", "-p"):
                names = names[:-1]
            if len(names) < 2:
                continue
            cut = model.source.text[names[-1].start : names[0].end]
            if "#" in cut or command.redirects:
                continue
            text = " \\\n        ".join(sorted(word.text for word in names))
            yield Piece(names[-1].start, names[0].end, text)


_VERSION = re.compile(r"(?<![\w.$-])v?(\d+\.\d+(?:\.\d+)*)(?![\w.])|(?<=[=@/-])v?(\d+\.\d+\.\d+)(?![\w.])")


def _named(model: Model, keyword: str) -> Iterator[Piece]:
    number = 0
    for run in _runs(model):
        one = run.instruction
        if "'" in one.text:
            continue
        for command in run.commands:
            for word in command.args if not command.nested else ():
                found = _VERSION.search(word.text)
                if not found or not word.literal or word.text != word.value or command.heredoc is not None:
                    continue
                number += 1
                group = 1 if found[1] else 2
                name = f"TOOL_{number}_VERSION"
                first = min([one.span.start, *(comment.span.start for comment in one.comments)])
                yield Piece(first, first, f"{keyword} {name}={found[group]}\n")
                start = word.start + found.start(group)
                yield Piece(start, start + len(found[group]), f"${{{name}}}")
                break


def version_in_arg(model: Model) -> Iterator[Piece]:
    """A version that a command names as an ARG above it."""
    return _named(model, "ARG")


def version_in_env(model: Model) -> Iterator[Piece]:
    """A version that a command names as an ENV above it."""
    return _named(model, "ENV")


def cd_as_workdir(model: Model) -> Iterator[Piece]:
    """`RUN cd /x && …` as a WORKDIR, and one back."""
    for run in _runs(model):
        found = _commands(run)
        back = run.workdir.value
        if len(found) < 2 or not run.workdir.set_in_file or back is None or run.user.set_in_file:
            continue
        place = re.fullmatch(r"cd (/[\w./-]+)", found[0])
        if place and not any(command.name in ("cd", "pushd") for command in run.commands[1:]):
            rest = " && ".join(found[1:])
            flags = _flags(run.instruction)
            yield whole(run.instruction, f"WORKDIR {place[1]}\nRUN {flags}{rest}\nWORKDIR {back}")


def made_by_workdir(model: Model) -> Iterator[Piece]:
    """No `RUN mkdir -p /x` right above `WORKDIR /x`."""
    for stage in model.stages:
        for run, after in zip(stage.steps, stage.steps[1:], strict=False):
            if not isinstance(run, Run) or after.instruction.keyword != "WORKDIR" or run.user.set_in_file:
                continue
            if run.stage is stage and run.instruction.value == f"mkdir -p {after.instruction.value}":
                yield Piece(run.instruction.span.start, after.instruction.span.start, "")
