"""Check an instruction's arguments (BuildKit's `line_parsers.go` and `instructions/parse.go`)."""

from __future__ import annotations

import json
import re
from types import MappingProxyType
from typing import TYPE_CHECKING

from rules.dockerfile.arguments import HAS_JSON_FORM, command_start, is_string_array
from rules.dockerfile.heredocs import opener
from rules.dockerfile.syntax.fault import at_keyword, at_value, fault
from rules.quoting import quote

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from rules.dockerfile.nodes import Instruction, SyntaxFault, Word

_PAIRS = r"""(?:[\w.-]++=(?:[!#-&(-\[\]-_a-~]*+|"[^"\\`]*+"|'[^']*+')(?:[ \t]++|$))++"""
_OLD_PAIR = r"""[!#-&(-<>-\[\]-_a-~]++[ \t]++\S"""
_NAMED = re.compile(rf"{_PAIRS}$|{_OLD_PAIR}", re.ASCII)
_COPIED = re.compile(r"(?!.*<<)[^\s\[]\S*\s++\S", re.DOTALL)
_USER = re.compile(r"[^\s:]*(?::[^\s:]+)?")
_QUOTED = re.compile(r""""[^"]*"|'[^']*'""")
_BEHIND_A_PATH = re.compile(r"\s(?P<mark>[#&|])|[,;](?=\s|\Z)")
"""What a shell, or a list, has behind a path: a comment, an operator, a mark between two."""
_MARKED = re.compile(r"#.*|&&|\|\||.*[,;]|.*,/.*", re.DOTALL)
_WAYS = MappingProxyType(
    {
        "#": "A comment needs a line of its own",
        **dict.fromkeys("&|", "Put the command into a `RUN` below"),
    }
)
_EMPTY_ARRAY = re.compile(r"\[\s*\]\s*$")
_WITH_COLON = re.compile(r"(?P<name>[A-Za-z_][\w.-]*+):(?!//)(?P<value>[^\s=:].*)", re.ASCII | re.DOTALL)
"""`NAME:value`, and no address."""
_LONGEST_JSON = 65_536
"""Characters of an array that are read to tell other JSON from a shell's test; nobody writes a tenth."""


def looks_right(keyword: str, value: str) -> bool:
    """Tell at a glance that arguments are right, as nearly all are; `False` asks for a closer look."""
    if not value:
        return False
    pattern = _RIGHT.get(keyword)
    return value[0] != "[" if pattern is None else pattern.match(value) is not None


_RIGHT: Mapping[str, re.Pattern[str]] = MappingProxyType(
    {
        "ADD": _COPIED,
        "ARG": re.compile(r"[^=](?!.*\s=)", re.DOTALL),
        "COPY": _COPIED,
        "ENV": _NAMED,
        "HEALTHCHECK": re.compile(r"CMD\s+[^\s\[]|NONE$"),
        "LABEL": _NAMED,
        "SHELL": re.compile(r'\["[^"\\\x00-\x1f]+"(?:, ?"[^"\\\x00-\x1f]*")*+\]$'),
        "VOLUME": re.compile(r"[^\s\[\"'][^\"'#&,;|]*\Z"),
        "WORKDIR": re.compile(r"[^\s\[#&,;|]*\Z"),
        "USER": re.compile(r"[\w-]+(?::[\w-]+)?$"),
    }
)


def argument_faults(instruction: Instruction) -> Iterator[SyntaxFault]:
    """Yield what BuildKit refuses about an instruction's arguments."""
    keyword, value = instruction.keyword, instruction.value
    if not value:
        yield at_keyword(instruction, f"`{keyword}` needs {_NEEDS[keyword]}.")
        return
    if value[0] == "[" and keyword in HAS_JSON_FORM and _holds_other_json(value):
        yield at_value(instruction, f"The array of `{keyword}` may hold strings in double quotes only.")
        return
    check = _CHECKS.get(keyword)
    if check:
        yield from check(instruction)


_NEEDS: Mapping[str, str] = MappingProxyType(
    {
        "ADD": "a source and a destination",
        "ARG": "a name",
        "CMD": "a command; `CMD []` clears the inherited one",
        "COPY": "a source and a destination",
        "ENTRYPOINT": "a command; `ENTRYPOINT []` clears the inherited one",
        "ENV": "a name and a value, written `NAME=value`",
        "EXPOSE": "a port",
        "FROM": "an image",
        "HEALTHCHECK": "`CMD` and a command, or `NONE`",
        "LABEL": "a name and a value, written `name=value`",
        "MAINTAINER": "a name",
        "ONBUILD": "the instruction that runs in a build on top of this image",
        "RUN": "a command",
        "SHELL": 'a JSON array, such as `["/bin/bash", "-c"]`',
        "STOPSIGNAL": "a signal",
        "USER": "a user's name or number",
        "VOLUME": "a path",
        "WORKDIR": "a path",
    }
)


_APART = re.compile(r"(?P<name>\w+)[ \t]+=[ \t]*(?P<value>\"[^\"\n]*\"|'[^'\n]*'|[^\s\"']+)")
"""`NAME = value`, as ARG cannot have it (BuildKit, "ARG names can not be blank")."""


def _holds_other_json(value: str) -> bool:
    """Tell whether a value is a JSON array of other things than strings; a shell's `[ … ]` test is none."""
    if is_string_array(value) or not value.endswith("]") or len(value) > _LONGEST_JSON:
        return False
    try:
        return isinstance(json.loads(value, parse_constant=_refuse), list)
    except (ValueError, RecursionError):
        return False


def _refuse(constant: str) -> object:
    """Refuse NaN and the infinities, which Python's reader takes and JSON does not know."""
    raise ValueError(constant)


def _pairs(instruction: Instruction) -> Iterator[SyntaxFault]:
    """Check the pairs of ENV and LABEL."""
    keyword, pairs = instruction.keyword, instruction.pairs
    if len(pairs) == 1 and pairs[0][1] is None:
        name = pairs[0][0]
        message = f"`{keyword}` needs a value for {quote(name.text)}, written `{name.text[:40]}=…`."
        yield _with_colon(keyword, name) or fault(message, name.span)
        return
    for name, value in pairs:
        if value is None:
            yield _with_colon(keyword, name) or _of_command(instruction, name) or _without_value(keyword, name)
            return
        if not name.text:
            yield fault(f"`{keyword}` has a value without a name: nothing stands before `=`.", value.span)


def _with_colon(keyword: str, word: Word) -> SyntaxFault | None:
    """Return the fault of a word whose equals sign was written as a colon; `None` where that is not plain to see."""
    match = _WITH_COLON.fullmatch(word.text)
    if match is None:
        return None
    better = f"{match['name']}={match['value']}"
    message = (
        f"`{keyword}` reads no value in {quote(word.text)}, and the build stops here: a colon stands where `=` belongs."
        f" Write {quote(better)}."
    )
    sure = (match["name"].isupper() or match["value"][0] in "\"'") and word.span.end - word.span.start == len(word.text)
    return fault(message, word.span, better if sure else None)


def _of_command(instruction: Instruction, word: Word) -> SyntaxFault | None:
    """Return the fault of a word that was meant for a command's: `ENV VERSION=$(cat version)`, torn at the blank."""
    values = [(name, value.text) for name, value in instruction.pairs if value is not None]
    torn = next((name for name, text in values if ("$(" in text and ")" not in text) or text.count("`") == 1), None)
    if torn is None or torn.span.start > word.span.start or instruction.escape == "`":
        return None
    keyword = instruction.keyword
    message = (
        f"{quote(word.text)} has no `=`, and the build stops here. `{keyword}` executes nothing: {quote(torn.text)} "
        "gets no command's output, not in quotes either. Run the command in a `RUN`, or pass its result as a build "
        "argument."
    )
    return fault(message, word.span)


def _without_value(keyword: str, word: Word) -> SyntaxFault:
    """Say why a word among `name=value` pairs is none."""
    if word.text.startswith("#"):
        message = f"`{keyword}` reads this comment as a `name=value` pair: a comment needs a line of its own."
    else:
        message = f"{quote(word.text)} has no `=`: `{keyword}` reads `name=value` pairs here"
        message += ", and a value with blanks needs double quotes."
    return fault(message, word.span)


def _build_arguments(instruction: Instruction) -> Iterator[SyntaxFault]:
    """Check the names of ARG."""
    apart = _APART.fullmatch(instruction.value)
    span = instruction.value_span
    if apart is not None:
        better = f"{apart['name']}={apart['value']}"
        message = "`ARG` takes no blank beside `=`: it reads words here of which one has no name, and the build stops."
        plain = instruction.source.cut(span) == instruction.value
        yield fault(f"{message} Write {quote(better)}.", span, better if plain else None)
        return
    for name, value in instruction.pairs:
        if not name.text and value is not None:
            yield fault("`ARG` has a value without a name: nothing stands before `=`.", instruction.value_span)


def _sources_and_destination(instruction: Instruction) -> Iterator[SyntaxFault]:
    """Check that COPY and ADD have a source and a destination, which is no here-document."""
    words = instruction.words
    keyword = instruction.keyword
    if not words:
        yield at_value(instruction, f"`{keyword}` needs a source and a destination.")
    elif len(words) == 1 and words[0].text.startswith("[") and instruction.exec_form is None:
        message = f"`{keyword}` takes {quote(words[0].text)} for one file name and lacks a destination: an array needs "
        yield fault(f"{message}both brackets, and its strings double quotes and commas between them.", words[0].span)
    elif len(words) == 1:
        message = f"`{keyword}` needs a destination behind {quote(words[0].text)}: the last word says where to."
        yield fault(message, words[0].span)
    elif "<<" in words[-1].text and opener(words[-1].text):
        yield fault(f"`{keyword}` cannot write to a here-document: name a destination behind it.", words[-1].span)


def _run(instruction: Instruction) -> Iterator[SyntaxFault]:
    """Check that RUN runs something."""
    if _EMPTY_ARRAY.match(instruction.value):
        yield at_value(instruction, "`RUN []` runs nothing: an image build refuses an empty command.")


def _shell(instruction: Instruction) -> Iterator[SyntaxFault]:
    """Check that SHELL is a JSON array with something in it."""
    if instruction.exec_form is None:
        message = f"`SHELL` must be a JSON array of strings in double quotes, not {quote(instruction.value)}."
        yield at_value(instruction, message)
    elif not instruction.exec_form:
        yield at_value(instruction, "`SHELL` needs at least one string, the shell's path.")


def _workdir(instruction: Instruction) -> Iterator[SyntaxFault]:
    """Check that WORKDIR, which takes all of its line for one path, has no more than that."""
    bare = _QUOTED.sub(lambda quoted: "_" * len(quoted[0]), instruction.value)
    found = _BEHIND_A_PATH.search(bare)
    if found is not None:
        way = _WAYS.get(found["mark"], "Leave the mark out")
        message = f"`WORKDIR` goes through no shell and takes all of its line for one path, {quote(instruction.value)}"
        yield at_value(instruction, f"{message}. {way}.")


def _volume(instruction: Instruction) -> Iterator[SyntaxFault]:
    """Check that every path of VOLUME is one."""
    if not instruction.words:
        yield at_value(instruction, "`VOLUME` needs a path.")
    marked = (word for word in instruction.words if _MARKED.fullmatch(word.text)) if instruction.value[0] != "[" else ()
    for word in marked:
        way = _WAYS.get(word.text[0], "Blanks separate its paths, and nothing else")
        yield fault(f"`VOLUME` takes {quote(word.text)} for a path of its own. {way}.", word.span)
        return
    for word in instruction.words:
        if not word.text.strip() or word.text in ('""', "''"):
            yield fault("`VOLUME` has an empty path.", word.span)


def _healthcheck(instruction: Instruction) -> Iterator[SyntaxFault]:
    """Check the type of a HEALTHCHECK and that a command follows CMD."""
    start = command_start(instruction)
    kind, command = instruction.value[:start].strip(), instruction.value[start:]
    place = instruction.words[0].span if instruction.words else instruction.value_span
    match kind.upper():
        case "NONE":
            if command:
                yield at_value(instruction, "`HEALTHCHECK NONE` takes nothing behind it.")
        case "CMD":
            if not command or instruction.exec_form == ():
                yield at_value(instruction, "`HEALTHCHECK CMD` needs a command.")
            elif command[0] == "[" and _holds_other_json(command):
                yield at_value(instruction, "The array of `HEALTHCHECK CMD` may hold strings in double quotes only.")
        case _:
            message = f"`HEALTHCHECK` is followed by `CMD` or `NONE`, not {quote(kind)}."
            yield fault(message, place)


def _user(instruction: Instruction) -> Iterator[SyntaxFault]:
    """Check that USER names one user and at most one group."""
    value = instruction.value
    if "$" in value or value[0] in "\"'" or _USER.fullmatch(value):
        return
    hint = ": a comment needs a line of its own" if " #" in value else ""
    message = f"`USER` takes one user, and a group behind a colon; {quote(value)} is neither{hint}."
    yield at_value(instruction, message)


_CHECKS: Mapping[str, Callable[[Instruction], Iterator[SyntaxFault]]] = MappingProxyType(
    {
        "ADD": _sources_and_destination,
        "ARG": _build_arguments,
        "COPY": _sources_and_destination,
        "ENV": _pairs,
        "HEALTHCHECK": _healthcheck,
        "LABEL": _pairs,
        "RUN": _run,
        "SHELL": _shell,
        "USER": _user,
        "VOLUME": _volume,
        "WORKDIR": _workdir,
    }
)
