"""Files of code that a start command names as if they were programs: `CMD ["app.js"]`."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from rules.api import Confidence, Origin, Problem, path_folders, quote, within

if TYPE_CHECKING:
    from rules.api import Stage
    from rules.runtime.starts.instructions import Written

_RUN_BY = {
    **dict.fromkeys((".js", ".mjs", ".cjs"), "node"),
    ".jar": "java -jar",
    ".php": "php",
    ".rb": "ruby",
    ".ts": "tsx",
}
"""Endings of files that packages do not give to programs, to what runs them."""


_HANDED_ON = (".js", ".mjs", ".cjs", ".ts", ".mts", ".tsx", ".jsx")


def may_be_handed_on(found: Written, program: str) -> bool:
    """Tell whether an ENTRYPOINT of the base may give a file of code to an interpreter.

    Those of the images of Node.js and Bun do so with what is no program (`docker-entrypoint.sh` of each).
    """
    entrypoint = found.stage.image.entrypoint
    by_base = found.instruction.keyword == "CMD" and entrypoint.origin is Origin.BASE and bool(entrypoint.value)
    return by_base and program.endswith(_HANDED_ON)


def code_by_name(found: Written, program: str) -> Problem | None:
    """Tell of a file of code without a folder: only `PATH` is searched for it, and WORKDIR is not (exec(3), `execvp`).

    An ENTRYPOINT of the base may hand it to an interpreter, as that of the official images of Node.js does.
    """
    stage, runner = found.stage, _RUN_BY.get(posixpath.splitext(program)[1])
    if runner is None or "/" in program or found.start.form != "exec" or stage.image.entrypoint.value:
        return None
    if not stage.image.entrypoint.known or not stage.base_known or _may_be_found(stage, program):
        return None
    start = ", ".join(f'"{word}"' for word in (*runner.split(), program))
    return Problem(
        found.instruction.span,
        f"{stage.label} starts {quote(program)}, a file of code, by its name alone: that is looked for in the folders "
        "of `PATH` and not in `WORKDIR`, and nothing puts it there. The container exits with “executable file not "
        f"found in $PATH”. Start what runs it: {quote(f'[{start}]')}.",
        Confidence.LIKELY,
        doubt="a command that was not understood may put it into a folder of `PATH`",
        stage=stage.key,
        key=program,
    )


def _may_be_found(stage: Stage, program: str) -> bool:
    """Whether a folder of PATH may have it: the base brings more than a system, or a step names it or fills one."""
    folders = path_folders(stage)
    if folders is None or stage.facts is None or not stage.facts.is_plain or stage.files.has_unreadable_run:
        return True
    if any(program in run.instruction.whole_value for run in stage.done_runs):
        return True
    return any(
        posixpath.basename(put.path) == program or (put.tree and any(_meet(put.path, folder) for folder in folders))
        for put in stage.files.puts
        if not put.makes_folder
    )


def _meet(path: str, folder: str) -> bool:
    """Whether a tree may fill a folder; no sources lie in a hidden one below it, such as `.local/bin`."""
    above = within(folder, path) and "/." not in folder.removeprefix(path.rstrip("/"))
    return above or within(path, folder)
