"""See from_arg_empty_default.md."""

from collections.abc import Iterator

from rules.api import (
    UNKNOWN,
    Category,
    Confidence,
    DockerfileChange,
    Problem,
    Severity,
    Stage,
    parse_reference,
    quote,
    rule,
)
from rules.build.variable_uses import uses


@rule(
    "from-arg-empty-default",
    severity=Severity.WARNING,
    category=Category.CORRECTNESS,
    keywords=("ARG",),
    mentions=("$",),
    aliases=("InvalidDefaultArgInFrom",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A FROM has no valid image name unless a build argument is given."""
    given = {name for build in change.repository.builds_of(change.path) for name in build.args}
    scope = change.after.global_scope
    for stage in change.stages:
        word = stage.base_word
        if word is None or "$" not in word.text:
            continue
        names = [name for name in dict.fromkeys(uses(word.text, scope.escape)) if _is_empty(change, name)]
        if not names or given.intersection(names) or _is_valid_without(change, stage):
            continue
        yield Problem(
            stage.from_.span,
            f"`FROM` of {stage.label} has no image without `--build-arg {names[0]}=…`: {quote(word.text)} is no valid "
            f"name as long as {', '.join(quote(name) for name in names)} has no default. "
            "A plain `docker build .` stops here; give the `ARG` a default that works.",
            Confidence.LIKELY,
            stage=stage.key,
            key=names[0],
        )


def _is_empty(change: DockerfileChange, name: str) -> bool:
    found = change.after.global_scope.get(name)
    return found is not None and found.kind == "arg" and (found.value is UNKNOWN or found.value == "")


def _is_valid_without(change: DockerfileChange, stage: Stage) -> bool:
    """Whether the name holds with the arguments empty, as BuildKit checks it."""
    word = stage.base_word
    assert word is not None
    scope = change.after.global_scope
    empty = {
        name: v._replace(value="") if v.value is UNKNOWN and v.kind == "arg" else v
        for name, v in scope.variables.items()
    }
    text = type(scope)(empty, complete=True, escape=scope.escape).expand(word.text)
    if text is None:
        return True
    return bool(text) and (parse_reference(text) is not None or text == "scratch")
