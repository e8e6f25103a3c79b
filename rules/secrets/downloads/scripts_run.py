"""Downloaded scripts that a build runs, or the container."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rules.dockerfile.shell.nested import SHELLS
from rules.lazily import once
from rules.secrets.downloads.fetched import saved_name

if TYPE_CHECKING:
    from rules.model.stage import Stage
    from rules.model.steps import Copy, Run
    from rules.secrets.downloads.fetched import Url

INTERPRETERS = frozenset({*SHELLS, "python", "python3", "perl", "ruby", "node", "php"})
"""Programs that run a script whose path they are given, or that a pipe hands to them."""


class _Use(NamedTuple):
    """Where the files of one name are run last in a stage, as the RUN's place and the command's."""

    by_any: tuple[int, int]
    by_interpreter: tuple[int, int]


def is_executed(run: Run, url: Url) -> bool:
    """Tell whether a later command of the stage runs a download, or the container starts it."""
    use = _use_of(run, url)
    return (use is not None and use.by_any > (run.index, url.command.start)) or saved_name(url) in _started(run.stage)


def is_run_behind(copy: Copy, name: str) -> bool:
    """Tell whether a RUN below an ADD runs the file of a name that it brings, or the container starts it."""
    use = _executed(copy.stage).get(name)
    return (use is not None and use.by_any[0] > copy.index) or name in _started(copy.stage)


def is_interpreted(run: Run, url: Url) -> bool:
    """Tell whether a later command of the stage is a shell or another interpreter that a download is handed to."""
    use = _use_of(run, url)
    return use is not None and use.by_interpreter > (run.index, url.command.start)


def _use_of(run: Run, url: Url) -> _Use | None:
    """Return where a download's name is run; below its RUN that may be another file, where a COPY brings one."""
    name = saved_name(url)
    return (_executed_in(run) if name in _brought(run.stage) else _executed(run.stage)).get(name)


@once
def _brought(stage: Stage) -> frozenset[str]:
    """The names of what the instructions other than RUN put into a stage."""
    return frozenset(put.path.rpartition("/")[2] for put in stage.files.puts if put.kind != "run")


@once
def _started(stage: Stage) -> frozenset[str]:
    """The names of the files that ENTRYPOINT and CMD of the file give by their paths."""
    starts = [setting.value for setting in stage.image.start_command if setting.set_in_file and setting.value]
    words = (word for start in starts for word in (start.words if start.form == "exec" else start.text.split()))
    return frozenset(word.rpartition("/")[2] for word in words if "/" in word and "://" not in word) - {""}


_NEVER = (-1, -1)


@once
def _executed(stage: Stage) -> dict[str, _Use]:
    """Return where the files that the RUNs of a stage run are run last, by their names."""
    found: dict[str, _Use] = {}
    for run in stage.runs:
        for name, use in _executed_in(run).items():
            was = found.get(name, use)
            found[name] = _Use(use.by_any, max(was.by_interpreter, use.by_interpreter))
    return found


@once
def _executed_in(run: Run) -> dict[str, _Use]:
    """Return the same of one RUN: what is called by a path, or handed to an interpreter."""
    found: dict[str, _Use] = {}
    for command in run.commands:
        path = command.program.value if command.program is not None and not command.has("-c") else ""
        interpreted = bool(path) and command.name in INTERPRETERS
        if interpreted:
            path = next((word.value for word in command.args if not word.value.startswith("-")), "")
        name, at = path.rpartition("/")[2], (run.index, command.start)
        was = found[name].by_interpreter if name in found else _NEVER
        found[name] = _Use(at, at if interpreted else was)
    found.pop("", None)
    return found
