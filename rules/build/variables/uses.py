"""The names of variables that a word of an instruction uses, and the values that are none."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rules.dockerfile.expand import variables
from rules.lazily import once
from rules.model.scope import OF_THE_BUILDER, names_read

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rules.api import Instruction, Model, Stage, Step, Word

BUILDER_EXPANDS = frozenset("ADD COPY ENV EXPOSE LABEL STOPSIGNAL USER VOLUME WORKDIR".split())
OF_EVERY_CONTAINER = OF_THE_BUILDER | {"PATH", "HOME", "HOSTNAME", "USER", "TERM", "SHELL", "PWD"}
"""What has, or may have, a value in any container."""
_OFFICIAL = frozenset({"node", "python", "golang", "nginx"})
_THEIRS = re.compile(r"(?:NODE|YARN|PYTHON|GPG|LANG|PATH|PIP|SETUPTOOLS|GO|NGINX|NJS|PKG|ACME|DYNPKG)")
"""How the names begin that those images set (their Dockerfiles)."""

_OF_THIS_BUILD = re.compile(r"(?:^|\.)(?:build-date|vcs-ref|image\.(?:created|revision))$")
"""Labels of what differs in each build (label-schema.org, OCI image-spec, annotations.md)."""

_NO_NAME = re.compile(r"[,;:]+$")
_ASKED = re.compile(r"-[zn]\s+\"?\$\{?(\w+)|\$\{(\w+):?[-+?]")
_GIVEN = re.compile(r"\$\{(\w+|[@*#?$!-]):?[-+]")
"""A name with a default or an alternative."""


def uses(text: str, escape: str) -> tuple[str, ...]:
    """Return the names of the variables in a word, in order."""
    return tuple(variable.name for variable in variables(text, escape)) if "$" in text else ()


def declarable_uses(text: str, escape: str) -> tuple[str, ...]:
    """Return those that must be set somewhere: an expansion with a default or an alternative need not be."""
    names = uses(text, escape)
    given = set(_GIVEN.findall(text)) if names else ()
    return tuple(name for name in names if name not in given)


def taker(where: Instruction, name: str) -> str:
    """Return what a variable is filled into: the instruction, or the mount of a RUN, whose command the shell reads."""
    in_mount = where.keyword == "RUN" and any(name in uses(flag.value or "", where.escape) for flag in where.flags)
    return "RUN --mount" if in_mount else where.keyword


def is_own_value(name: str, value: Word | None) -> bool:
    """Tell whether a variable is set to what it is: `NAME=$NAME`."""
    return value is not None and value.text.strip('"') in (f"${name}", f"${{{name}}}")


@once
def set_to_themselves(stage: Stage) -> frozenset[str]:
    """Return the variables that an ENV of a stage sets to what they are."""
    pairs = (pair for step in stage.steps if step.instruction.keyword == "ENV" for pair in step.instruction.pairs)
    return frozenset(name.text for name, value in pairs if is_own_value(name.text, value))


@once
def badly_declared(model: Model) -> frozenset[str]:
    """Return the names that ARGs and ENVs of a file would declare without a character that no name has: `ARG NAME,`."""
    return badly_declared_above(model).union(*map(badly_declared_in, model.stages))


@once
def badly_declared_above(model: Model) -> frozenset[str]:
    """Return those of the ARGs above the first FROM."""
    return _badly_declared(model.global_args)


@once
def badly_declared_in(stage: Stage) -> frozenset[str]:
    """Return those of one stage."""
    return _badly_declared(stage.instructions)


def _badly_declared(instructions: Iterable[Instruction]) -> frozenset[str]:
    names = (name.text for one in instructions if one.keyword in ("ARG", "ENV") for name, _ in one.pairs)
    return frozenset(_NO_NAME.sub("", name) for name in names if _NO_NAME.search(name))


@once
def givers(stage: Stage) -> Mapping[str, list[Step]]:
    """Return the ARGs and ENVs of a stage that give each variable a value, or say that the build may, in order.

    An ENV that empties one (`ENV NAME ""`) gives it none.
    """
    found: dict[str, list[Step]] = {}
    for step in stage.steps:
        if step.instruction.keyword in ("ARG", "ENV"):
            for name, value in step.instruction.pairs:
                emptied = value is not None and not value.text.strip("\"'") and step.instruction.keyword == "ENV"
                if not emptied and not is_own_value(name.text, value):
                    found.setdefault(name.text, []).append(step)
    return found


@once
def first_uses(stage: Stage) -> Mapping[str, Step]:
    """Return the first step of a stage in which the builder fills in each variable, by the variable's name."""
    found: dict[str, Step] = {}
    for step in stage.steps:
        if step.instruction.keyword in BUILDER_EXPANDS and "$" in step.instruction.text:
            for name in names_read(step.instruction.value):
                found.setdefault(name, step)
    return found


def is_no_name_of_base(stage: Stage, where: Instruction, name: str) -> bool:
    """Tell whether a base image with a program is known to set no variable of a name that an instruction uses.

    An official image sets what its own program needs, which is asked for labels alone. What a label says of this very
    build no image can know that it is built upon: when it was, and from which commit.
    """
    if where.keyword == "STOPSIGNAL":
        return stage.base_known
    if where.keyword != "LABEL":
        return False
    used = [key.text.strip("\"'") for key, value in where.pairs if value is not None and name in uses(value.text, "\\")]
    if used and all(map(_OF_THIS_BUILD.search, used)):
        return True
    return is_no_name_of_official(stage, name)


def is_no_name_of_official(stage: Stage, name: str) -> bool:
    """Tell whether an official image of a language is known to set no variable of a name."""
    official = stage.facts is not None and stage.facts.name in _OFFICIAL
    return official and not _THEIRS.match(name)


def is_asked_for(name: str, code: str) -> bool:
    """Tell whether a file says what happens without a value: `[ -z "$NAME" ]`, `${NAME:-…}`."""
    return name in asked_for(code)


def asked_for(code: str) -> frozenset[str]:
    """Return the variables of which a file says what happens without a value."""
    return frozenset(tested or given for tested, given in _ASKED.findall(code))


@once
def with_default(model: Model) -> frozenset[str]:
    """Return what has a value somewhere in a file: a bare ARG in a stage takes over a global default, an ENV wins."""
    arguments = (i for i in model.dockerfile.instructions if i.keyword in ("ARG", "ENV"))
    return frozenset(
        name.text
        for i in arguments
        for name, value in i.pairs
        if value is not None and f"${name.text}" not in value.text.replace("{", "")
    )


_BUNDLED = re.compile(
    r"(?:EXPO_PUBLIC|GATSBY|NEXT_PUBLIC|NUXT_PUBLIC|REACT_APP|VITE|VUE_APP)_[A-Z0-9_]*|ORG_GRADLE_PROJECT_\w+"
)
"""What bundlers put into the pages by its name, and Gradle takes for a property of the project.

(Vite, "Env Variables"; Next.js, "Environment Variables"; Vue CLI; Gradle, "Project Properties".)
"""


def is_read_by_name(name: str) -> bool:
    """Tell whether a tool of the build reads a variable although no instruction names it."""
    return _BUNDLED.fullmatch(name) is not None
