"""See from_as_casing.md."""

from collections.abc import Iterator

from rules.api import Category, DockerfileChange, Problem, Severity, fix, quote, replace, rule
from rules.build.casing import as_word, in_case, is_mixed, keyword_of


@rule(
    "from-as-casing",
    severity=Severity.INFO,
    category=Category.MAINTAINABILITY,
    default="off",
    keywords=("FROM",),
    aliases=("FromAsCasing", "DF079"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """The AS of a FROM is in another case than its FROM."""
    for stage in change.stages:
        word, keyword = as_word(stage.from_), keyword_of(stage.from_)
        if word is None or is_mixed(keyword):
            continue
        wanted = in_case(word.text, lower=keyword.islower())
        if word.text != wanted:
            case = "lower case" if keyword.islower() else "capitals"
            yield Problem(
                word.span,
                f"{stage.label} is named with {quote(word.text)}, and its {quote(keyword)} is in {case}. Whoever looks "
                f"for {quote(f'{wanted} {stage.from_.words[2].text}')} misses it; write {quote(wanted)}.",
                instruction=stage.from_,
                stage=stage.key,
                fix=fix(f"Write {wanted}", replace(change.source, word.span, wanted)),
            )
