"""Where a parser stands in shell code: open blocks, lists and pipelines, and under which conditions a command runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.dockerfile.shell.blocks import (
    MAX_BLOCKS,
    MAX_COMMANDS,
    MAX_ERRORS,
    PIPES,
    Block,
    Collected,
    Construct,
    Function,
    TooMuchError,
)
from rules.dockerfile.shell.command import Command
from rules.dockerfile.shell.wrappers import base_name, unwrap

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rules.dockerfile.shell.words import Redirect, ShellText, ShellWord

_TESTS = frozenset({"[", "[[", "test"})


class State:
    """Where a parser stands in one text.

    Args:
        text: The code.
        collected: Where the findings go.
        dialect: The shell that runs it.
        depth: How many commands and substitutions the text stands in.
        conditional: Whether the command that runs it may not run.

    Attributes:
        block: The innermost open block.
        outer: The blocks around it, outermost first.
        operator: What leads to the next command.
        needs: What a command must follow, such as `&&` or `then`; empty where none must.
        ended: A command or group stands before, and no operator behind it.
        last: The command that stands before; `None` behind a group.
        handed_by: Offset of the command that hands the text to its shell, -1 for none.
        function: Name of the function whose body the next group is, empty for none.
        options: Whether `errexit` and `pipefail` are in force.
    """

    def __init__(
        self,
        text: ShellText,
        collected: Collected,
        *,
        dialect: str,
        depth: int,
        conditional: bool,
        options: tuple[bool, bool],
    ) -> None:
        self.text = text
        self.out = collected
        self.dialect = dialect
        self.depth = depth
        self.handed_by = -1
        self.options = options
        self.block = Block(conditional=conditional)
        self.outer: list[Block] = []
        self.operator = ""
        self.needs = ""
        self.ended = False
        self.last: Command | None = None
        self.function = ""
        self._closed: Block | None = None

    @property
    def conditional(self) -> bool:
        """Whether the next command may not run."""
        return self.block.conditional or self.block.either

    def fault(self, start: int, end: int) -> None:
        """Keep the place of an error."""
        if len(self.out.errors) < MAX_ERRORS:
            self.out.errors.append(self.text.span(start, end))

    def construct(self, kind: str, start: int, end: int) -> None:
        """Keep something that not every shell understands."""
        if self.out.watch:
            text = self.text
            place = (text.place(start), text.place(end), text.source)
            self.out.constructs.append(Construct(kind, *place, self.dialect))

    # Lists and pipelines

    def begin(self, start: int) -> None:
        """Note that a command or group begins."""
        if self.ended:
            self.fault(start, start + 1)
            self.join(";")
        self.needs = ""
        block = self.block
        if block.unsure is not None:
            self._may_not_run(*block.unsure)
            block.unsure = None

    def join(self, sign: str) -> None:
        """Go past the operator behind a command or group."""
        block = self.block
        self.ended = False
        self.operator = sign
        if sign in PIPES:
            if not block.current:
                self._pipe_group(block)
            block.current_part += 1
            self.needs = sign
            return
        block.current = block.current_part = 0
        block.negated = block.either = False
        if sign == "&&":
            self.needs = sign
            last = self.last
            if block.guarded < 0 and last is not None and (last.name in _TESTS or last.negated):
                block.guarded = len(self.out.commands)
        elif sign == "||":
            self.needs = sign
            self._may_not_run(block.guarded, len(self.out.commands))
            block.guarded, block.either = -1, True
        elif block.guarded >= 0:
            block.unsure, block.guarded = (block.guarded, len(self.out.commands)), -1

    def _may_not_run(self, first: int, end: int) -> None:
        """Mark commands as conditional; a negative index marks none."""
        if first < 0:
            return
        self.out.step((end - first) >> 1)
        commands = self.out.commands
        for index in range(first, end):
            commands[index] = commands[index]._replace(conditional=True)

    def _pipe_group(self, block: Block) -> None:
        """Make the group that was just closed the first part of a pipeline, but not the pipelines inside it."""
        self.out.pipelines += 1
        block.current = self.out.pipelines
        if self._closed is None:
            return
        for index, command in self._own(self._closed.first):
            if command.part == 0 and command.after not in PIPES and command.before not in PIPES:
                self.out.commands[index] = command._replace(pipeline=block.current)

    def _own(self, first: int) -> list[tuple[int, Command]]:
        """Return the commands from an index on that stand in no substitution, with their indexes."""
        commands, nested = self.out.commands, self.depth > 0
        self.out.step((len(commands) - first) >> 1)
        return [(index, commands[index]) for index in range(first, len(commands)) if commands[index].nested == nested]

    # Commands

    def keep(
        self, words: Sequence[ShellWord], redirects: Sequence[Redirect], after: str, heredoc: str | None = None
    ) -> Command:
        """Build a command from its words, and keep it."""
        out = self.out
        if len(out.commands) >= MAX_COMMANDS:
            raise TooMuchError
        at, wrappers, assignments = unwrap(words)
        program = words[at] if at < len(words) else None
        pipeline, part = self._pipeline(after)
        begin = words[0].start if words else redirects[0].start if redirects else self.text.place(0)
        end = words[-1].end if words else begin
        if redirects:
            begin, end = min(begin, redirects[0].start), max(end, redirects[-1].end)
        block = self.block
        command = Command(
            base_name(program.value) if program is not None else "",
            program,
            tuple(words[at + 1 :]),
            tuple(words),
            wrappers,
            assignments,
            tuple(redirects),
            begin,
            end,
            self.text.source,
            self.operator,
            after,
            pipeline,
            part,
            block.conditional or block.either,
            block.negated,
            self.depth > 0,
            self.options[0],
            self.options[1],
            heredoc,
            self.handed_by,
        )
        out.commands.append(command)
        self.last = command
        self.ended, self._closed = True, None
        return command

    def keep_inner(self, words: Sequence[ShellWord]) -> None:
        """Keep a command that the last one runs itself."""
        block, operator, last = self.block, self.operator, self.last
        self.block, self.operator = Block(conditional=self.conditional), ""
        handed_by, self.handed_by = self.handed_by, -1
        self.depth += 1
        self.keep(words, (), "")
        self.depth -= 1
        self.block, self.operator, self.last, self.handed_by = block, operator, last, handed_by

    def _pipeline(self, after: str) -> tuple[int, int]:
        """Return number and part of the pipeline that the next command belongs to."""
        block, out = self.block, self.out
        if not block.current and after in PIPES:
            out.pipelines += 1
            block.current = out.pipelines
        if block.current:
            return block.current, block.current_part
        if block.pipeline:
            return block.pipeline, block.part
        out.pipelines += 1
        return out.pipelines, 0

    # Groups

    def open(self, kind: str, start: int, phase: str = "body") -> None:
        """Open a block."""
        self.begin(start)
        self.out.step()
        if len(self.outer) >= MAX_BLOCKS:
            raise TooMuchError
        outer = self.block
        self.outer.append(outer)
        pipeline = (outer.current, outer.current_part) if outer.current else (outer.pipeline, outer.part)
        conditional = self.conditional or bool(self.function)
        self.block = Block(kind, start, len(self.out.commands), conditional, *pipeline, phase, function=self.function)
        self.function = ""
        self.needs = "" if phase in {"header", "pattern"} else kind

    def new_phase(self, phase: str, needs: str = "") -> None:
        """Begin the next part of the open block."""
        block = self.block
        block.phase = phase
        block.current = block.current_part = 0
        block.negated = block.either = False
        block.guarded, block.unsure = -1, None
        self.operator, self.needs, self.ended, self.last = "", needs, False, None

    def close(self, kind: str, start: int, end: int) -> Block | None:
        """Close the block that a word or bracket ends; `None` when it ends none."""
        block = self.block
        if block.kind != kind or self.needs or block.phase not in {"body", "pattern"}:
            self.fault(start, end)
        if block.kind != kind:
            return None
        self.block = self.outer.pop()
        if block.function:
            self.out.functions.append(Function(block.function, block.first, len(self.out.commands)))
        return block

    def behind(self, group: Block, redirects: Sequence[Redirect], heredoc: str | None) -> None:
        """Note that a group has ended, and give its redirections to its commands."""
        if redirects:
            added = tuple(redirects)
            for index, command in self._own(group.first):
                body = heredoc if command.heredoc is None else command.heredoc
                self.out.commands[index] = command._replace(redirects=command.redirects + added, heredoc=body)
        self.ended, self._closed, self.needs, self.last = True, group, "", None

    def finish(self) -> None:
        """Note the end of the text: nothing may be open."""
        size = len(self.text.view)
        if self.needs or self.function:
            self.fault(size, size)
        if self.outer and not self.out.errors:
            self.fault(self.block.start, self.block.start + 1)
