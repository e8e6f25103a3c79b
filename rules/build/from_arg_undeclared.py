"""See from_arg_undeclared.md."""

import difflib
from collections.abc import Iterator

from rules.api import (
    OF_THE_BUILDER,
    PLATFORM_ARGS,
    Category,
    Confidence,
    DockerfileChange,
    Fix,
    Instruction,
    Problem,
    Scope,
    Severity,
    Stage,
    quote,
    replace,
    rule,
)
from rules.build.variables.uses import badly_declared_above, declarable_uses, uses
from rules.quoting import listed


@rule(
    "from-arg-undeclared",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    keywords=("FROM",),
    mentions=("$",),
    aliases=("UndefinedArgInFrom",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A FROM uses a variable that no ARG above the first FROM declares."""
    scope = change.after.global_scope
    for stage in change.stages:
        flag = stage.from_.flag("platform")
        words = [
            stage.base_word.text if stage.base_word is not None else "",
            flag.value or "" if flag is not None else "",
        ]
        plain: list[str] = []
        required = {name for text in words for name in declarable_uses(text, scope.escape)}
        for name in dict.fromkeys(name for text in words for name in uses(text, scope.escape)):
            if scope.get(name) is not None or name in OF_THE_BUILDER:
                continue
            if name in badly_declared_above(change.after):
                continue  # `ARG NAME:` is variable-name-punctuated's
            if name not in required:
                yield _fixed(stage, name, next(text for text in words if name in uses(text, scope.escape)), scope)
            elif _elsewhere(change, name) or _near(change, name) is not None:
                yield _undeclared(change, stage, name)
            else:
                plain.append(name)
        if plain:
            yield _all_undeclared(change, stage, tuple(plain))
    yield from _in_defaults(change)


def _undeclared(change: DockerfileChange, stage: Stage, name: str) -> Problem:
    return Problem(
        stage.from_.span,
        f"`FROM` of {stage.label} uses `${name}`, and no `ARG {name}` stands above the first `FROM`. "
        f"It is empty there, whatever `--build-arg` says{_elsewhere(change, name)}. {_hint(change, name)}",
        stage=stage.key,
        key=name,
        fix=_fix(change, stage.from_.span.start, stage.from_.span.end, name),
    )


def _all_undeclared(change: DockerfileChange, stage: Stage, names: tuple[str, ...]) -> Problem:
    """Say it once of all that a FROM uses and nothing in the file resembles: one line above mends each alike."""
    told = change.fresh("from-arg-undeclared", stage, names)
    single = len(told) == 1
    declared = f"`ARG {told[0]}`" if single else "`ARG` for them"
    return Problem(
        stage.from_.span,
        f"`FROM` of {stage.label} uses {listed([f'`${name}`' for name in told], None)}, and no {declared} stands above "
        f"the first `FROM`. {'It is' if single else 'They are'} empty there, whatever `--build-arg` says. Declare "
        f"{'it' if single else 'them'} there.",
        Confidence.POSSIBLE if _may_be_filled_in(change, names) else Confidence.CERTAIN,
        doubt="a program may fill in the name before Docker reads the file",
        stage=stage.key,
        items=names,
    )


def _may_be_filled_in(change: DockerfileChange, names: tuple[str, ...]) -> bool:
    """Whether a new file may be a template, such as `string.Template` of Python reads: no build can ever have read it.

    Arguments of a build are written in capitals by custom.
    """
    return change.before is None and "ARG" not in change.after.code and all(name.islower() for name in names)


def _in_defaults(change: DockerfileChange) -> Iterator[Problem]:
    """Yield what the default of an ARG above the first FROM reads of an ARG that does not stand above it."""
    escape = change.after.global_scope.escape
    above: set[str] = set(badly_declared_above(change.after))
    for argument in change.after.global_args:
        for word, value in argument.pairs:
            names = dict.fromkeys(declarable_uses(value.text, escape)) if value is not None else ()
            readers = [stage for stage in change.stages if _reads(stage, word.text, escape)] if names else []
            for name in names:
                if readers and name not in above | {word.text} and name not in OF_THE_BUILDER:
                    yield _of_default(change, argument, word.text, name, readers[0])
            above.add(word.text)


def _reads(stage: Stage, name: str, escape: str) -> bool:
    return stage.base_word is not None and name in uses(stage.base_word.text, escape)


def _of_default(change: DockerfileChange, argument: Instruction, of: str, name: str, reader: Stage) -> Problem:
    below = any(word.text == name for one in change.after.global_args for word, _ in one.pairs)
    hint = "Move that above it." if below else _hint(change, name)
    place = "it stands below" if below else f"no `ARG {name}` stands above the first `FROM`"
    return Problem(
        argument.span,
        f"The default of `ARG {of}` uses `${name}`, and {place}. It is empty there, whatever `--build-arg {name}` "
        f"says{_elsewhere(change, name)}: `FROM` of {reader.label} (line {reader.from_.line}) names its image "
        f"without it. {hint}",
        Confidence.LIKELY,
        doubt=f"a build may give `{of}` a value of its own",
        key=name,
        fix=_fix(change, argument.span.start, argument.span.end, name) if not below else None,
    )


def _fixed(stage: Stage, name: str, text: str, scope: Scope) -> Problem:
    """A variable with a default in the expansion: the default is all that there can be."""
    alone = set(uses(text, scope.escape)) == {name}
    value = scope.expand(text) if alone else None
    return Problem(
        stage.from_.span,
        f"`FROM` of {stage.label} uses `${name}`, and no `ARG {name}` stands above the first `FROM`. It is never set "
        f"there, so that {quote(value) if value else 'its default'} is what every build gets: `--build-arg {name}=…` "
        "changes nothing. Declare it there.",
        Confidence.CERTAIN,
        stage=stage.key,
        key=name,
        severity=Severity.WARNING,
    )


def _elsewhere(change: DockerfileChange, name: str) -> str:
    args = (i for stage in change.stages for i in stage.instructions if i.keyword == "ARG")
    declared = next((arg for arg in args if any(word.text == name for word, _ in arg.pairs)), None)
    return f"; the `ARG` at line {declared.line} belongs to its stage alone" if declared is not None else ""


def _near(change: DockerfileChange, name: str) -> str | None:
    known = [word.text for arg in change.after.global_args for word, _ in arg.pairs]
    alike = next((one for one in known if one.lower() == name.lower()), None)
    return alike or next(iter(difflib.get_close_matches(name, [*known, *PLATFORM_ARGS], 1, 0.75)), None)


def _hint(change: DockerfileChange, name: str) -> str:
    near = _near(change, name)
    return f"Did you mean {quote(near)}?" if near is not None else "Declare it there."


def _fix(change: DockerfileChange, start: int, end: int, name: str) -> Fix | None:
    near = _near(change, name)
    at = change.source.text.find(name, start, end)
    if near is None or at < 0:
        return None
    return Fix(f"Use {near}", (replace(change.source, change.source.span(at, at + len(name)), near),))
