"""See from_arg_empty_default.md."""

from collections.abc import Iterator
from dataclasses import replace

from rules.api import (
    Category,
    Confidence,
    DockerfileChange,
    Model,
    Problem,
    Scope,
    Severity,
    Stage,
    Variable,
    quote,
    rule,
)
from rules.build.arg_default_removed import plain_defaults
from rules.build.variables.empty_args import is_image, with_empty
from rules.build.variables.uses import declarable_uses, uses
from rules.secrets.named.names import names_a_secret


@rule(
    "from-arg-empty-default",
    severity=Severity.WARNING,
    category=Category.CORRECTNESS,
    keywords=("FROM",),
    mentions=("$",),
    aliases=("InvalidDefaultArgInFrom",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A FROM has no valid image name unless a build argument is given."""
    given = {name for build in change.repository.builds_of(change.path) for name in build.args}
    lost = plain_defaults(change.before) if change.before is not None else {}
    # BuildKit reads every FROM before it builds a stage: where one had no image, a plain build stopped already.
    stopped = change.before is not None and any(names for _, _, names in _broken(change.before))
    for stage, text, names in _broken(change.after):
        if names and names[0] in lost and not names_a_secret(names[0]):
            continue  # which arg-default-removed says
        if not given.intersection(names) and not _is_given_by_editor(change, names):
            of_image = stage.base_word is not None and text == stage.base_word.text
            problem = (_problem if of_image else _of_platform)(stage, text, names)
            yield replace(problem, held_before=bool(names) and stopped)


def _is_given_by_editor(change: DockerfileChange, names: list[str]) -> bool:
    """Whether the file is for the container of an editor, whose settings name one of the arguments."""
    of_editor = change.path in change.repository.built_by_editors
    return of_editor and any(change.repository.is_named_beside(change.path, name) for name in names)


def _broken(model: Model) -> Iterator[tuple[Stage, str, list[str]]]:
    """Yield the stages without an image or platform, with what says so and the ARGs that have no value, if any."""
    declared = model.global_scope
    empty = with_empty(declared)
    for stage in model.stages:
        flag = stage.from_.flag("platform")
        word = stage.base_word
        if word is None:
            continue
        broken = [text for text in (word.text,) if "$" in text and not is_image(empty.expand(text))]
        if flag is not None and "$" in (flag.value or "") and empty.expand(flag.value or "") == "":
            broken.append(flag.value or "")
        if not broken or any(declared.get(name) is None for name in declarable_uses(broken[0], empty.escape)):
            continue  # without an ARG it is from-arg-undeclared's
        yield stage, broken[0], _unset(declared, empty, broken[0])


def _unset(declared: Scope, empty: Scope, text: str) -> list[str]:
    """Return the ARGs that a text uses, the one that has no value and is enough first."""
    names = (name for name in uses(text, empty.escape) if declared.get(name) is not None)
    return sorted(names, key=lambda name: (_has_value(empty, name), not _is_enough(empty, text, name)))


def _is_enough(scope: Scope, text: str, name: str) -> bool:
    """Whether there is an image where that argument alone is given: not where another is empty, too."""
    given = scope.with_([Variable(name, "x", "arg")])
    return is_image(given.expand(text))


def _has_value(scope: Scope, name: str) -> bool:
    found = scope.get(name)
    return found is not None and found.value != ""


def _of_platform(stage: Stage, text: str, names: list[str]) -> Problem:
    given = f" without `--build-arg {names[0]}=…`" if names else ""
    return Problem(
        stage.from_.span,
        f"{stage.label} has an empty platform{given}: {quote(f'--platform={text}')} says nothing then, and BuildKit "
        "stops there. Give the `ARG` a default, or take the option away: what the build asks for is the default.",
        Confidence.POSSIBLE if names else Confidence.CERTAIN,
        stage=stage.key,
        key=names[0] if names else text,
    )


def _problem(stage: Stage, text: str, names: list[str]) -> Problem:
    if names:
        fact = f"{stage.label} has no base image without `--build-arg {names[0]}=…`: with the defaults of this file, "
        then = "A plain `docker build .` stops here; give the `ARG` a default that works."
    else:
        fact = f"{stage.label} has no base image: no `ARG` above the first `FROM` declares what it names, and "
        then = "Every build stops here; declare the `ARG`, or write a default that works."
    return Problem(
        stage.from_.span,
        f"{fact}{quote(text)} is no valid name. {then}",
        Confidence.POSSIBLE if names else Confidence.CERTAIN,
        stage=stage.key,
        key=names[0] if names else text,
        decision=f"default of {names[0]}" if names else "",
    )
