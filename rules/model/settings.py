"""Values of an image's configuration, each with who set it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Generic, Literal, NamedTuple, TypeVar

from rules.dockerfile.shell.nested import SHELLS, reads_profiles
from rules.dockerfile.shell.script import Script, script_of
from rules.lazily import cached_property

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rules.dockerfile.nodes import Instruction
    from rules.dockerfile.shell.script import Command
    from rules.model.stage import Stage

T = TypeVar("T")
_READS_ARGUMENTS = re.compile(r"\$\{?[@*#0-9]|\bshift\b|\bgetopts\b|\$\{?BASH_ARGV")


class Origin(Enum):
    """Who set a value."""

    HERE = "here"
    STAGE = "stage"
    BASE = "base"
    ABSENT = "absent"
    UNKNOWN = "unknown"


@dataclass(frozen=True, eq=False, slots=True)
class Setting(Generic[T]):
    """One value of an image's configuration.

    A setting is true when it holds a value that is not empty.

    Attributes:
        value: The value; `None` when absent or unknown. An instruction whose value cannot be known (it holds an ARG
            without default) has `value` `None`, `origin` HERE or STAGE, and its `instruction`.
        origin: HERE (an instruction of this stage), STAGE (inherited from another stage of the file), BASE (the
            base image, as the fact tables say), ABSENT (known not to be set) or UNKNOWN (a base we do not know).
        instruction: What set it, for HERE and STAGE.
        stage: The stage that set it, for HERE and STAGE.
    """

    value: T | None
    origin: Origin
    instruction: Instruction | None = None
    stage: Stage | None = None

    def __bool__(self) -> bool:
        """Whether there is a value and it is not empty."""
        return bool(self.value)

    @property
    def known(self) -> bool:
        """Whether we know the value, its absence included."""
        return self.origin is Origin.ABSENT or self.value is not None

    @property
    def set_in_file(self) -> bool:
        """Whether an instruction of this file set it."""
        return self.instruction is not None


ABSENT: Setting[object] = Setting(None, Origin.ABSENT)
UNKNOWN_SETTING: Setting[object] = Setting(None, Origin.UNKNOWN)


@dataclass(frozen=True, eq=False)
class Start:
    """An ENTRYPOINT, a CMD or a HEALTHCHECK's command.

    Attributes:
        form: `exec` (a JSON array) or `shell`.
        words: Exec form: the array, exactly as the process gets it. Shell form: the text as one word.
        instruction: Where it was written; `None` when a base image sets it.
    """

    form: Literal["exec", "shell"]
    words: tuple[str, ...]
    instruction: Instruction | None = None

    def __bool__(self) -> bool:
        """Whether it starts anything: `CMD []` does not."""
        return any(self.words)

    @property
    def text(self) -> str:
        """The command on one line, as a person would type it."""
        return " ".join(self.words)

    @property
    def reads_arguments(self) -> bool:
        """Whether code for a shell looks at the arguments that the container is given."""
        return _READS_ARGUMENTS.search(self.text) is not None

    @cached_property
    def script(self) -> Script | None:
        """The command as shell commands with places in the file; `None` when a base image set it."""
        return script_of(self.instruction) if self.instruction is not None else None

    @property
    def commands(self) -> tuple[Command, ...]:
        """The commands it runs, in order; empty when a base image set it."""
        return self.script.commands if self.script is not None else ()

    @property
    def program(self) -> str:
        """Base name of the first program that it runs: `docker-entrypoint.sh`, `node`."""
        if self.form == "exec":
            return self.words[0].rsplit("/", 1)[-1] if self.words else ""
        return self.commands[0].name if self.commands else (self.text.split() or [""])[0].rsplit("/", 1)[-1]

    @property
    def is_prompt(self) -> bool:
        """Whether it only opens a shell or a language's prompt, as base images do when nothing else is said."""
        if self.form != "exec" or self.program not in PROMPTS:
            return False
        opens = self.program in SHELLS and all(reads_profiles((word,)) for word in self.words[1:])
        return opens or self.words[1:] in ((), ("-a",))


PROMPTS = frozenset(
    "bash sh ash zsh python3 python node bun irb julia jshell php perl R ghci iex erl swift lua".split()
)
"""Programs that open a prompt, or say how they are used, without arguments; PHP's image has `php -a`."""


def is_script(word: str) -> bool:
    """Tell whether a word of a start command is a script's path, by its file name: `run.sh`, `docker-entrypoint`."""
    name = word.rsplit("/", 1)[-1]
    return name.endswith(".sh") or "entrypoint" in name


class Port(NamedTuple):
    """An exposed port.

    Attributes:
        text: As written: `8080/udp`.
        number: The port; `None` for a range, a variable without value, or nonsense.
        protocol: `tcp` unless written.
        instruction: The EXPOSE; `None` when the base image has it.
    """

    text: str
    number: int | None
    protocol: str
    instruction: Instruction | None


def read_port(text: str, instruction: Instruction | None) -> Port:
    """Read a port as EXPOSE has it; `tcp` unless it says otherwise."""
    number, _, protocol = text.partition("/")
    plain = number.isascii() and number.isdecimal() and len(number) <= _LONGEST_PORT
    return Port(text, int(number) if plain else None, (protocol or "tcp").lower(), instruction)


_LONGEST_PORT = 9
"""Digits; more of them are nonsense, and in thousands more than Python reads."""


@dataclass(eq=False)
class Image:
    """The configuration that a stage's image carries.

    Attributes:
        user: What USER says, expanded: `app`, `1000:1000`. ABSENT means root.
        workdir: Absolute path; `/` is written out when nothing sets one.
        entrypoint: Exec or shell form.
        cmd: Exec or shell form; an ENTRYPOINT clears an inherited one (SEMANTICS: only one of the same stage stays).
        cleared_cmd: The inherited CMD that an ENTRYPOINT of this stage cleared; ABSENT when none was.
        healthcheck: Its command; `Start` without words for `HEALTHCHECK NONE`.
        shell: What shell-form commands are handed to: `("/bin/sh", "-c")` unless set.
        stopsignal: As written.
        env: Environment of the container, by name.
        labels: By key.
        ports: Every EXPOSE, the base's first.
        volumes: Mount points; the value is the path.
        onbuild: Triggers left for children.
    """

    user: Setting[str]
    workdir: Setting[str]
    entrypoint: Setting[Start]
    cmd: Setting[Start]
    healthcheck: Setting[Start]
    shell: Setting[tuple[str, ...]]
    stopsignal: Setting[str]
    env: Mapping[str, Setting[str]]
    labels: Mapping[str, Setting[str]]
    ports: tuple[Port, ...] = ()
    volumes: tuple[Setting[str], ...] = ()
    onbuild: tuple[Instruction, ...] = ()
    cleared_cmd: Setting[Start] = ABSENT  # type: ignore[assignment]  # an absent setting has no value of any type

    @property
    def start_command(self) -> tuple[Setting[Start], ...]:
        """What starts the container: ENTRYPOINT, then CMD, those that are set, with the bases'.

        A CMD that goes to a shell-form ENTRYPOINT, whose shell does not look at it, has no part in that.
        """
        settings = (self.entrypoint,) if self.ignores_cmd else (self.entrypoint, self.cmd)
        return tuple(setting for setting in settings if setting.value)

    @property
    def only_port(self) -> Port | None:
        """The one port, where there is no other, that the file exposes by its number."""
        first = self.ports[0] if len(self.ports) == 1 else None
        return first if first is not None and first.number is not None and first.instruction is not None else None

    @property
    def ignores_cmd(self) -> bool:
        """Whether ENTRYPOINT is in its shell form, and its code does not read what CMD says."""
        start = self.entrypoint.value
        return start is not None and bool(start) and start.form == "shell" and not start.reads_arguments

    def start_line(self, *, own: bool = False) -> str:
        """Return what starts the container as one line: the words of ENTRYPOINT, and behind them those of CMD.

        Args:
            own: Leave out what the base image sets.
        """
        starts = (setting for setting in self.start_command if setting.set_in_file or not own)
        return " ".join(setting.value.text for setting in starts if setting.value is not None)

    @property
    def start_in_file(self) -> bool:
        """Whether the file has a part in what starts the container; where not, it is all the root image's."""
        return any(setting.set_in_file for setting in self.start_command)

    @property
    def start_known(self) -> bool:
        """Whether we know both ENTRYPOINT and CMD, their absence included."""
        return all(s.known or s.set_in_file for s in (self.entrypoint, self.cmd))
