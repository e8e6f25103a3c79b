"""The shell code of an instruction, understood: commands, words, redirections, conditions, each with its place.

`script_of` is the door: it takes RUN, CMD, ENTRYPOINT and HEALTHCHECK in every form. `parse` reads a piece of shell
code by itself.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import TYPE_CHECKING

from rules.dockerfile.arguments import shell_view
from rules.dockerfile.shell.blocks import Collected, Construct, Function, shell_options
from rules.dockerfile.shell.command import Command
from rules.dockerfile.shell.exec_form import read_exec
from rules.dockerfile.shell.handed import Handed, handed_in_array, handed_in_line
from rules.dockerfile.shell.nested import SHELLS
from rules.dockerfile.shell.parser import Parser
from rules.dockerfile.shell.words import Redirect, ShellText, ShellWord
from rules.dockerfile.shell.wrappers import base_name
from rules.lazily import cached_property, once_for_each

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rules.dockerfile.nodes import Heredoc, Instruction, Word
    from rules.dockerfile.source import Source, Span

__all__ = ["Command", "Construct", "Redirect", "Script", "ShellWord", "parse", "script_of"]

_RUNNING = frozenset({"RUN", "CMD", "ENTRYPOINT", "HEALTHCHECK"})
_ONLY_HEREDOC = re.compile(r"\s*[0-9]*<<-?(?:'[^']*'|\"[^\"]*\"|[^\s<'\"]+)\s*")
_SHEBANG = re.compile(r"#![ \t]*(\S[^\n]*)")
DEFAULT_SHELL = ("/bin/sh", "-c")
"""What runs the shell form when no SHELL instruction says otherwise (Linux)."""


@dataclass(frozen=True, eq=False)
class Script:
    """What an instruction runs.

    Attributes:
        commands: In the order of the text; those inside substitutions and inner scripts follow the command that
            holds them.
        errors: Where the shell grammar fails.
        inner: Which of these stand in a script that a command hands to another shell, or between
            backticks: the shell that reads the whole, if it is Bash, goes on.
        dialect: The shell that runs it: `sh`, `bash`, `ash`, `dash`, `ksh`, `zsh`; `exec` for the exec form, unless a
            RUN hands such a shell its script in it; else the name of a program whose language is not understood
            (`powershell`, `cmd`, `python3`).
        understood: Whether the commands are all there is. False for a language that is not a POSIX shell's, and for
            code beyond all reasonable size.
        swallowing: Where a comment begins that takes the lines behind it with it, since the builder joins them before
            the shell sees them, and where the first of these begins; offsets in the file.
        origin: The text that was read, with the builder's here-documents; `None` for other forms.
        functions: The functions that it defines; those inside a function come before it.
        shell: The command that a RUN is all of, where that does no more than to hand this script to a shell which it
            names: `["bash", "-c", "…"]`, `bash -c "…"`, `bash <<EOF`. What SHELL says does not reach into the script.
    """

    commands: tuple[Command, ...] = ()
    errors: tuple[Span, ...] = ()
    dialect: str = "sh"
    understood: bool = True
    swallowing: tuple[tuple[int, int], ...] = ()
    origin: tuple[ShellText, tuple[Heredoc, ...]] | None = field(default=None, repr=False)
    functions: tuple[Function, ...] = ()
    inner: tuple[Span, ...] = ()
    shell: Command | None = None

    def __iter__(self) -> Iterator[Command]:
        """Iterate over the commands."""
        return iter(self.commands)

    @property
    def is_array(self) -> bool:
        """Whether it is an array of words that no shell reads; `RUN ["sh", "-c", "…"]` is a script."""
        return self.dialect == "exec"

    @cached_property
    def errexit(self) -> bool:
        """Whether `set -e`, or a shell started with it, is in force for some command."""
        return any(command.errexit for command in self.commands)

    @cached_property
    def pipefail(self) -> bool:
        """Whether `set -o pipefail`, or a shell started with it, is in force for some command."""
        return any(command.pipefail for command in self.commands)

    @cached_property
    def constructs(self) -> tuple[Construct, ...]:
        """What not every shell understands, in the order of the file; inner scripts have their own dialect.

        Kinds: `double-bracket` (`[[ … ]]`), `arithmetic-command` (`((…))`), `c-style-for`, `select`,
        `function-keyword`, `here-string` (`<<<`), `process-substitution`, `ampersand-redirect` (`&>`),
        `pipe-ampersand` (`|&`), `array`, `append` (`a+=b`), `brace-expansion`, `ansi-c-quote` (`$'…'`), `replacement`
        (`${x/a/b}`), `substring` (`${x:1:2}`), `case-modification` (`${x^^}`), `indirection` (`${!x}`),
        `bash-variable` (`$RANDOM`), `double-equals` (in `[ … ]`), `pipefail`, and the commands `source`, `pushd` (also
        `popd`, `dirs`), `declare`, `shopt`, `let`, `mapfile`; `transformation` (`${x@Q}`), `both-outputs` (`>& file`),
        `error-trap` (`trap … ERR`), and options of builtins: `read-array`, `read-option`, `export-function`,
        `printf-variable`, `type-option`, `wait-next`, `echo-option` (`echo -e` into a file or a pipe).
        """
        if self.origin is None:
            return ()
        collected = Collected(watch=True)
        text, heredocs = self.origin
        Parser(text, collected, dialect=self.dialect, heredocs=heredocs).read()
        return tuple(
            sorted(dict.fromkeys(collected.constructs), key=lambda construct: (construct.start, construct.end))
        )

    @cached_property
    def pipelines(self) -> dict[int, list[Command]]:
        """The commands by the number of their pipeline, in the order of their first command."""
        groups: dict[int, list[Command]] = {}
        for command in self.commands:
            groups.setdefault(command.pipeline, []).append(command)
        return groups

    def named(self, *names: str) -> tuple[Command, ...]:
        """Return the commands of these names."""
        return tuple([command for command in self.commands if command.name in names])


def parse(
    view: str,
    source: Source,
    offset: int,
    *,
    dialect: str = "sh",
    options: Sequence[str] = (),
    joined: bool = True,
    heredocs: tuple[Heredoc, ...] = (),
) -> Script:
    """Read a piece of shell code.

    Args:
        view: The code, character for character as it stands in the file.
        source: The file.
        offset: Offset of its first character.
        dialect: The shell that runs it.
        options: What the shell is started with, such as `-eo pipefail`.
        joined: The builder joins the lines before the shell sees them, as in RUN; not so in a here-document.
        heredocs: The builder's here-documents, whose bodies are not part of the view.
    """
    collected = Collected()
    text = ShellText(view.replace("\r\n", " \n") if "\r" in view else view, source, offset, joined=joined)
    Parser(text, collected, dialect=dialect, heredocs=heredocs, options=shell_options(options)).read()
    return _script(collected, dialect, (text, heredocs))


def script_of(instruction: Instruction, *, shell: Sequence[str] | None = None) -> Script:
    """Return what a RUN, CMD, ENTRYPOINT or HEALTHCHECK runs.

    Args:
        instruction: One in shell form, exec form, or with here-documents. For any other keyword the script is empty;
            hand over an ONBUILD's trigger, not the ONBUILD.
        shell: The arguments of the SHELL instruction in force; `None` for the default, `/bin/sh -c`.
    """
    if instruction.keyword not in _RUNNING:
        return Script()
    return _read(instruction, shell_dialect(tuple(shell) if shell else DEFAULT_SHELL))


@once_for_each
def _read(instruction: Instruction, speaks: tuple[str, tuple[str, ...]]) -> Script:
    """Read an instruction for a shell: its language and its options."""
    dialect, options = speaks
    words = instruction.exec_form
    if words is not None:
        return _array_script(instruction.keyword, words, instruction.source)
    view, offset = shell_view(instruction)
    heredocs = instruction.heredocs
    if heredocs and _ONLY_HEREDOC.fullmatch(view):
        return _heredoc_script(heredocs[0], instruction.source, dialect, options)
    if dialect not in SHELLS:
        return Script(dialect=dialect, understood=False)
    found = parse(view, instruction.source, offset, dialect=dialect, options=options, heredocs=heredocs)
    if instruction.keyword != "RUN" or found.origin is None or len(found.errors) > len(found.inner):
        return found
    handed = handed_in_line(found.commands, found.origin[0], heredocs)
    return _handed_script(handed) if handed is not None else found


def _array_script(keyword: str, words: Sequence[Word], source: Source) -> Script:
    """Read an array: that of a RUN which hands a script to a shell is this script, as if it stood there by itself."""
    handed = handed_in_array(words, source) if keyword == "RUN" else None
    return _handed_script(handed) if handed is not None else _script(read_exec(words, source), "exec")


def _handed_script(handed: Handed) -> Script:
    collected = Collected()
    Parser(handed.text, collected, dialect=handed.dialect, options=shell_options(handed.options)).read()
    return replace(_script(collected, handed.dialect, (handed.text, ())), shell=handed.shell)


@lru_cache(maxsize=64)
def shell_dialect(shell: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    """Return which language a SHELL speaks and the options it is started with.

    The last word that names a known shell counts, so `["conda", "run", "-n", "x", "/bin/bash", "-c"]` is bash.
    """
    for index in range(len(shell) - 1, -1, -1):
        dialect = SHELLS.get(base_name(shell[index]))
        if dialect:
            return dialect, tuple(shell[index + 1 :])
    program = shell[0].replace("\\", "/") if shell else ""
    return base_name(program).lower().removesuffix(".exe"), ()


def _heredoc_script(heredoc: Heredoc, source: Source, dialect: str, options: Sequence[str]) -> Script:
    """Read `RUN <<EOF`: the body is the script, for the program in its first line if there is one."""
    body = source.cut(heredoc.body_span)
    shebang = _SHEBANG.match(body)
    if shebang:
        words = shebang.group(1).split()
        words = words[1:] if base_name(words[0]) == "env" and len(words) > 1 else words
        dialect, options = shell_dialect(tuple(words))
    if dialect not in SHELLS:
        return Script(dialect=dialect, understood=False)
    start = heredoc.body_span.start
    return parse(body, source, start, dialect=dialect, options=options, joined=False)


def _script(collected: Collected, dialect: str, origin: tuple[ShellText, tuple[Heredoc, ...]] | None = None) -> Script:
    commands, errors = tuple(collected.commands), tuple(sorted(collected.errors))
    swallowing = tuple(collected.swallowing)
    functions = tuple(collected.functions)
    return Script(commands, errors, dialect, collected.complete, swallowing, origin, functions, tuple(collected.inner))
