"""A virtual environment that is copied from a folder in which the builder makes none."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from rules.copying.python.environments import environments, hidden_environment
from rules.copying.stages.gone_paths import Gone
from rules.model.puts import meet
from rules.quoting import quote

if TYPE_CHECKING:
    from rules.api import Stage

_NAMES = frozenset({".venv", "venv"})
_SEEN = ("python", "pip", "uv", "poetry", "pdm", "pipenv", "virtualenv")
"""How the programs are called of which it is seen where they make an environment; `make` may make any."""


def other_environment(builder: Stage, path: str) -> Gone | None:
    """Tell that a builder makes its only environment elsewhere, as `UV_PROJECT_ENVIRONMENT` says for uv."""
    made = {one.path: one.run for one in environments(builder)}
    if posixpath.basename(path) not in _NAMES or len(made) != 1 or hidden_environment(builder) is not None:
        return None
    ((place, run),) = made.items()
    if meet(path, place) or builder.files.has_unreadable_run:
        return None
    if not all(command.name.startswith(_SEEN) for command in builder.files.opaque_commands):
        return None
    puts = builder.files.covering(path)
    if any(put.kind in ("stage", "image", "remote") or put.path == path for put in puts):
        return None  # of the context no repository has one
    if any(path in one.instruction.whole_value for one in builder.done_runs):
        return None
    return Gone(
        f"The virtual environment is made in {quote(place)} (line {run.instruction.line}).",
        cure=f"Copy {quote(place)} to the same place, and have `PATH` lead to {quote(f'{place}/bin')}.",
    )
