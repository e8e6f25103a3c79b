"""Files that a builder has in a folder that is itself the odd one: what asks for another may be right."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from rules.model.puts import meet

if TYPE_CHECKING:
    from rules.api import Instruction, Stage


def is_disputed(builder: Stage, path: str, new: str) -> bool:
    """Tell whether the folder that has a file is less likely meant than the one in which it is looked for.

    No folder is called `https:`: an address was pasted into its path. And where the builder's own instructions write to
    the other folder as well, the more frequent one is taken for the one that is meant.
    """
    if ":/" in new:
        return True
    missing, having = posixpath.dirname(path), posixpath.dirname(new)
    inside = [instruction for stage in builder.chain for instruction in stage.instructions]
    if meet(missing, having):
        return False  # one name for both, and no misspelling
    if not any(_names(instruction, missing) for instruction in inside):
        return False
    copies = [copy for stage in builder.model.stages for copy in stage.copies if copy.from_stage is builder]
    every = [*inside, *(copy.instruction for copy in copies)]
    return sum(_names(one, missing) for one in every) > sum(_names(one, having) for one in every)


def _names(instruction: Instruction, folder: str) -> bool:
    return re.search(rf"(?<![\w.$/-]){re.escape(folder)}(?![\w.-])", instruction.text) is not None
