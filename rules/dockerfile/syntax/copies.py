"""Check what COPY and ADD are given (BuildKit's `dispatchCopy` in `dockerfile2llb/convert_copy.go`)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rules.dockerfile.nodes import Doubt
from rules.dockerfile.reference import parse_reference
from rules.dockerfile.syntax.fault import fault
from rules.quoting import quote

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.dockerfile.nodes import Flag, Instruction, SyntaxFault, Word

_GIT = re.compile(r"""["']?(?:git@[\w.-]+:|(?:git|ssh)://|https?://[^\s?#]+\.git(?:[?#]|["']?\Z))""")
_OF_A_SHELL = re.compile(r"~|[{,]")
_HOME = re.compile(r"""["']?~(?:/|["']?\Z)""")
_BRACES = re.compile(r"(?<![${\\])\{[^{}$]*,[^{}]*\}(?!\})")
_LISTED = re.compile(r"""[^"'$]*,""")
_URL = re.compile(r"""["']?https?://""")
_NO_STAGE = re.compile("[:/@]")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128}")
_OCTAL = re.compile(r"0*[0-7]{1,4}")
_CLAUSE = r"[ugoa]*+(?:[-+=](?:[ugo]|[rwxXst]*+))+"
_SYMBOLIC = re.compile(rf"{_CLAUSE}(?:,{_CLAUSE})*+")


def copy_faults(instruction: Instruction) -> Iterator[SyntaxFault]:
    """Yield what BuildKit refuses about the sources and the flags of a COPY or an ADD."""
    if instruction.value[:1] != "[" and _OF_A_SHELL.search(instruction.value):
        yield from _shell_names(instruction)
    if instruction.keyword == "COPY" and ("://" in instruction.value or "git@" in instruction.value):
        yield from _remote_sources(instruction)
    for flag in instruction.flags:
        value = flag.value or ""
        match flag.name:
            case "from" if "$" in value and instruction.keyword == "COPY":
                yield fault(
                    "`--from` takes no variables: give the image a stage of its own, `FROM … AS name`, above this one "
                    "and copy from that name.",
                    flag.value_span,
                    doubt=Doubt.PODMAN,
                )
            case "from" if _NO_STAGE.search(value) and parse_reference(value) is None:
                yield fault(
                    f"{quote(value)} in `--from` is no image reference, and no stage has such a name.", flag.value_span
                )
            case "chmod" if value and "$" not in value and not _is_mode(value):
                yield fault(
                    f"{quote(value)} is no mode, as `--chmod` needs: write it in octal, such as `755`, or in symbols, "
                    "such as `u=rwX,go=rX`.",
                    flag.value_span,
                )
            case "checksum" if value and "$" not in value and instruction.keyword == "ADD":
                yield from _checksum(instruction, flag)


def _sources(instruction: Instruction) -> list[Word]:
    return [word for word in instruction.words[:-1] if not word.text.startswith("<<")]


def _shell_names(instruction: Instruction) -> Iterator[SyntaxFault]:
    """Yield what only a shell would expand, or a list would have, among the names of files."""
    keyword = instruction.keyword
    for word in (*_sources(instruction), *instruction.words[-1:]):
        if _HOME.match(word.text):
            message = (
                f"`{keyword}` knows no home folder: `~` is a folder of that name, and no other. Write the path itself."
            )
        elif _BRACES.search(word.text) and "://" not in word.text:
            message = (
                f"`{keyword}` knows no braces: it looks for a file called {quote(word.text)}. Name them one by one"
            )
            message += ", or use `*`."
        elif _LISTED.fullmatch(word.text):
            message = (
                f"`{keyword}` takes the comma of {quote(word.text)} for part of the name. Blanks separate the names"
            )
            message += ", and nothing else."
        else:
            continue
        yield fault(message, word.span)


def _remote_sources(instruction: Instruction) -> Iterator[SyntaxFault]:
    for word in _sources(instruction):
        if _GIT.match(word.text):
            yield fault(f"`COPY` takes no Git repository, and {quote(word.text)} is one: `ADD` does.", word.span)
        elif _URL.match(word.text):
            yield fault(f"`COPY` takes no URL, and {quote(word.text)} is one: `ADD` downloads it.", word.span)


def _is_mode(value: str) -> bool:
    return _OCTAL.fullmatch(value) is not None or _SYMBOLIC.fullmatch(value) is not None


def _checksum(instruction: Instruction, flag: Flag) -> Iterator[SyntaxFault]:
    """Check that a checksum belongs to one download, and is one."""
    sources = _sources(instruction)
    if len(sources) != 1:
        what = f"{len(sources)} sources" if sources else "a here-document"
        yield fault(f"`--checksum` belongs to one download, and this `ADD` has {what}.", flag.span)
        return
    text = sources[0].text
    if "$" in text.partition("://")[0] or _GIT.match(text):
        return
    if not _URL.match(text):
        yield fault(f"`--checksum` belongs to a download, and {quote(text)} is a file of the build context.", flag.span)
    elif _DIGEST.fullmatch(flag.value or "") is None:
        yield fault(
            f"{quote(flag.value or '')} is no checksum: `--checksum` needs `sha256:` and 64 hexadecimal digits, in "
            "small letters.",
            flag.value_span,
        )
