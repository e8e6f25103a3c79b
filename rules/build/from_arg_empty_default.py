"""See from_arg_empty_default.md."""

from collections.abc import Iterator

from rules.api import (
    UNKNOWN,
    Category,
    Confidence,
    DockerfileChange,
    Problem,
    Scope,
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
    empty = _with_empty(change.after.global_scope)
    for stage in change.stages:
        flag = stage.from_.flag("platform")
        word = stage.base_word
        if word is None:
            continue
        broken = [text for text in (word.text,) if "$" in text and not _is_image(empty.expand(text))]
        if flag is not None and "$" in (flag.value or "") and empty.expand(flag.value or "") == "":
            broken.append(flag.value or "")
        names = [name for text in broken for name in uses(text, empty.escape)]
        if broken and not given.intersection(names) and all(empty.get(name) is not None for name in names[:1]):
            yield _problem(stage, broken[0], names)


def _with_empty(scope: Scope) -> Scope:
    """The variables of FROM lines as BuildKit checks them: an ARG without default is empty."""
    variables = {
        name: found._replace(value="") if found.value is UNKNOWN and found.kind == "arg" else found
        for name, found in scope.variables.items()
    }
    return Scope(variables, complete=True, escape=scope.escape)


def _is_image(text: str | None) -> bool:
    return text is None or (bool(text) and (parse_reference(text) is not None or text == "scratch"))


def _problem(stage: Stage, text: str, names: list[str]) -> Problem:
    name = names[0] if names else text
    return Problem(
        stage.from_.span,
        f"{stage.label} has no base image without `--build-arg {name}=…`: with the defaults of this file, "
        f"{quote(text)} is no valid name. A plain `docker build .` stops here; give the `ARG` a default that works.",
        Confidence.POSSIBLE,
        stage=stage.key,
        key=name,
    )
