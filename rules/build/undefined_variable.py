"""See undefined_variable.md."""

import difflib
import re
from bisect import bisect_right
from collections.abc import Iterator

from rules.api import (
    PLATFORM_ARGS,
    PREDEFINED_ARGS,
    Category,
    Confidence,
    DockerfileChange,
    Fix,
    Instruction,
    Model,
    Problem,
    Run,
    Severity,
    Stage,
    Step,
    insert_line_before,
    once,
    quote,
    replace,
    rule,
)
from rules.build.base_variables import is_bare, is_set_by_base, perhaps_inherited, possible_parents
from rules.build.copied_texts import copied_texts
from rules.build.namesakes import unused_namesake
from rules.build.proxies import proxies
from rules.build.variable_uses import badly_declared, declarable_uses, givers, is_no_name_of_base, set_to_themselves

_EXPANDED = frozenset("ADD COPY ENV EXPOSE LABEL STOPSIGNAL USER VOLUME WORKDIR".split())
_FROM_THE_BUILDER = PLATFORM_ARGS | PREDEFINED_ARGS | {"PATH", "HOME", "HOSTNAME", "USER", "TERM", "SHELL", "PWD"}
_NAME = re.compile(r"\$\{?(\w+)")
_LIKE_NAME = re.compile(r"\$\{?(\w+|.)")
_MOST_NAMES = 200
"""Variables among which a misspelt one is looked for."""
_FEW = 30
"""Variables among which the misspelt one of a RUN is looked for."""
_SHORTEST = 4
"""Letters of a name that may be misspelt: fewer make another name."""
_QUOTED = re.compile(r"\"(?:[^\"\\]|\\.)*\"|'[^']*'|(?<!\S)#[^\n]*", re.DOTALL)
"""Strings of a script: in single quotes nothing is filled in, and nothing in a comment."""
_SETS = r"(?:^|[\s;&|(])(?:\.|source|eval|set -a)\s"
"""What may set any variable."""


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
    for stage in change.stages:
        seen: set[str] = set()
        for step in stage.steps:
            if "$" not in step.instruction.text:
                continue
            yield from _in_texts(stage, step)
            used = () if _has_all(step) else tuple(dict.fromkeys(_used(step)))
            new = [name for name in used if name not in seen and step.scope.get(name) is None]
            seen.update(new)
            unset = [n for n in new if n not in perhaps_inherited(stage) and not is_set_by_base(stage, n)]
            for name in unset:
                yield from _judge(change, stage, step, name)
            if step.instruction.keyword in _EXPANDED:
                yield from proxies(stage, step.instruction, [name for name in unset if name in PREDEFINED_ARGS])


def _in_texts(stage: Stage, step: Step) -> Iterator[Problem]:
    """What a text loses that COPY writes: `$@` in a script, `$uri` in a configuration."""
    bare = is_bare(stage)
    for text in copied_texts(step):
        others = (name for name in text.names if name not in text.of_the_shell and name not in _FROM_THE_BUILDER)
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


def _used(step: Step) -> Iterator[str]:
    """Yield the names that the builder fills in, and those of a RUN that only an ARG above the first FROM can set."""
    instruction, escape = step.instruction, step.scope.escape
    if instruction.keyword in ("COPY", "ADD"):
        # The builder fills in nothing in `--from`, and refuses a variable there.
        flags = (flag for flag in instruction.flags if flag.name != "from")
        yield from (name for flag in flags for name in declarable_uses(flag.value or "", escape))
    if "$" not in instruction.text:
        return
    if instruction.keyword in ("ENV", "LABEL", "ARG"):
        own = {name.text for name, _ in instruction.pairs} - step.stage.model.global_scope.variables.keys()
        for _, value in instruction.pairs:
            names = declarable_uses(value.text, escape) if value is not None else ()
            yield from (used for used in names if used not in own)  # of which env-self-reference speaks
    elif instruction.keyword in _EXPANDED:
        yield from declarable_uses(instruction.value, escape)
    elif isinstance(step, Run):
        yield from _used_by_shell(step)


def _used_by_shell(run: Run) -> Iterator[str]:
    """Yield what a RUN reads and does not set itself: global ARGs, the builder's values, what is set elsewhere."""
    code = "\n".join((run.instruction.value, *(heredoc.body for heredoc in run.instruction.heredocs)))
    names = set(_NAME.findall(code)) - run.scope.variables.keys()
    if not names or run.deferred or run.stage.runtime.is_windows:
        return
    elsewhere = names & _set_somewhere(run.stage.model)
    misspelt = {name for name in names - elsewhere if f"{name}=" not in code and _is_misspelt(run, name)}
    if not elsewhere and not misspelt:
        return
    code = _QUOTED.sub(lambda quoted: "" if quoted[0][0] in "'#" else quoted[0], code)
    if re.search(r":[-=+]|\bread\b", code):
        return
    for name in sorted(elsewhere | misspelt):
        word = re.escape(name)
        made = rf"(?<![\w${{]){word}\b|{_SETS}" if name in misspelt else rf"(?:^|[\s;&|(]){word}="
        if re.search(rf"(?<![\\$])\$(?:{{{word}[}}#%/:]|{word}\b)", code) and not re.search(made, code):
            yield name


def _is_misspelt(run: Run, name: str) -> bool:
    """Whether a name that a script reads is almost that of a variable above it, where the base sets none."""
    if name.isupper() and unused_namesake(run, name) is not None:
        return True
    return name.isupper() and len(run.scope.variables) <= _FEW and is_bare(run.stage) and bool(_near(run, name))


def _near(step: Step, name: str) -> str | None:
    """Return the variable of the step that a name is a misspelling of."""
    known = step.scope.variables
    if len(known) > _MOST_NAMES or len(name) < _SHORTEST:
        return None
    return next(iter(difflib.get_close_matches(name, list(known), 1, 0.8)), None)


@once
def _set_somewhere(model: Model) -> frozenset[str]:
    """What the file or BuildKit gives a value, if not in every stage."""
    above = (word.text for argument in model.global_args for word, _ in argument.pairs)
    return PLATFORM_ARGS.union(above, _setting_stages(model))


def _judge(change: DockerfileChange, stage: Stage, step: Step, name: str) -> Iterator[Problem]:
    """Say what is known: a platform value, a global ARG, one set too late or elsewhere, a misspelt name, or nothing."""
    where = step.instruction
    declare = Fix(f"Declare {name} in this stage", (insert_line_before(where, f"ARG {name}"),))
    if name in _FROM_THE_BUILDER:
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
        yield _problem(stage, where, name, fact, declare, sure)
    elif later is not None and (stage.base_known or where.keyword != "RUN"):
        fact = f"its `{later.keyword} {name}` stands at line {later.line}, below"
        yield _problem(stage, where, name, fact, None, Confidence.LIKELY)
    elif other is not None and not _base_known(stage):
        return  # the image may set it, and the other stage has nothing to do with this one
    elif other is not None:
        fact = f"{other.label} declares it, and a stage sees only its own variables and those of its parents"
        again = _restated(change, where, name)
        yield _problem(stage, where, name, fact, again, Confidence.LIKELY if stage.base_known else Confidence.POSSIBLE)
    else:
        yield from _judge_unset(stage, step, name)


def _judge_unset(stage: Stage, step: Step, name: str) -> Iterator[Problem]:
    """Say what is known of a variable that nothing in the file sets: that its name is misspelt, or nothing."""
    where, near, bare = step.instruction, _near(step, name), is_bare(stage)
    if near is not None and bare:
        fact = f"nothing sets it; {quote(near)} is set, and may be what was meant"
        yield _problem(stage, where, name, fact, _spell(where, name, near), Confidence.LIKELY)
    elif (meant := unused_namesake(step, name)) is not None and meant.instruction is not None:
        fact = f"nothing sets it, and the `ARG {meant.name}` at line {meant.instruction.line} is used nowhere"
        again = _spell(where, name, meant.name) if where.keyword != "RUN" else None  # a script never ran with it
        yield _problem(stage, where, name, fact, again, Confidence.LIKELY)
    elif where.keyword != "ENV" and (bare or is_no_name_of_base(stage, where, name)):
        yield _problem(stage, where, name, "nothing in the file sets it", None, Confidence.LIKELY)


def _judge_ready_made(stage: Stage, where: Instruction, name: str, declare: Fix) -> Iterator[Problem]:
    """Say what is known of a variable that BuildKit or the container's start gives a value."""
    if name in PLATFORM_ARGS:
        fact = "BuildKit fills it in only for stages that declare it"
        yield _problem(stage, where, name, fact, declare, _sure_of(stage))
    elif name == "HOME" and where.keyword in _EXPANDED and is_bare(stage):  # moby/moby#28971
        fact = "a container has it when a command runs, and no `ENV` sets it for the builder"
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
        f"`${name}` is empty in {stage.label}: {fact}. `{where.keyword}` gets the text without it"
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
    at = bisect_right(setters, step.index, key=_index)
    return setters[at].instruction if at < len(setters) else None


def _index(step: Step) -> int:
    return step.index


@once
def _setting_stages(model: Model) -> dict[str, list[Stage]]:
    """The stages that set each variable, in the order of the file."""
    found: dict[str, dict[int, Stage]] = {}
    for stage in model.stages:
        for instruction in stage.instructions:
            if instruction.keyword in ("ARG", "ENV"):
                for word, _ in instruction.pairs:
                    found.setdefault(word.text, {})[stage.index] = stage
    return {name: list(stages.values()) for name, stages in found.items()}


def _other_stage(change: DockerfileChange, stage: Stage, name: str) -> Stage | None:
    others = _setting_stages(change.after).get(name, ())
    return next((other for other in others if other is not stage), None)


def _restated(change: DockerfileChange, where: Instruction, name: str) -> Fix | None:
    """Declare it as the other stages do, when all of them give it the same value, and the value is plain."""
    setters = (i for stage in change.stages for i in stage.instructions if i.keyword in ("ARG", "ENV"))
    values = {value.text if value is not None else "" for i in setters for word, value in i.pairs if word.text == name}
    if len(values) != 1 or "$" in (text := next(iter(values))) or "\n" in text:
        return None
    line = f"ARG {name}={text}" if text else f"ARG {name}"
    return Fix(f"Declare {name} in this stage", (insert_line_before(where, line),))
