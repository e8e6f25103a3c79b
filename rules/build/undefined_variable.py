"""See undefined_variable.md."""

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import replace as replaced

from rules.api import (
    PLATFORM_ARGS,
    PREDEFINED_ARGS,
    Category,
    Confidence,
    DockerfileChange,
    Fix,
    Instruction,
    Problem,
    Run,
    Severity,
    Stage,
    Step,
    insert_line_before,
    mended_at_once,
    quote,
    replace,
    rule,
)
from rules.build.variables.copied_texts import copied_texts
from rules.build.variables.lost import as_elsewhere, is_of_base, lost_variables, of_lost, restated, set_before
from rules.build.variables.namesakes import unused_namesake
from rules.build.variables.of_base import is_bare, perhaps_inherited, possible_parents
from rules.build.variables.of_scripts import nearest_set, read_unset, setting_stages
from rules.build.variables.proxies import proxies
from rules.build.variables.unset_names import OF_A_LOGIN, read_from_nowhere
from rules.build.variables.uses import (
    BUILDER_EXPANDS,
    OF_EVERY_CONTAINER,
    badly_declared,
    badly_declared_in,
    declarable_uses,
    givers,
    is_no_name_of_base,
    is_no_name_of_official,
    set_to_themselves,
    taker,
)
from rules.quoting import listed

_LIKE_NAME = re.compile(r"\$\{?(\w+|.)")


@rule(
    "undefined-variable",
    severity=Severity.WARNING,
    category=Category.CORRECTNESS,
    keywords=("FROM",),
    mentions=("$",),
    aliases=("UndefinedVar", "S6579", "arg-not-redeclared"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """An instruction uses a variable that its stage does not have."""
    told: dict[int, set[str]] = {}
    found: list[Problem] = []
    for stage in change.stages:
        above = told[stage.parent.index] if stage.parent is not None else set()
        told[stage.index], seen = set(above), set(above)
        for step in stage.steps:
            if "$" not in step.instruction.text:
                continue
            found += _in_texts(stage, step)
            for problem, names in _in_step(change, step, seen):
                told[stage.index].update(names)
                found.append(problem)
    yield from mended_at_once(found)


def _in_step(change: DockerfileChange, step: Step, seen: set[str]) -> Iterator[tuple[Problem, list[str]]]:
    """Yield what a step uses for the first time and does not have, with the variables that it is said of."""
    stage = step.stage
    used = () if _has_all(step) else tuple(dict.fromkeys(_used(change, step)))
    new = [name for name in used if name not in seen and step.scope.get(name) is None]
    seen.update(new)
    unset = [n for n in new if n not in perhaps_inherited(stage) and not is_of_base(change, step, n)]
    nowhere = [name for name in unset if _is_nowhere(change, step, name)]
    for name in unset:
        if name not in nowhere:
            yield from ((problem, [name]) for problem in _judge(change, stage, step, name))
    if nowhere:
        yield _set_nowhere(change, step, nowhere), nowhere
    if step.instruction.keyword in BUILDER_EXPANDS:
        missed = [name for name in unset if name in PREDEFINED_ARGS]
        yield from ((problem, missed) for problem in proxies(stage, step.instruction, missed))


def _in_texts(stage: Stage, step: Step) -> Iterator[Problem]:
    """What a text loses that COPY writes: `$@` in a script, `$uri` in a configuration."""
    bare = is_bare(stage)
    for text in copied_texts(step):
        others = (name for name in text.names if name not in text.of_the_shell and name not in OF_EVERY_CONTAINER)
        names = (*text.of_the_shell, *(name for name in others if bare or name.islower()))  # no image has `ENV uri=`
        if not names:
            continue
        shown = " and ".join(quote(f"${name}") for name in names[:2])
        opener = quote(f"<<'{text.heredoc.name}'")
        doubt = "it may be meant to be empty" if bare else "the base image may set it"
        yield Problem(
            step.instruction.span,
            f"`{step.instruction.keyword}` fills in the variables of this here-document, and nothing sets {shown}: "
            f"{stage.label} gets the text without {'it' if len(names) == 1 else 'them'}. To copy it as it stands, put "
            f"the delimiter in quotes, {opener}, or write `\\$` where a dollar is meant.",
            Confidence.CERTAIN if text.of_the_shell else Confidence.LIKELY,
            doubt="" if text.of_the_shell else doubt,
            stage=stage.key,
            key=text.heredoc.name,
            fix=text.fix,
        )


def _has_all(step: Step) -> bool:
    """Whether all that looks like a variable is one: nothing else need be known then, and it is seen in little time."""
    known = step.scope.variables
    return all(name in known for name in _LIKE_NAME.findall(step.instruction.text))


def _used(change: DockerfileChange, step: Step) -> Iterator[str]:
    """Yield the names that the builder fills in, and those of a RUN that only an ARG above the first FROM can set."""
    instruction, escape = step.instruction, step.scope.escape
    if instruction.keyword in ("COPY", "ADD", "RUN"):
        # The builder fills in `--mount`; in these it fills in nothing, and refuses a variable.
        flags = (flag for flag in instruction.flags if flag.name not in ("from", "network", "security"))
        yield from (name for flag in flags for name in declarable_uses(flag.value or "", escape))
    if "$" not in instruction.text:
        return
    if instruction.keyword in ("ENV", "LABEL", "ARG"):
        own = {name.text for name, _ in instruction.pairs} - step.stage.model.global_scope.variables.keys()
        for _, value in instruction.pairs:
            names = declarable_uses(value.text, escape) if value is not None else ()
            yield from (used for used in names if used not in own)  # of which env-self-reference speaks
    elif instruction.keyword in BUILDER_EXPANDS:
        yield from declarable_uses(instruction.value, escape)
    elif isinstance(step, Run):
        yield from read_unset(step, lost_variables(change, step.stage))
        yield from read_from_nowhere(step)


def _judge(change: DockerfileChange, stage: Stage, step: Step, name: str) -> Iterator[Problem]:
    """Say what is known: a platform value, a global ARG, one set too late or elsewhere, a misspelt name, or nothing."""
    where = step.instruction
    declare = Fix(f"Declare {name} in this stage", (insert_line_before(where, f"ARG {name}"),))
    if name in OF_EVERY_CONTAINER - badly_declared_in(stage):
        yield from _judge_ready_made(stage, where, name, declare)
        return
    declared = next((arg for arg in change.after.global_args if any(word.text == name for word, _ in arg.pairs)), None)
    later = _declared_later(stage, step, name)
    other = _other_stage(change, stage, name)
    if declared is None and later is None and name in set_to_themselves(stage) | badly_declared(change.after):
        return  # `ENV NAME=$NAME` below, of which env-self-reference speaks; `ARG NAME,` is variable-name-punctuated's
    if declared is not None:
        fact = f"the `ARG {name}` at line {declared.line} stands above the first `FROM` and ends there"
        sure = Confidence.CERTAIN if is_bare(stage) else Confidence.LIKELY
        yield replaced(_problem(stage, where, name, fact, declare, sure), decision=f"ARG {name} of the file")
    elif later is not None and (stage.base_known or where.keyword != "RUN" or set_before(change, step, name)):
        fact = f"its `{later.keyword} {name}` stands at line {later.line}, below"
        yield _problem(stage, where, name, fact, None, Confidence.LIKELY)
    elif (before := set_before(change, step, name)) is not None:
        yield of_lost(stage, where, name, before)
    elif other is not None and not _base_known(stage):
        return  # the image may set it, and the other stage has nothing to do with this one
    elif other is not None:
        fact = f"{other.label} declares it, and a stage sees only its own variables and those of its parents"
        again = as_elsewhere(change, stage, where, name)
        yield _problem(stage, where, name, fact, again, Confidence.LIKELY if stage.base_known else Confidence.POSSIBLE)
    else:
        yield from _judge_unset(change, stage, step, name)


def _judge_unset(change: DockerfileChange, stage: Stage, step: Step, name: str) -> Iterator[Problem]:
    """Say what is known of a variable that nothing in the file sets: that its name is misspelt, or nothing."""
    where, near, bare = step.instruction, nearest_set(step, name), is_bare(stage)
    if near is not None and (bare or (where.keyword != "RUN" and is_no_name_of_official(stage, name))):
        fact = f"nothing sets it; {quote(near)} is set, and may be what was meant"
        yield _problem(stage, where, name, fact, _spell(where, name, near), Confidence.LIKELY)
    elif (meant := unused_namesake(step, name)) is not None and meant.instruction is not None:
        fact = f"nothing sets it, and the `ARG {meant.name}` at line {meant.instruction.line} is used nowhere"
        again = _spell(where, name, meant.name) if where.keyword != "RUN" else None  # a script never ran with it
        yield _problem(stage, where, name, fact, again, Confidence.LIKELY)
    elif where.keyword == "RUN" and (setter := lost_variables(change, stage).get(name)) is not None:
        yield of_lost(stage, where, name, setter)


def _is_nowhere(change: DockerfileChange, step: Step, name: str) -> bool:
    """Whether nothing in the file sets a variable or has a name like it, and the base image does not either."""
    stage, where = step.stage, step.instruction
    if isinstance(step, Run):
        alike = unused_namesake(step, name) is not None or (is_bare(stage) and nearest_set(step, name) is not None)
        return name in read_from_nowhere(step) and name not in lost_variables(change, stage) and not alike
    if name in OF_EVERY_CONTAINER or name in setting_stages(change.after) or where.keyword == "ENV":
        return False
    if any(word.text == name for arg in change.after.global_args for word, _ in arg.pairs):
        return False
    if name in badly_declared(change.after) or unused_namesake(step, name) is not None:
        return False
    return not (is_bare(stage) and nearest_set(step, name)) and (
        is_bare(stage) or is_no_name_of_base(stage, where, name)
    )


def _set_nowhere(change: DockerfileChange, step: Step, every: list[str]) -> Problem:
    """Speak at once of all variables of an instruction that nothing sets; of those beside old ones, alone."""
    stage, where = step.stage, step.instruction
    names = change.fresh("undefined-variable", stage, every)
    shown, them = listed((quote(f"${name}") for name in names), None), "it" if len(names) == 1 else "them"
    is_, (before, way_out, fix) = "is" if them == "it" else "are", restated(change, stage, where, names)
    if OF_A_LOGIN.issuperset(names):
        way_out = " A login sets it, and a build has none: write the account's name."
    return Problem(
        where.span,
        f"{shown} {is_} empty in {stage.label}: nothing in the file sets {them}{' any more' if before else ''}. "
        f"`{where.keyword}` gets the text without {them}.{way_out}",
        Confidence.LIKELY,
        doubt=_doubt(stage),
        stage=stage.key,
        items=tuple(every),
        decision=f"{' '.join(names)} set nowhere",
        notes=before,
        fix=fix,
    )


def _judge_ready_made(stage: Stage, where: Instruction, name: str, declare: Fix) -> Iterator[Problem]:
    """Say what is known of a variable that BuildKit or the container's start gives a value."""
    if name in PLATFORM_ARGS:
        fact = "BuildKit fills it in only for stages that declare it"
        yield _problem(stage, where, name, fact, declare, _sure_of(stage))
    elif name == "HOME" and taker(where, name) != "RUN" and (is_bare(stage) or is_no_name_of_official(stage, name)):
        fact = "a container has it when a command runs, and no `ENV` sets it for the builder"  # moby/moby#28971
        yield _problem(stage, where, name, fact, None, _sure_of(stage))


def _base_known(stage: Stage) -> bool:
    parents = possible_parents(stage)
    return stage.base_known or (bool(parents) and all(parent.base_known for parent in parents))


def _sure_of(stage: Stage) -> Confidence:
    return Confidence.CERTAIN if stage.base_known else Confidence.LIKELY


def _problem(
    stage: Stage, where: Instruction, name: str, fact: str, fix: Fix | None, confidence: Confidence
) -> Problem:
    return Problem(
        where.span,
        f"`${name}` is empty in {stage.label}: {fact}. `{taker(where, name)}` gets the text without it"
        f"{'; declare it in the stage' if fix is not None and fix.title.startswith('Declare') else ''}.",
        confidence,
        doubt=_doubt(stage),
        stage=stage.key,
        key=name,
        fix=fix,
    )


def _doubt(stage: Stage) -> str:
    if is_bare(stage):
        return "it may be meant to be empty"
    return "the base image may set it" if stage.base_known else "the base image is not known, and may set it"


def _spell(where: Instruction, name: str, near: str) -> Fix | None:
    source = where.source
    at = source.text.find(name, where.value_span.start, where.value_span.end)
    return Fix(f"Use {near}", (replace(source, source.span(at, at + len(name)), near),)) if at >= 0 else None


def _declared_later(stage: Stage, step: Step, name: str) -> Instruction | None:
    setters = givers(stage).get(name, [])
    at = bisect_right(setters, step.index, key=lambda setter: setter.index)
    return setters[at].instruction if at < len(setters) else None


def _other_stage(change: DockerfileChange, stage: Stage, name: str) -> Stage | None:
    others = setting_stages(change.after).get(name, ())
    return next((other for other in others if other is not stage), None)
