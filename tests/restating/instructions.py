"""Restatements of single instructions, and of neighbours of one kind."""

from __future__ import annotations

import json
import posixpath
import re
from typing import TYPE_CHECKING

from rules.model.steps import Copy, Run
from tests.restating.pieces import Piece, neighbours, whole

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.dockerfile.nodes import Instruction
    from rules.model.model import Model
    from rules.model.steps import Step

_BARE = re.compile(r"[\w./:@%+,-]+")
_LISTS = ("ENV", "LABEL", "EXPOSE", "VOLUME", "ARG")
_SHELL = ("/bin/sh", "-c")


def _pairs(one: Instruction) -> list[tuple[str, str]] | None:
    """Return names and values as written; `None` where they are not all `NAME=value`."""
    cut = one.source.cut
    pairs = [(cut(name.span), value) for name, value in one.pairs]
    if any(value is None for _, value in pairs) or one.flags:
        return None
    if any(one.source.text[name.span.end] != "=" for name, _ in one.pairs):
        return None
    return [(name, value.text) for name, value in pairs if value is not None]


def _reads(value: str, names: set[str]) -> bool:
    return any(found in names for found in re.findall(r"\$\{?(\w+)", value))


def env_joined(model: Model) -> Iterator[Piece]:
    """Two ENVs or LABELs as one, where the second reads nothing that the first sets."""
    for first, second in neighbours(model, ("ENV", "LABEL")):
        one, other = _pairs(first), _pairs(second)
        if not one or not other:
            continue
        names = {name for name, _ in one}
        if any(_reads(value, names) or name in names for name, value in other):
            continue
        lines = " \\\n    ".join(f"{name}={value}" for name, value in (*one, *other))
        yield Piece(first.span.start, second.span.end, f"{first.keyword} {lines}")


def env_split(model: Model) -> Iterator[Piece]:
    """An ENV or LABEL of several pairs as several."""
    for one in _all(model):
        pairs = _pairs(one) if one.keyword in ("ENV", "LABEL") else None
        if not pairs or len(pairs) == 1 or any(_reads(value, {name for name, _ in pairs}) for _, value in pairs):
            continue
        yield whole(one, "\n".join(f"{one.keyword} {name}={value}" for name, value in pairs))


def env_with_equals(model: Model) -> Iterator[Piece]:
    """`ENV A 1` as `ENV A=1`."""
    for one in _all(model):
        if one.keyword not in ("ENV", "LABEL") or _pairs(one) is not None or len(one.pairs) != 1:
            continue
        name, value = one.pairs[0]
        if value is None or not re.fullmatch(r"[\w./:@%+,${}-]+(?: [\w./:@%+,${}-]+)*", value.text):
            continue
        quoted = f'"{value.text}"' if " " in value.text else value.text
        yield whole(one, f"{one.keyword} {name.text}={quoted}")


def env_quoted(model: Model) -> Iterator[Piece]:
    """Quotes around the values of ENV, LABEL and ARG, and none where they are needless."""
    for one in _all(model):
        pairs = _pairs(one) if one.keyword in ("ENV", "LABEL", "ARG") else None
        for (_, value), (_, word) in zip(pairs or (), one.pairs, strict=False):
            if word is None:
                continue
            if _BARE.fullmatch(value):
                yield Piece(word.span.start, word.span.end, f'"{value}"')
            elif value[:1] == value[-1:] == '"' and _BARE.fullmatch(value[1:-1]):
                yield Piece(word.span.start, word.span.end, value[1:-1])


def words_split(model: Model) -> Iterator[Piece]:
    """An EXPOSE or VOLUME of several words as several."""
    for one in _all(model):
        if one.keyword in ("EXPOSE", "VOLUME") and len(one.words) > 1:
            yield whole(one, "\n".join(f"{one.keyword} {word.text}" for word in one.words))


def words_joined(model: Model) -> Iterator[Piece]:
    """Two EXPOSEs or VOLUMEs as one."""
    for first, second in neighbours(model, ("EXPOSE", "VOLUME")):
        words = [word.text for word in (*first.words, *second.words)]
        if all(map(re.compile(r"[\w./${}-]+").fullmatch, words)):
            yield Piece(first.span.start, second.span.end, f"{first.keyword} {' '.join(words)}")


def port_with_protocol(model: Model) -> Iterator[Piece]:
    """`EXPOSE 80` as `EXPOSE 80/tcp`."""
    for one in _all(model):
        for word in one.words if one.keyword == "EXPOSE" else ():
            if word.text.isdigit():
                yield Piece(word.span.end, word.span.end, "/tcp")


def _steps(model: Model) -> Iterator[Step]:
    for stage in model.stages:
        yield from (step for step in stage.steps if not step.deferred and step.stage is stage)


def _all(model: Model) -> Iterator[Instruction]:
    for stage in model.stages:
        yield from stage.instructions


def _copies(model: Model) -> Iterator[Copy]:
    if _is_windows(model):
        return
    for step in _steps(model):
        if isinstance(step, Copy) and step.sources and not step.heredocs and step.destination_word is not None:
            yield step


def _flags(one: Instruction) -> str:
    return "".join(f"{one.source.cut(flag.span)} " for flag in one.flags)


def paths_as_json(model: Model) -> Iterator[Piece]:
    """COPY, ADD and VOLUME in the other form."""
    for one in _all(model):
        if one.keyword not in ("COPY", "ADD", "VOLUME") or one.heredocs or not one.words:
            continue
        words = [word.text for word in one.words]
        if not all(map(re.compile(r"[\w./${}*:@+-]+").fullmatch, words)):
            continue
        text = " ".join(words) if one.exec_form is not None else json.dumps(words)
        yield whole(one, f"{one.keyword} {_flags(one)}{text}")


def copy_split(model: Model) -> Iterator[Piece]:
    """A COPY of several sources as several."""
    for step in _copies(model):
        one, place = step.instruction, step.destination_word
        if len(step.sources) > 1 and place is not None and one.exec_form is None:
            lines = (f"{one.keyword} {_flags(one)}{source.word.text} {place.text}" for source in step.sources)
            yield whole(one, "\n".join(lines))


def copy_joined(model: Model) -> Iterator[Piece]:
    """Two COPYs into one folder as one."""
    steps = {id(step.instruction): step for step in _copies(model)}
    for first, second in neighbours(model, ("COPY",)):
        one, other = steps.get(id(first)), steps.get(id(second))
        if one is None or other is None or first.exec_form is not None or second.exec_form is not None:
            continue
        place, same = one.destination_word, other.destination_word
        if place is None or same is None or place.text != same.text or _flags(first) != _flags(second):
            continue
        if place.text.endswith("/") or place.text == ".":
            words = " ".join(source.word.text for source in (*one.sources, *other.sources))
            yield Piece(first.span.start, second.span.end, f"COPY {_flags(first)}{words} {place.text}")


def copy_absolute(model: Model) -> Iterator[Piece]:
    """A relative destination, or WORKDIR, as an absolute one."""
    for step in _copies(model):
        word = step.destination_word
        if word is None or word.text.startswith(("/", "$")) or step.destination is None or "$" in word.text:
            continue
        if step.workdir.set_in_file and step.instruction.exec_form is None:
            folder = step.into_folder and step.destination != "/"
            yield Piece(word.span.start, word.span.end, step.destination + ("/" if folder else ""))


def copy_relative(model: Model) -> Iterator[Piece]:
    """An absolute destination at or below the WORKDIR as a relative one."""
    for step in _copies(model):
        word, folder = step.destination_word, step.workdir.value
        if word is None or not word.text.startswith("/") or not step.workdir.set_in_file or step.destination is None:
            continue
        if not folder or folder == "/" or step.instruction.exec_form is not None or "$" in word.text:
            continue
        if step.destination == folder or step.destination.startswith(f"{folder}/"):
            text = posixpath.relpath(step.destination, folder)
            slash = "/" if word.text.endswith("/") else ""
            yield Piece(word.span.start, word.span.end, text + slash)


def workdir_absolute(model: Model) -> Iterator[Piece]:
    """A relative WORKDIR as an absolute one."""
    for stage in model.stages:
        folder: str | None = None
        for one in stage.instructions:
            if one.keyword != "WORKDIR":
                continue
            text = one.value
            if text.startswith("/") and "$" not in text:
                folder = posixpath.normpath(text)
            elif folder is not None and re.fullmatch(r"[\w.-][\w./-]*", text):
                folder = posixpath.normpath(posixpath.join(folder, text))
                yield whole(one, f"WORKDIR {folder}")
            else:
                folder = None


def start_as_json(model: Model) -> Iterator[Piece]:
    """A shell form CMD, ENTRYPOINT or HEALTHCHECK as the array that the builder makes of it.

    What looks like an array is none of its author's shell forms: as below, it is left as it is.
    """
    for one in _starts(model):
        if one.exec_form is None and not one.heredocs and "\\" not in one.value and one.value[0] != "[":
            command = one.value.removeprefix("CMD ").strip() if one.keyword == "HEALTHCHECK" else one.value
            kind = "CMD " if one.keyword == "HEALTHCHECK" else ""
            yield whole(one, f"{one.keyword} {_flags(one)}{kind}{json.dumps([*_SHELL, command], ensure_ascii=False)}")


def start_as_shell(model: Model) -> Iterator[Piece]:
    """The array that the builder makes of a shell form as that."""
    for one in _starts(model):
        words = [word.text for word in one.exec_form or ()]
        code = words[-1] if tuple(words[:-1]) == _SHELL else ""
        if code and "\n" not in code and code[0] not in "[<":
            kind = "CMD " if one.keyword == "HEALTHCHECK" else ""
            yield whole(one, f"{one.keyword} {_flags(one)}{kind}{code}")


def _starts(model: Model) -> Iterator[Instruction]:
    if any(one.keyword == "SHELL" for one in model.dockerfile.instructions) or _is_windows(model):
        return
    for stage in model.stages:
        for one in stage.instructions:
            checks = one.keyword == "HEALTHCHECK" and one.value.startswith("CMD ")
            if checks or (one.keyword in ("CMD", "ENTRYPOINT") and one.value):
                yield one


def _is_windows(model: Model) -> bool:
    text = model.source.text.lower()
    return any(word in text for word in ("windows", "servercore", "nanoserver", "powershell"))


_MAKES = re.compile(r"\b(?:useradd|adduser)\b[^&;|]*?\s(?P<name>[a-z_][\w-]*)\s*(?=$|&&|;|\|)")


def user_with_group(model: Model) -> Iterator[Piece]:
    """`USER app` as `USER app:app`, where a command of the stage makes both and puts the user in no other group."""
    for stage in model.stages:
        code = " ; ".join(step.instruction.value for step in stage.steps if isinstance(step, Run))
        if re.search(
            r"usermod|adduser [^&;]*-S|addgroup \S+ \S+|gpasswd|\s-[a-zA-Z]*[gGN]\b|--groups|--ingroup|--gid|--no-user",
            code,
        ):
            continue
        made = {found["name"] for found in _MAKES.finditer(code)}
        for one in stage.instructions:
            if one.keyword == "USER" and one.value in made:
                yield whole(one, f"USER {one.value}:{one.value}")
