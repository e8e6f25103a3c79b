"""See env_value_unquoted.md."""

from collections.abc import Iterator

from rules.api import (
    Category,
    Command,
    DockerfileChange,
    Fix,
    Instruction,
    Model,
    Problem,
    Severity,
    Word,
    fix,
    insert,
    names_read,
    once,
    quote,
    rule,
)
from rules.quoting import listed


@rule(
    "env-value-unquoted",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    keywords=("ENV", "ARG"),
    mentions=("=",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A value with blanks has no quotes, so it ends at the first one, and the rest becomes variables of its own."""
    for instruction in change.after.dockerfile.instructions:
        if instruction.keyword not in ("ENV", "ARG") or len(instruction.pairs) < 2:  # noqa: PLR2004 - what was cut off
            continue
        whole = _was_whole(change, instruction)
        first = 0
        for index, (name, _) in enumerate(instruction.pairs):
            if not index or not (whole or name.text.startswith("-")):
                first = index
            elif index == first + 1:
                reader = (
                    None if whole else _readers(change.after).get((id(instruction), instruction.pairs[first][0].text))
                )
                yield _problem(instruction, first, reader, whole=whole)


def _was_whole(change: DockerfileChange, instruction: Instruction) -> bool:
    """Whether the file had the same text as one value before: `ENV DSN host=db port=5432` without an equals sign.

    A name in capitals is a variable that the old form took in by mistake, and this change sets it free.
    """
    (name, value), *others = instruction.pairs
    if change.before is None or value is None or instruction.keyword != "ENV":
        return False
    if any(other.text.isupper() for other, _ in others):
        return False
    return " ".join(instruction.value.removeprefix(f"{name.text}=").split()) in _values(change.before).get(
        name.text, ()
    )


@once
def _values(model: Model) -> dict[str, set[str]]:
    """The values of those ENVs that set one variable, by its name, with single blanks."""
    found: dict[str, set[str]] = {}
    for instruction in model.dockerfile.instructions:
        if instruction.keyword == "ENV" and len(instruction.pairs) == 1:
            name, value = instruction.pairs[0]
            found.setdefault(name.text, set()).add(" ".join(value.text.split()) if value is not None else "")
    return found


@once
def _readers(model: Model) -> dict[tuple[int, str], Command]:
    """The first command of a RUN with a variable among its words, by the ARG or ENV that gave it and its name."""
    found: dict[tuple[int, str], Command] = {}
    for run in (run for stage in model.stages for run in stage.runs):
        for command in run.commands:
            for name in (name for word in command.args for name in names_read(word.text)):
                variable = run.scope.get(name)
                if variable is not None and variable.instruction is not None:
                    found.setdefault((id(variable.instruction), name), command)
    return found


def _problem(instruction: Instruction, first: int, reader: Command | None, *, whole: bool) -> Problem:
    name, value = instruction.pairs[first]
    pairs = _cut_off(instruction, first, whole=whole)
    cut = [one.text for one, _ in pairs]
    refused = next((one.text for one, given in pairs if given is None), None) if instruction.keyword == "ENV" else None
    are = "is a variable of its own" if len(cut) == 1 else "are variables of their own"
    then = f"and {listed(map(quote, cut), 3)} {are}"
    if refused is not None:
        then = f"and the build stops at {quote(refused)}, which has no `=`"
    unproven = reader is not None and pairs[-1][1] is None
    return Problem(
        instruction.span,
        f"{quote(name.text)} is only {quote(value.text if value is not None else '')}: without quotes the value ends "
        f"at the first blank, {then}. "
        f"{_way_out(reader, cut) if reader is not None and unproven else 'Put the whole value in double quotes.'}",
        instruction=instruction,
        key=name.text,
        severity=Severity.WARNING if instruction.keyword == "ARG" and reader is not None else None,
        fix=_fix(instruction, first, whole=whole) if not unproven else None,
    )


def _way_out(reader: Command, cut: list[str]) -> str:
    """Leave the choice where the value ends in an option that may want a word behind it: what builds now may not then.

    `cargo build ${FLAGS}` builds with `--release` alone, and is refused with `--release --bin`.
    """
    lost = listed(map(quote, cut), 3)
    return (
        f"So far {quote(str(reader), 60)} (line {reader.line}) does without {lost}: take that away, or put the whole "
        "value in double quotes and see whether the build still goes through."
    )


def _cut_off(instruction: Instruction, first: int, *, whole: bool) -> list[tuple[Word, Word | None]]:
    """Return what became variables behind one that lost the rest of its value."""
    pairs: list[tuple[Word, Word | None]] = []
    for pair in instruction.pairs[first + 1 :]:
        if not whole and not pair[0].text.startswith("-"):
            break
        pairs.append(pair)
    return pairs


def _fix(instruction: Instruction, first: int, *, whole: bool) -> Fix | None:
    """Put quotes around the value and what was cut off from it, where they stand on one line and have none."""
    value = instruction.pairs[first][1]
    last = _cut_off(instruction, first, whole=whole)[-1]
    end = (last[1] or last[0]).span
    source = instruction.source
    if value is None or value.span.line != end.end_line or '"' in source.text[value.span.start : end.end]:
        return None
    return fix(
        "Put the value in quotes",
        insert(source, value.span.start, '"'),
        insert(source, end.end, '"'),
    )
