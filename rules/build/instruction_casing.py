"""See instruction_casing.md."""

from collections.abc import Iterator

from rules.api import Category, DockerfileChange, Edit, Instruction, Problem, Severity, Span, fix, quote, replace, rule
from rules.build.casing import as_word, counted, in_case, is_mixed, is_mostly_lower, keyword_of, keywords


@rule(
    "instruction-casing",
    severity=Severity.INFO,
    category=Category.MAINTAINABILITY,
    default="off",
    aliases=("ConsistentInstructionCasing", "DF076", "S6476"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A keyword is in another case than most of the file's keywords."""
    lower = is_mostly_lower(change.after.dockerfile)
    for instruction in keywords(change.after.dockerfile):
        word = keyword_of(instruction)
        wanted = in_case(word, lower=lower)
        if word == wanted:
            continue
        yield Problem(
            instruction.keyword_span,
            f"{_fact(change, word)}. Docker takes it all the same; whoever reads or searches for "
            f"{quote(wanted)} misses it.",
            key=word,
            fix=fix(f"Write {wanted}", *(_written(change, span, lower=lower) for span in _words(instruction))),
        )


def _fact(change: DockerfileChange, word: str) -> str:
    if is_mixed(word):
        return f"{quote(word)} is neither in capitals nor in lower case"
    own, other = ("capitals", "lower case") if word.isupper() else ("lower case", "capitals")
    capitals, lower = counted(change.after.dockerfile)
    share = "half" if capitals == lower else "most"
    return f"{quote(word)} is in {own}, and {share} of the file's keywords are in {other}"


def _words(instruction: Instruction) -> Iterator[Span]:
    """Yield the keyword, and the `AS` of a FROM, which goes with it."""
    yield instruction.keyword_span
    name = as_word(instruction)
    if name is not None:
        yield name.span


def _written(change: DockerfileChange, span: Span, *, lower: bool) -> Edit:
    return replace(change.source, span, in_case(change.source.cut(span), lower=lower))
