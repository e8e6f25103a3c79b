"""See platform_arg_default.md."""

import re
from collections.abc import Iterator, Mapping
from itertools import takewhile
from typing import Literal, get_args

from rules.api import (
    PLATFORM_ARGS,
    Category,
    Confidence,
    Copy,
    DockerfileChange,
    Fix,
    Instruction,
    Model,
    Problem,
    Run,
    Severity,
    Stage,
    Step,
    Word,
    delete_word,
    once,
    quote,
    rule,
)
from rules.build.variables.overwritten import sets_first
from rules.copying.context.recipes import runs_recipes
from rules.copying.outputs.binaries import program_of
from rules.copying.outputs.machine_code import machine_code


@rule(
    "platform-arg-default",
    severity=Severity.WARNING,
    category=Category.CORRECTNESS,
    keywords=("ARG",),
    mentions=tuple(sorted(name.lower() for name in PLATFORM_ARGS)),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """An ARG gives one of BuildKit's platform values a default, which hides the real one."""
    above = _above_first_from(change)
    for instruction in change.after.dockerfile.instructions:
        if instruction.keyword != "ARG":
            continue
        for name, value in instruction.pairs:
            if name.text not in PLATFORM_ARGS or value is None or name.text == "TARGETSTAGE":
                continue
            if name.text == "TARGETVARIANT" and not value.text.strip("'\""):
                continue  # most platforms have none
            if _is_itself(name, value) and instruction in above:
                continue
            if name.text == "TARGETOS" and not _hides_a_system(change, value.text.strip("'\"")):
                continue
            if _is_passed(change, name.text) or _says_what_is_built(change, instruction, value.text.strip("'\"")):
                continue
            reach = _reach(change, instruction, name.text)
            if reach is not None:
                yield _problem(change, instruction, name, value, reach)


def _hides_a_system(change: DockerfileChange, system: str) -> bool:
    """Whether what ships may be a program for another system than the default names.

    An image that stands on Linux is for Linux; any other default than that says for what a program is built, as
    BuildKit fills in the system of the image, on Linux mostly that.
    """
    return system == "linux" and any(stage.root.is_scratch for stage in change.after.shipped)


def _says_what_is_built(change: DockerfileChange, instruction: Instruction, value: str) -> bool:
    return _is_of_its_stage(change, instruction, value) or _is_its_own(change, instruction)


def _is_of_its_stage(change: DockerfileChange, instruction: Instruction, value: str) -> bool:
    """Whether its stage is held to a platform that the default is of: BuildKit fills in the one that is asked for."""
    stage = next((one for one in change.stages if instruction in one.instructions), None)
    fixed = stage.root.platform if stage is not None else None
    return fixed is not None and "$" not in fixed and value in (fixed, *fixed.split("/"))


def _is_its_own(change: DockerfileChange, instruction: Instruction) -> bool:
    """Whether a system stands beside it that its stage is not of: the pair says for what a program is built."""
    stage = next((one for one in change.stages if instruction in one.instructions), None)
    if stage is not None and stage.runtime.is_windows:
        return False
    around = stage.instructions if stage is not None else _above_first_from(change)
    pairs = (pair for one in around if one.keyword == "ARG" for pair in one.pairs)
    systems = {value.text.strip("'\"") for name, value in pairs if name.text == "TARGETOS" and value is not None}
    return any(system.isalpha() and system != "linux" for system in systems)


def _is_passed(change: DockerfileChange, name: str) -> bool:
    """Whether a build of the repository gives the value itself, which wins: the default is for the others."""
    return any(name in build.args for build in change.repository.builds_of(change.path))


_WORD = re.compile(r"\w+")
_SPELT = re.compile(r"[\w-]+")
_OTHER_NAMES = frozenset({"aarch64", "armel", "armhf", "i386", "loongarch64", "x86-64", "x86_64"})
"""What containerd/platforms makes another name of, so that BuildKit never fills it in."""

Reach = Literal["image", "scripts", "emulation"]
"""What a value gets to: what ships or goes into it; a script there that may read it; the platform of a stage alone out
of which no programs are copied."""


def _reach(change: DockerfileChange, instruction: Instruction, name: str) -> Reach | None:
    """Follow the value to where it is used; `None` where nothing that goes into an image uses it."""
    homes = _homes(change.after)
    found: set[Reach] = set()
    if instruction.line < change.stages[0].from_.line:
        names = _carriers(change, name)
        used = re.compile(rf"\b(?:{'|'.join(map(re.escape, sorted(names)))})\b")
        for one in names:
            for stage, step in homes.get(one, ()):
                found |= _in_steps(stage, step, names)
        for stage in change.stages:
            found |= _in_from(change, stage, used) if stage.index in change.after.needed_by_shipped else set()
    else:
        for stage, step in homes.get(instruction.span.start, ()):
            found |= _in_steps(stage, step, {name})
    return next((reach for reach in get_args(Reach) if reach in found), None)


@once
def _homes(model: Model) -> Mapping[str | int, list[tuple[Stage, Step]]]:
    """Return where ARGs take effect in what goes into an image: by name without a value, with one by their place."""
    found: dict[str | int, list[tuple[Stage, Step]]] = {}
    for stage in (model.stages[index] for index in sorted(model.needed_by_shipped)):
        for step in stage.all_steps:
            if step.instruction.keyword == "ARG":
                for name, value in step.instruction.pairs:
                    key = name.text if value is None else step.instruction.span.start
                    found.setdefault(key, []).append((stage, step))
    return found


@once
def _last_uses(stage: Stage) -> Mapping[str, int]:
    """Return for each word of a chain's steps the place of the last one that takes its value; a label does not."""
    found: dict[str, int] = {}
    for place, step in enumerate(stage.all_steps):
        at = step.instruction
        texts = [at.value, *(heredoc.body for heredoc in at.heredocs)] if at.keyword not in ("ARG", "LABEL") else []
        texts += [value.text for _, value in at.pairs if value is not None] if at.keyword == "ARG" else []
        words = {word for text in texts for word in _WORD.findall(text)}
        own = {word for word in words & PLATFORM_ARGS if isinstance(step, Run) and sets_first(step, word)}
        found.update((word, place) for word in words - own)
    return found


def _carriers(change: DockerfileChange, name: str) -> set[str]:
    """Return the name, and those of the ARGs above the first FROM whose defaults are made of it."""
    names = {name}
    for instruction in _above_first_from(change):
        for other, value in instruction.pairs if instruction.keyword == "ARG" else ():
            if value is not None and any(re.search(rf"\$\{{?{re.escape(one)}\b", value.text) for one in names):
                names.add(other.text)
    return names


def _in_steps(stage: Stage, declared: Step, names: set[str]) -> set[Reach]:
    last = max(_last_uses(stage).get(name, -1) for name in names)
    if last >= 0 and stage.all_steps[last].at > declared.at:
        return {"image"}
    return {"scripts"} if runs_recipes(stage) else set()


def _in_from(change: DockerfileChange, stage: Stage, used: re.Pattern[str]) -> set[Reach]:
    """Where FROM names a stage, its `--platform` counts for nothing: that stage's own does."""
    chooses = stage.base_word is not None and used.search(stage.base_word.text) is not None
    if not chooses and (stage.base_stage is not None or not used.search(stage.from_.text)):
        return set()
    if any(stage in shipped.chain for shipped in change.after.shipped):
        return {"image"}
    copies = [
        (taker, copy)
        for taker in change.stages
        for copy in taker.copies
        if copy.from_stage is not None and stage in copy.from_stage.chain
    ]
    return {"image" if any(_is_program(taker, copy) for taker, copy in copies) else "emulation"}


def _is_program(taker: Stage, copy: Copy) -> bool:
    return machine_code(taker, copy) is not None or program_of(copy) is not None


def _problem(change: DockerfileChange, instruction: Instruction, name: Word, value: Word, reach: Reach) -> Problem:
    """Of a builder's platform it says less: a wrong one costs emulation and breaks no image."""
    default, of_builder = quote(value.text), name.text.startswith("BUILD") or reach == "emulation"
    own = re.fullmatch(rf"\$\{{{name.text}:?-([^{{}}]*)\}}", value.text.strip('"'))
    platform = quote(own[1]) if own is not None else default
    then = (
        f"a build on a machine of another platform goes on as if it were {platform}, under emulation at best"
        if of_builder
        else f"a build for another platform gets {platform} binaries all the same"
    )
    gap = change.source.span(name.span.end, value.span.end)
    otherwise = not _OTHER_NAMES.isdisjoint(_SPELT.findall(platform))
    way_out = _own_name(name.text) if otherwise else "Declare it without a default."
    return Problem(
        instruction.span,
        f"`ARG {name.text}` has the default {default}, which hides the value that BuildKit fills in: {then}. {way_out}",
        Confidence.CERTAIN if reach == "image" and not of_builder else Confidence.LIKELY,
        doubt="the scripts that run there may not read it"
        if reach == "scripts" and not of_builder
        else "the file may have to build with the classic builder, which fills in nothing",
        severity=Severity.INFO if of_builder else None,
        key=name.text,
        decision=f"{way_out} {'builder' if of_builder else ''}",
        leads=name.text != "TARGETOS",
        mends_alike=True,
        fix=Fix("Declare it without a default", (delete_word(change.source, gap),)) if not otherwise else None,
    )


def _own_name(name: str) -> str:
    return (
        "BuildKit spells the platform otherwise, `amd64` or `arm64`: give this argument a name of its own, and derive "
        f"its value from `{name}`."
    )


def _above_first_from(change: DockerfileChange) -> tuple[Instruction, ...]:
    instructions = change.after.dockerfile.instructions
    return tuple(takewhile(lambda instruction: instruction.keyword != "FROM", instructions))


def _is_itself(name: Word, value: Word) -> bool:
    """Whether a variable is given its own value, or another one for a builder that fills in nothing.

    Above the first FROM, BuildKit's values are there to be read.
    """
    text = value.text.strip('"')
    return text == f"${name.text}" or re.fullmatch(rf"\$\{{{name.text}(?::?-[^{{}}]*)?\}}", text) is not None
