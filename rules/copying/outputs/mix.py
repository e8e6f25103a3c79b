"""Folders of Mix, which are called by the environment that the build ran in."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rules.copying.stages.gone_paths import Gone
from rules.quoting import quote

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.api import Command, DockerfileChange, Run, Stage

_FOLDER = re.compile(r"(?P<root>.*/_build/)(?P<environment>[a-z]\w*)(?:/.*)?")
_BUILDING = frozenset({"compile", "deps.compile", "release"})
_VARIABLE = "MIX_ENV"
_OTHERWISE = "dev"
"""The environment without that variable (Mix' documentation, "Environments")."""


_PREFERRED = re.compile(r"\bpreferred_(?:envs|cli_env):\s*(?P<list>\[[^\]]*\])?")
"""What a project says of its tasks' environment (Mix' documentation, "CLI configuration"; `_cli_env` before 1.15)."""
_TASK = re.compile(r"(?<![\w.:])\"?([a-z][\w.]*)\"?:(?!:)")
_OF_ALL = re.compile(r"\bdefault_env:(?!\s*:dev\b)")


def of_mix(change: DockerfileChange, builder: Stage, path: str) -> Gone | None:
    """Tell that Mix builds for another environment than a path is called by, since that is set below the builds."""
    found = _FOLDER.fullmatch(path)
    builds = list(_builds(builder)) if found is not None else []
    setting = builder.image.env.get(_VARIABLE)
    if found is None or not builds or setting is None or setting.instruction is None:
        return None
    last, command = builds[-1]
    below = setting.stage is last.stage and setting.instruction.line > last.instruction.line
    told = any(_is_told(run) for run, _ in builds) or found["environment"] == _OTHERWISE
    if told or not below or setting.value != found["environment"] or _is_chosen(change, builds):
        return None
    return Gone(
        f"{quote(str(command))} (line {last.instruction.line}) runs without `{_VARIABLE}`, which line "
        f"{setting.instruction.line} sets only afterwards, and so writes to {quote(found['root'] + _OTHERWISE)}.",
        cure=f"Set `{_VARIABLE}` above it.",
    )


def _builds(builder: Stage) -> Iterator[tuple[Run, Command]]:
    for run in builder.done_runs:
        for command in run.calls("mix"):
            if not _BUILDING.isdisjoint(word.value.strip(",") for word in command.args):
                yield run, command


def _is_chosen(change: DockerfileChange, builds: list[tuple[Run, Command]]) -> bool:
    """Whether a `mix.exs` that was read gives one of the tasks an environment of its own, or all of them."""
    words = {word.value.strip(",") for _, command in builds for word in command.args}
    for path, data in change.repository.files.items():
        text = data.decode("utf-8", "replace") if path.rpartition("/")[2] == "mix.exs" else ""
        lists = [match["list"] for match in _PREFERRED.finditer(text)]
        if _OF_ALL.search(text) or None in lists:
            return True
        if any(not words.isdisjoint(_TASK.findall(tasks or "")) for tasks in lists):
            return True
    return False


def _is_told(run: Run) -> bool:
    """Whether a RUN speaks of the environment itself, or an instruction above it sets it."""
    return _VARIABLE in run.instruction.whole_value or run.scope.get(_VARIABLE) is not None
