"""How a RUN is made to stop at a command that fails: `set -e`, or `&&` where that does not reach."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.problem import Edit, Fix
from rules.quoting import quote
from rules.repairs import insert

if TYPE_CHECKING:
    from rules.dockerfile.shell.script import Command
    from rules.model.steps import Run

_TELLING = frozenset(
    "[ [[ cmp command diff egrep expr fgrep getent grep let ls pgrep pkill killall rmdir test which".split()
)
"""Commands that tell something by failing."""
_SURE = frozenset({"cd", "mkdir", "export", "echo", ":", "true"})
"""Commands that hardly ever fail in front of another."""


def way_to_stop(run: Run, command: Command, *, heredoc: bool) -> str:
    """Say what makes the build stop where a command fails; `heredoc`: whether it stands in a here-document."""
    audit = next((one for one in run.commands if _is_audit(one)), None)
    if audit is not None and audit is not command and command.after == ";":
        return f"Write `&&` in place of the `;` behind it: `set -e` would stop at {quote(str(audit))} as well."
    why_more = "in front of `&&` a failure stops nothing even under `set -e`"
    if not is_passed_over(command) and not _has_others_in_front(run, command):
        return "Begin with `set -e`."
    if heredoc and not is_passed_over(command):
        return f"Begin with `set -e`, and give each command of its list a line of its own: {why_more}."
    if heredoc:
        return f"Begin with `set -e`, and give it a line of its own: {why_more}."
    return f"Write `&&` in place of the `;` behind its list: {why_more}."


def _has_others_in_front(run: Run, command: Command) -> bool:
    """Whether one more command may fail in front of it in its list: `apt-get update && apt-get install -y curl;`."""
    in_front = [one for one in run.commands if one.start < command.start and not one.nested]
    return command.before == "&&" and in_front[-1].name not in _SURE


def is_passed_over(command: Command) -> bool:
    """Whether `set -e` does not stop behind its failure, since more of an `&&` list follows (POSIX, `set`, `-e`)."""
    return command.after == "&&"


def _is_audit(command: Command) -> bool:
    """Whether it fails on each advisory that is known of a dependency: `npm audit`."""
    return command.subcommand == "audit" and command.after not in ("&&", "||")


def stops_for(run: Run, command: Command) -> bool:
    """Whether `set -e` stops the build when this command fails, and stops none that is right."""
    return (
        not _has_others_in_front(run, command)
        and not is_passed_over(command)
        and not any(map(_may_end_badly, run.commands))
    )


def _may_end_badly(command: Command) -> bool:
    """Whether a command fails where nothing is wrong, so that `set -e` may stop a build that is right."""
    if command.conditional or command.negated or command.after in ("||", "|"):
        return False
    return command.name in _TELLING or _is_audit(command) or (command.name == "rm" and not command.has("-f", "--force"))


def with_set_e(run: Run) -> Fix | None:
    """Write `set -e` first, into the `set` that stands there already, or as a line of the here-document."""
    instruction, first = run.instruction, run.commands[0]
    if run.script.shell is not None and not instruction.heredocs:
        return Fix("Begin with `set -e`", (insert(instruction.source, first.start, "set -e; "),))
    option = first.args[0] if first.name == "set" and first.args else None
    if option is not None and option.text.startswith("-") and not option.text.startswith("-o"):
        edit = Edit(option.span, f"-e{option.text[1:]}")
    elif instruction.heredocs:
        edit = insert(instruction.source, instruction.heredocs[0].body_span.start, "set -e\n")
    else:
        edit = insert(instruction.source, instruction.value_span.start, "set -e; ")
    return Fix("Begin with `set -e`", (edit,))
