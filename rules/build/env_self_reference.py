"""See env_self_reference.md."""

from collections.abc import Iterator
from dataclasses import replace

from rules.api import (
    PREDEFINED_ARGS,
    Category,
    Confidence,
    DockerfileChange,
    Fix,
    Note,
    Problem,
    Severity,
    Stage,
    Step,
    Variable,
    Word,
    fix,
    insert_line_before,
    quote,
    rule,
)
from rules.build.variables.env_pairs import built_in_one
from rules.build.variables.namesakes import unused_namesake
from rules.build.variables.of_base import is_bare, is_set_by_base
from rules.build.variables.uses import badly_declared, first_uses, is_own_value
from rules.quoting import listed
from rules.secrets.named.names import names_a_secret

_SEARCH_PATHS = frozenset(
    "PATH LD_LIBRARY_PATH LIBRARY_PATH PKG_CONFIG_PATH PYTHONPATH NODE_PATH CLASSPATH MANPATH CPATH C_INCLUDE_PATH "
    "CPLUS_INCLUDE_PATH PERL5LIB CMAKE_PREFIX_PATH".split()
)
"""Lists of folders, which no build passes."""
_PROXIES = frozenset(name for name in PREDEFINED_ARGS if name.lower().endswith("_proxy"))


@rule(
    "env-self-reference",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    keywords=("ENV",),
    mentions=("$",),
    aliases=("DL3044",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """An ENV uses a variable that the same ENV sets, or sets one to itself."""
    for stage in change.stages:
        for step in stage.steps:
            if step.instruction.keyword == "ENV":
                yield from _set_to_itself(change, stage, step)
                yield from _proxies(stage, step)
                yield from built_in_one(change, stage, step)


def _set_to_itself(change: DockerfileChange, stage: Stage, step: Step) -> Iterator[Problem]:
    """Speak of the variables that get their own value where nothing above gives them one; at once of those alike."""
    alike: dict[bool, list[tuple[str, Word]]] = {}
    for name, value in step.instruction.pairs:
        if value is None or not is_own_value(name.text, value) or name.text in _PROXIES:
            continue
        if step.scope.get(name.text) is not None or name.text in stage.model.global_scope.variables:
            continue  # an ARG becomes an ENV; one above the first FROM is undefined-variable's
        if name.text not in _SEARCH_PATHS and is_set_by_base(stage, name.text):
            continue
        if name.text in badly_declared(stage.model):
            continue  # `ARG NAME,` is what is to be mended, and no second ARG
        if name.text in _SEARCH_PATHS:
            yield _without_effect(stage, name.text, value)
        elif (meant := unused_namesake(step, name.text)) is not None:
            yield _empty(stage, step, [(name.text, value)], meant)
        else:
            alike.setdefault(names_a_secret(name.text), []).append((name.text, value))
    for found in alike.values():
        problem = _empty(stage, step, found, None)
        yield replace(problem, fix=None, minor=True) if _is_given(change, found) else problem


def _is_given(change: DockerfileChange, found: list[tuple[str, Word]]) -> bool:
    """Whether the service of a compose file gives its container the variables, so that only the image's are empty."""
    return any(all(name in one.environment for name, _ in found) for one in change.repository.builds_of(change.path))


def _without_effect(stage: Stage, name: str, value: Word) -> Problem:
    return Problem(
        value.span,
        f"{quote(name)} is set to what it is: the pair has no effect. Put a folder in front, or take it out.",
        stage=stage.key,
        key=f"{name}=",
        severity=Severity.INFO,
    )


def _empty(stage: Stage, step: Step, found: list[tuple[str, Word]], meant: Variable | None) -> Problem:
    names, one = [name for name, _ in found], len(found) == 1
    first = min((first_uses(stage).get(name, step) for name in names), key=lambda other: other.index)
    are, them = (
        ("is set to its own value", "it one: it is empty")
        if one
        else ("are set to their own values", "them one: they are empty")
    )
    secret = names_a_secret(names[0])
    return Problem(
        found[0][1].span,
        f"{listed(map(quote, names), None)} {are}, and nothing above gives {them}. What the machine that builds has in "
        f"its environment does not reach the image. {_way_out(meant, one=one, secret=secret, ships=stage.layers_ship)}",
        Confidence.CERTAIN if is_bare(stage) else Confidence.LIKELY if stage.base_known else Confidence.POSSIBLE,
        doubt="the base image may set it" if one else "the base image may set them",
        stage=stage.key,
        key=" ".join(f"{name}=" for name in names),
        notes=() if first is step else (Note(first.instruction.span, "empty here too"),),
        severity=Severity.WARNING,
        fix=None if meant is not None or secret else _declared(first, names),
    )


def _way_out(meant: Variable | None, *, one: bool, secret: bool, ships: bool) -> str:
    if meant is not None and meant.instruction is not None:
        return f"The `ARG {meant.name}` at line {meant.instruction.line} is used nowhere: it may be what was meant."
    if secret and not ships:
        return "A secret mount hands a secret to the step that reads it: `RUN --mount=type=secret,…`."
    if secret:
        return "Leave a secret to run time: what `ENV` sets stays in the image."
    if not one:
        return "Declare an `ARG` for each, or leave the variables to run time."
    return "Declare the `ARG`, or leave the variable to run time."


def _proxies(stage: Stage, step: Step) -> Iterator[Problem]:
    """Say it once of the proxies that an ENV sets to their own values: an ARG would put those of the build into it."""
    pairs = [(name.text, value) for name, value in step.instruction.pairs if value is not None]
    found = [(name, value) for name, value in pairs if name in _PROXIES and is_own_value(name, value)]
    above = stage.model.global_scope.variables
    found = [(name, value) for name, value in found if step.scope.get(name) is None and name not in above]
    if not found:
        return
    named = quote(found[0][0])
    rest = f" and {len(found) - 1} more like it are set to their own values" if len(found) > 1 else ""
    yield Problem(
        found[0][1].span,
        f"{named}{rest or ' is set to its own value'}, and nothing in this stage gives {'them' if rest else 'it'} one: "
        "BuildKit fills in the empty text. It hands the proxy of the build to each `RUN` by itself, and leaves none in "
        "the image. Take the setting out; for the running container, set it there.",
        Confidence.LIKELY if stage.base_known else Confidence.POSSIBLE,
        doubt="the builder before BuildKit fills in the proxy of the build, and leaves it in the image",
        stage=stage.key,
        key="proxies=",
        severity=Severity.WARNING,
    )


def _declared(step: Step, names: list[str]) -> Fix | None:
    lines = [f"ARG {name}" for name in names]
    return fix(f"Declare {listed(names, None)}", insert_line_before(step.instruction, *lines))
