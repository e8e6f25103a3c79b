"""`/root/.local` of a stage in which uv has only made the project's environment: uv puts nothing there for that."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rules.base_image.moved.version_contracts import contracts
from rules.base_image.moved.version_ranges import satisfies
from rules.copying.stages.gone_paths import Gone
from rules.numbers import numbers_of
from rules.quoting import quote

if TYPE_CHECKING:
    from rules.api import DockerfileChange, Stage

_HOME = "/root/.local"
_FILLS = re.compile(r"\.local\b|\buv\s+(?:tool|python)\b|\buvx\b|--python\b|\bUV_(?:PYTHON|TOOL|MANAGED)|XDG_")
"""What in a RUN may have uv, or another program, fill the folder: a tool, a Python of its own."""
_ELSEWHERE = ("UV_PYTHON", "UV_TOOL", "UV_MANAGED", "XDG_")
_CALLED = frozenset({"uv", "chmod", "chown", "rm", "find", "echo", "cd", "set"})


def unmade_home(change: DockerfileChange, builder: Stage, path: str) -> Gone | None:
    """Tell that `uv sync` leaves no `/root/.local`: it puts a Python there that it has to fetch, and nothing else.

    Tried with `uv sync --frozen` of uv 0.4 to 0.9, the environment in the project's folder, the cache mounted. It
    fetches a Python where `.python-version` or `requires-python` asks for another than the image's
    (docs.astral.sh/uv, "Python versions"; "Storage").
    """
    version = builder.runtime.languages.get("python")
    if path != _HOME or version is None or builder.files.has_unreadable_run or builder.files.covering(path):
        return None
    commands = [command for run in builder.done_runs for command in run.commands if command.name]
    synced = any(command.name == "uv" and command.subcommand == "sync" for command in commands)
    if not synced or any(command.name not in _CALLED for command in commands):
        return None
    if any(_FILLS.search(run.instruction.whole_value) for run in builder.done_runs):
        return None
    if any(name.startswith(_ELSEWHERE) and setting.set_in_file for name, setting in builder.image.env.items()):
        return None
    asked = list(contracts(change, "python"))
    chosen = change.repository.holds_in_context(change.path, ".python-version")
    if not asked or chosen is None or not all(satisfies(numbers_of(version), one.comparable) for one in asked):
        return None
    return Gone(
        f"{quote('uv sync')} puts nothing there: the image has the Python {version} that the project takes.",
        cure="Leave this `COPY` out: the environment does without it.",
    )
