"""See copy_multi_source_needs_slash.md."""

import re
from collections.abc import Iterator

from rules.api import (
    Category,
    Confidence,
    Copy,
    DockerfileChange,
    Fix,
    Model,
    Problem,
    Severity,
    Stage,
    Word,
    fix,
    insert,
    once,
    quote,
    replace,
    rule,
)
from rules.model.copies import shell_words
from rules.model.folders import OF_EVERY_SYSTEM

_OF_BUILDKIT = frozenset({"parents", "link", "exclude", "mount", "checksum", "security"})


@rule(
    "copy-multi-source-needs-slash",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    keywords=("COPY", "ADD"),
    aliases=("DL3021", "DS-0011"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """Several sources are copied to a destination that is not written as a folder."""
    for stage in change.stages:
        for copy in stage.copies:
            word = copy.destination_word
            of_a_shell = shell_words(copy.instruction)
            if of_a_shell:
                yield _of_a_shell(change, stage, copy, of_a_shell)
                continue
            slip = _blank_before(copy)
            if slip is not None:
                yield _of_a_blank(stage, copy, *slip)
                continue
            if word is None or len(copy.sources) + len(copy.heredocs) < 2 or _is_folder(copy):  # noqa: PLR2004 - several
                continue
            if not (_is_there(stage, copy) and _needs_buildkit(change.after)):
                yield _problem(change, stage, copy, word)


@once
def _needs_buildkit(model: Model) -> bool:
    """Whether the file has what no other builder takes: mounts, here-documents, newer flags of COPY."""
    return any(
        instruction.heredocs or any(flag.name in _OF_BUILDKIT for flag in instruction.flags)
        for instruction in model.dockerfile.instructions
    )


def _of_a_shell(change: DockerfileChange, stage: Stage, copy: Copy, words: tuple[Word, ...]) -> Problem:
    """Say that a COPY goes through no shell."""
    first, last, mark = words[0].span, words[-1].span, words[0].text
    gone = None
    if mark.startswith("#"):
        cure = "Put the comment on a line of its own."
    elif mark in ("&&", ";", "&"):
        cure = "Put the command into a `RUN` below."
    else:
        cure = "Take that out; a name that ends in `*` is copied where there is such a file, and passed over otherwise."
        before = copy.instruction.words[len(copy.instruction.words) - len(words) - 1].span
        behind = first._replace(start=before.end, end=last.end, end_line=last.end_line)
        gone = replace(change.source, behind, "") if _has_all(change, copy) else None
    then = "and the build stops, for there are none" if len(words) > 1 else "and this one is the destination"
    return Problem(
        first,
        f"{stage.label} copies with {quote(change.source.text[first.start : last.end])} behind the names, as if a "
        f"shell read it. `{copy.instruction.keyword}` goes through none: each word is the name of a file to it, "
        f"{then}. {cure}",
        instruction=copy.instruction,
        stage=stage.key,
        fix=fix("Take the shell's words out", gone),
    )


def _has_all(change: DockerfileChange, copy: Copy) -> bool:
    """Whether the context surely has each file that is named: the author wanted to go without one that is missing."""
    known = change.repository.holds_in_context
    return all(source.has_wildcard or (source.path and known(change.path, source.path)) for source in copy.sources)


def _blank_before(copy: Copy) -> tuple[Word, Word] | None:
    """Return the slash and the name behind it in `COPY . / app`: of the context it would be the whole once more."""
    if len(copy.sources) < 2 or not copy.from_context or copy.instruction.exec_form:  # noqa: PLR2004 - several
        return None
    root, word = copy.sources[-1].word, copy.destination_word
    plain = word is not None and re.fullmatch(r"[\w-][\w./-]*", word.text) is not None
    if word is None or root.text != "/" or not plain:
        return None
    between = copy.instruction.source.text[root.span.end : word.span.start]
    return (root, word) if not between.strip(" \t") else None


def _of_a_blank(stage: Stage, copy: Copy, root: Word, word: Word) -> Problem:
    source, path = copy.instruction.source, f"/{word.text}"
    return Problem(
        root.span._replace(end=word.span.end, end_line=word.span.end_line),
        f"{quote(str(copy.instruction), 60)} of {stage.label} has a blank in its destination: {quote('/')} by itself "
        f"is one of the sources, the whole context, and all of them go to {quote(word.text)}, wherever `WORKDIR` is. "
        f"Write {quote(path)}.",
        instruction=copy.instruction,
        stage=stage.key,
        fix=fix("Take the blank out", replace(source, source.span(root.span.start, word.span.end), path)),
    )


def _problem(change: DockerfileChange, stage: Stage, copy: Copy, word: Word) -> Problem:
    plain = word.text == word.text.strip("\"'") and "$" not in word.text
    count = len(copy.sources) + len(copy.heredocs)
    fact = f"{stage.label} copies {count} sources to {quote(word.text)}, which does not end in a slash."
    refused = "" if _needs_buildkit(change.after) else " The classic builder and Kaniko refuse the line."
    if _is_there(stage, copy):
        then = f"BuildKit takes it for a folder, which it is by then.{refused}"
    else:
        hides = " Linked, that file hides the folder that is there." if _hides(stage, copy) else ""
        then = f"BuildKit makes a file of that name, and each source overwrites the one before.{hides}{refused}"
    return Problem(
        word.span,
        f"{fact} {then} Write {quote(word.text + '/')}.",
        Confidence.POSSIBLE if _is_there(stage, copy) else Confidence.LIKELY,
        doubt="the sources may be folders"
        if _is_linked(copy)
        else "the sources may be folders, or the base image may have one of that name",
        instruction=copy.instruction,
        stage=stage.key,
        fix=Fix("Write it as a folder", (insert(change.source, word.span.end, "/"),))
        if plain and not copy.instruction.exec_form
        else None,
    )


def _is_there(stage: Stage, copy: Copy) -> bool:
    """Whether BuildKit takes the destination for a folder: the first source is one, or one is there and seen.

    With `--link` none is seen: the files go into a layer of their own, which begins empty (`dispatchCopy` in
    `convert.go` copies onto `llb.Scratch()`; Dockerfile reference, "COPY --link").
    """
    if copy.sources and copy.sources[0].word.text.endswith(("/", ".")):
        return True
    return not _is_linked(copy) and _is_made(stage, copy)


def _is_linked(copy: Copy) -> bool:
    flag = copy.instruction.flag("link")
    return flag is not None and (flag.value or "").lower() != "false"


def _hides(stage: Stage, copy: Copy) -> bool:
    return _is_linked(copy) and _is_made(stage, copy)


def _is_made(stage: Stage, copy: Copy) -> bool:
    """Whether a folder is at the destination by then: a system's, a WORKDIR, a filled one, or a copied folder."""
    path = copy.destination
    if path is None or (path in OF_EVERY_SYSTEM and not stage.root.is_scratch):
        return path is not None
    return any(
        put.step.at < copy.at
        and (put.makes_folder or put.path != path or (isinstance(put.step, Copy) and _brings_folder(put.step)))
        for put in stage.files.below(path)
    )


def _brings_folder(copy: Copy) -> bool:
    """Whether a COPY is written as one of a folder, whose content it puts to the destination."""
    return len(copy.sources) == 1 and copy.sources[0].word.text.endswith(("/", "/."))


def _is_folder(copy: Copy) -> bool:
    word = copy.destination_word
    assert word is not None
    written = copy.scope.expand(word.text)
    if written is None:
        return True  # a value that cannot be known may end in a slash
    return written.endswith(("/", "\\")) or written.rsplit("/", 1)[-1] in (".", "..")
