"""Whether an install of Python packages may take them from another index than the public one."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

from rules.copying.installs.calls import install_folder
from rules.lazily import once
from rules.packages.projects.texts import requirements_text

if TYPE_CHECKING:
    from rules.api import DockerfileChange, PackageCall, Run, Stage

_OPTIONS = (
    "--find-links", "-f", "--no-index", "--only-binary", "--index-url", "-i", "--extra-index-url", "--no-deps",
    "--index", "--default-index",
)  # fmt: skip
_VARIABLES = (
    "PIP_FIND_LINKS", "PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_ONLY_BINARY", "PIP_CONFIG_FILE", "UV_INDEX_URL",
    "UV_EXTRA_INDEX_URL", "UV_INDEX", "UV_DEFAULT_INDEX", "UV_FIND_LINKS", "UV_CONFIG_FILE",
)  # fmt: skip
_SETTINGS = ("/pip.conf", "/uv.toml")
_LINE = re.compile(r"^[ \t]*(?:-i|-f|--(?:index-url|extra-index-url|find-links|no-index))\b", re.MULTILINE)
"""What a list of requirements says of where its packages come from (pip, "Requirements File Format")."""
_NEVER = (math.inf, math.inf)
_SETS = re.compile(r"\bpip3?[ \t]+config\b[^;&|\n]*\b(?:index|find-links)|\bpoetry[ \t]+source[ \t]+add\b")


def takes_public_index(change: DockerfileChange, run: Run, call: PackageCall) -> bool:
    """Tell whether a call takes packages from the public index: another one may have wheels of its own."""
    if call.has(*_OPTIONS) or any(name in call.env for name in _VARIABLES) or is_configured(run):
        return False
    folder = install_folder(run, call)
    lists = (requirements_text(change, run, folder, name) for name in call.manifests)
    return not _is_set(run) and not any(_LINE.search(text) for text in lists if text is not None)


def is_configured(run: Run) -> bool:
    """Tell whether a configuration of pip or uv is brought above a RUN, or mounted."""
    mounted = any(mount.target.endswith(_SETTINGS) or mount.options.get("env") in _VARIABLES for mount in run.mounts)
    return mounted or _configured(run.stage) < run.at


def _is_set(run: Run) -> bool:
    return _set(run.stage) <= run.at


@once
def _configured(stage: Stage) -> tuple[float, float]:
    """Return where the first configuration of a chain is brought."""
    return min((put.step.at for put in stage.files.puts if put.path.endswith(_SETTINGS)), default=_NEVER)


@once
def _set(stage: Stage) -> tuple[float, float]:
    """Return where the first script of a chain sets an index, by a command or a variable."""
    texts = ((run.at, run.instruction.whole_value) for run in stage.done_runs)
    return min(
        (at for at, text in texts if _SETS.search(text) or any(f"{name}=" in text for name in _VARIABLES)),
        default=_NEVER,
    )
