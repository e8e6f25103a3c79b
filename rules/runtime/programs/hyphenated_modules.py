"""A start of a module by the name of its package: `python -m shop-server`, where the module is `shop_server`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rules.api import Confidence, Problem, quote
from rules.repository.python_modules import module_files
from rules.runtime.languages.python_calls import started_by_python

if TYPE_CHECKING:
    from rules.api import DockerfileChange
    from rules.runtime.starts.instructions import Written

_HYPHENATED = re.compile(r"[A-Za-z][\w.]*(?:-[\w.]+)+")


def hyphenated_module(change: DockerfileChange, found: Written, words: tuple[str, ...]) -> Problem | None:
    """Return the problem of a start by a name with a hyphen, where no file or folder of the project has it.

    Python finds such a module in a folder alone (`python -m shop-server` runs `shop-server.py` beside it); what is
    installed was made to be imported, and no import can name it.
    """
    call = started_by_python(words)
    if call is None or call.kind != "m" or not _HYPHENATED.fullmatch(call.value):
        return None
    path, repository = call.value.replace(".", "/"), change.repository
    top = path.partition("/")[0]
    if {top, f"{top}.py"} & {part for file in repository.listing or () for part in file.split("/")}:
        return None
    if any(top in (put.path + put.source) for put in found.stage.files.puts):
        return None
    right = call.value.replace("-", "_")
    way_out = (
        f"Its module is called {quote(right)}: start that."
        if module_files(repository, right)
        else "Start the module that the package brings, or its program."
    )
    return Problem(
        found.instruction.span,
        f"{found.stage.label} starts the module {quote(call.value)}, which is the name of a package: its modules are "
        f"made to be imported, and `import` takes no hyphen. The container exits: “No module named {call.value}”. "
        f"{way_out}",
        Confidence.LIKELY,
        doubt="who starts the container may mount a file of that name",
        stage=found.stage.key,
        key=call.value,
    )
