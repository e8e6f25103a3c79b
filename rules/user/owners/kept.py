"""What keeps the owners of files: a COPY out of a stage, and commands that write for themselves alone.

Only what comes from the build context is made root's (Docker reference, `COPY --chown`). Between stages both builders
leave the owners of files as they are, and make the folder that they go to root's (moby/moby#38599, moby/buildkit#1941).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.lazily import once
from rules.model.run_writes import is_opaque
from rules.model.steps import Copy, Run
from rules.model.users import is_root_name
from rules.user.accounts.running import changes_user, name_of, runs_as_root

if TYPE_CHECKING:
    from rules.dockerfile.shell.script import Command
    from rules.model.model import Model
    from rules.model.steps import Step

BUILDERS = frozenset(
    "bun bundle cargo composer deno dotnet gem go gradle java mvn node npm npx pip pip3 pipenv pnpm poetry python "
    "python3 ruby uv yarn useradd adduser update-locale dpkg-reconfigure".split()
)
"""Programs that write to the folder they run in or to their own; data folders they leave alone."""


def may_keep_owner(copy: Copy) -> bool:
    """Tell whether a COPY without `--chown` may bring files that belong to somebody else than root.

    Of files out of an image that is not a stage of the file `False` is returned: nearly all of them are root's.
    """
    if copy.from_stage is None or copy.instruction.flag("chown") is not None:
        return False
    return copy.from_stage.index in _with_other_owners(copy.from_stage.model)


@once
def _with_other_owners(model: Model) -> frozenset[int]:
    """The places of the stages that may have files of another account than root, from first to last."""
    found: set[int] = set()
    for stage in model.stages:
        sources = (stage.parent, *(copy.from_stage for copy in stage.copies))
        if any(one is not None and one.index in found for one in sources) or any(map(_gives_away, stage.steps)):
            found.add(stage.index)
    return frozenset(found)


def _gives_away(step: Step) -> bool:
    """Whether a step may make files that belong to somebody else than root, or give them to somebody."""
    if isinstance(step, Copy):
        return not is_root_name(name_of(step.option("chown") or "root"))
    if not isinstance(step, Run):
        return False
    if runs_as_root(step) is False or any(changes_user(step, command) for command in step.commands):
        return True
    given = (command.operands()[:1] for command in step.calls("chown"))
    return any(not is_root_name(name_of(words[0].value) or "root") for words in given if words)


def leaves_nothing(command: Command) -> bool:
    """Whether a command writes only where its command line says, or to the system's own folders."""
    return not is_opaque(command)


def leaves_owners(command: Command) -> bool:
    """Whether a command gives nothing to another account, but for what its command line says."""
    return leaves_nothing(command) or command.name in BUILDERS
