"""Which value a variable has where it is used (Dockerfile reference, "ARG", "ENV" and "Environment replacement")."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, NamedTuple

from rules.dockerfile.expand import NOT_GIVEN, UNKNOWN, expand
from rules.layered import extended

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rules.dockerfile.expand import Unknown
    from rules.dockerfile.nodes import Instruction

Kind = Literal["arg", "env", "base", "builtin"]

PLATFORM_ARGS = frozenset(
    "TARGETPLATFORM TARGETOS TARGETARCH TARGETVARIANT BUILDPLATFORM BUILDOS BUILDARCH BUILDVARIANT TARGETSTAGE".split()
)
"""Filled in by BuildKit; a stage must declare them, a FROM line need not."""

USUAL_PLATFORM = {
    f"{side}{part}": value
    for side in ("TARGET", "BUILD")
    for part, value in (("PLATFORM", "linux/amd64"), ("OS", "linux"), ("ARCH", "amd64"), ("VARIANT", ""))
}
"""What BuildKit fills in on and for the platform that nearly every image is built for (Dockerfile reference, "Automatic
platform ARGs in the global scope")."""

PREDEFINED_ARGS = frozenset(
    "HTTP_PROXY http_proxy HTTPS_PROXY https_proxy FTP_PROXY ftp_proxy NO_PROXY no_proxy ALL_PROXY all_proxy "
    "SOURCE_DATE_EPOCH".split()
)
"""Usable in RUN without a declaration."""

OF_THE_BUILDER = PLATFORM_ARGS | PREDEFINED_ARGS
"""What BuildKit gives a value by itself, or takes from the one who builds without a declaration."""
_NAME = re.compile(r"\$\{?(\w+)")


def names_read(text: str) -> list[str]:
    """Return the names of the variables that a text reads, as often as it does: `A`, `B` of `$A/${B:-x}`."""
    return _NAME.findall(text)


class Variable(NamedTuple):
    """A variable as one instruction sees it.

    Attributes:
        name: Its name.
        value: The value, or `UNKNOWN` (an ARG without default, a value built from one).
        kind: Who set it: `arg`, `env`, `base` (the image that the stage starts from) or `builtin` (BuildKit).
        instruction: Where it was set; `None` for `base` and `builtin`.
    """

    name: str
    value: str | Unknown
    kind: Kind
    instruction: Instruction | None = None

    @property
    def is_left_to_build(self) -> bool:
        """Whether it is an ARG without a default that nothing fills in by itself."""
        if self.kind != "arg" or self.instruction is None or self.name in OF_THE_BUILDER:
            return False
        return any(one.text == self.name and value is None for one, value in self.instruction.pairs)


@dataclass(frozen=True, eq=False, slots=True)
class Scope:
    """The variables in force before one instruction.

    Attributes:
        variables: By name; an ENV hides an ARG of its name.
        complete: Whether nothing else can be set: false below a base image that we do not know.
        escape: The file's escape character.
        bare: Whether the base image is a bare system, which sets no variable but `PATH`: what no instruction sets is
            not set, so that `${x:-word}` is the word.
    """

    variables: Mapping[str, Variable]
    complete: bool
    escape: str = "\\"
    bare: bool = False

    def get(self, name: str) -> Variable | None:
        """Return a variable, or `None` when no instruction and no known base sets it."""
        return self.variables.get(name)

    def value_of(self, name: str) -> str | Unknown | None:
        """Return a variable's value, or `None` when nothing is known to set it; see `get`."""
        found = self.variables.get(name)
        return found.value if found is not None else None

    def lookup(self, name: str) -> str | Unknown | None:
        """Answer the lexer: a value, `UNKNOWN`, or `None` for a name that is not set."""
        found = self.variables.get(name)
        if found is not None:
            return NOT_GIVEN if found.value is UNKNOWN and found.is_left_to_build else found.value
        if name in PREDEFINED_ARGS:
            return UNKNOWN
        if self.complete:
            return None
        return NOT_GIVEN if self.bare and name != "PATH" else UNKNOWN

    def in_shell(self) -> Scope:
        """Return the scope of a command, whose shell knows more: `HOME`, and what the command assigns."""
        return replace(self, complete=False, bare=False) if self.bare or self.complete else self

    def expand(self, word: str) -> str | None:
        """Expand one word as BuildKit does: quotes removed, variables replaced; `None` when unknown."""
        if "$" not in word and self.escape not in word:
            quotes = word.count('"') + word.count("'")
            if not quotes:
                return word
            if quotes == 2 and word[0] == word[-1] and word[0] in "\"'":  # noqa: PLR2004 - one pair around all of it
                return word[1:-1]
        return expand(word, self.lookup, self.escape)

    def decided_by_argument(self, text: str) -> bool:
        """Tell whether a build argument decides on a text, itself or through an ENV that takes it over.

        An ENV with a plain value, and one of the base image, are the same in every build.
        """
        used = [self.variables.get(name) for name in names_read(text)]
        return any(
            not self.bare
            if one is None
            else one.kind in ("arg", "builtin") or (one.instruction is not None and "$" in one.instruction.value)
            for one in used
        )

    def left_to_build(self, text: str) -> str | None:
        """Return the ARG without a default that a text takes its value from, itself or through another variable.

        `None` where there is none; what BuildKit fills in by itself, such as `TARGETARCH`, is left to no one.
        """
        pending = names_read(text)[::-1]
        seen: set[str] = set()
        while pending:
            name = pending.pop()
            found = self.variables.get(name)
            if name in seen or found is None or found.value is not UNKNOWN or found.instruction is None:
                continue
            seen.add(name)
            if found.is_left_to_build:
                return name
            given = next((value.text for one, value in found.instruction.pairs if one.text == name and value), "")
            pending.extend(names_read(given)[::-1])
        return None

    def known(self) -> Mapping[str, str]:
        """Return the variables whose values are known, for shell words."""
        return _Known(self.variables)

    def with_(self, added: Iterable[Variable]) -> Scope:
        """Return this scope with more variables; an ARG never hides an ENV."""
        new: dict[str, Variable] = {}
        for variable in added:
            old = new.get(variable.name) or self.variables.get(variable.name)
            if variable.kind == "arg" and old is not None and old.kind in ("env", "base"):
                continue
            new[variable.name] = variable
        return Scope(extended(self.variables, new), self.complete, self.escape, self.bare)


class _Known(Mapping[str, str]):
    """Those variables of a scope whose values are known; a view, since few RUNs look at more than one of them."""

    __slots__ = ("_variables",)

    def __init__(self, variables: Mapping[str, Variable]) -> None:
        self._variables = variables

    def __getitem__(self, name: str) -> str:
        found = self._variables.get(name)
        if found is None or not isinstance(found.value, str):
            raise KeyError(name)
        return found.value

    def __iter__(self) -> Iterator[str]:
        return (name for name, found in self._variables.items() if isinstance(found.value, str))

    def __len__(self) -> int:
        return sum(1 for _ in self)


def env_variables(instruction: Instruction, scope: Scope) -> list[Variable]:
    """Return what an ENV sets. Every value is expanded with the scope before the instruction (reference, "ENV")."""
    found = []
    for name_word, value_word in instruction.pairs:
        name = scope.expand(name_word.text)
        if name:
            value = scope.expand(value_word.text) if value_word is not None else ""
            found.append(Variable(name, UNKNOWN if value is None else value, "env", instruction))
    return found


def arg_variables(instruction: Instruction, scope: Scope, inherited: Mapping[str, Variable]) -> list[Variable]:
    """Return what an ARG declares.

    Args:
        instruction: The ARG.
        scope: What its default may use.
        inherited: The ARGs above the first FROM, whose defaults a bare `ARG NAME` takes over.
    """
    found = []
    for name_word, value_word in instruction.pairs:
        name = name_word.text
        if value_word is not None:
            value = scope.expand(value_word.text)
            found.append(Variable(name, UNKNOWN if value is None else value, "arg", instruction))
        elif name in inherited:
            found.append(Variable(name, inherited[name].value, "arg", instruction))
        else:
            found.append(Variable(name, UNKNOWN, "arg", instruction))
    return found


def _platform_values(given: Mapping[str, str]) -> dict[str, Variable]:
    return {name: Variable(name, given.get(name, UNKNOWN), "builtin") for name in PLATFORM_ARGS}


_PLATFORM_LEFT_OPEN = _platform_values({})


def global_scope(instructions: Iterable[Instruction], escape: str, platform: Mapping[str, str] | None = None) -> Scope:
    """Return the scope of the FROM lines: the ARGs above the first one and BuildKit's platform values.

    Args:
        instructions: Those above the first FROM.
        escape: The file's escape character.
        platform: The platform values by name where one platform is meant; otherwise they are unknown.
    """
    scope = Scope(_platform_values(platform) if platform else _PLATFORM_LEFT_OPEN, complete=True, escape=escape)
    for instruction in instructions:
        if instruction.keyword == "ARG":
            scope = scope.with_(arg_variables(instruction, scope, {}))
    return scope
