"""Which stages are images for Windows."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rules.model.stage import Stage

_FAMILIES = re.compile(
    r"windowsservercore|nanoserver|servercore|mcr\.microsoft\.com/(?:windows|dotnet/framework)(?:/|:|$)"
)
"""Microsoft's own images, and the tags of others that stand upon them (docker-library's and dotnet's)."""
_SHELLS = re.compile(r"(?:powershell|cmd)(?:\.exe)?", re.IGNORECASE)
"""Shells that only Windows has; PowerShell for every system is called `pwsh`."""
DRIVE = re.compile(r"[\"']?[A-Za-z]:(?:[\\/]|$)")
"""How a path with a drive begins."""
_OF_LINUX = frozenset("apk apt apt-get dnf dpkg microdnf pacman rpm yum zypper".split())


def is_for_windows(stage: Stage) -> bool:
    """Tell whether a stage is an image for Windows for certain, and not by a word in a name.

    By its platform, by the image at its root, or by what it does: it has a shell, or works on a drive, of Windows'.
    Many official images have one tag for both systems (`golang:1.26`, `python:3.13`).
    """
    root, platform = stage.root, platform_of(stage)
    if platform.startswith("windows") or (stage.facts is not None and stage.facts.windows):
        return True
    if platform.startswith("linux"):
        return False
    word = root.base_word
    name = root.base_text or (word.text if word is not None and root.parent is None else "")
    return _FAMILIES.search(name.lower()) is not None or _works_on_windows(stage)


def platform_of(stage: Stage) -> str:
    """Return the `--platform` that the image at a stage's root is taken for; empty where a build decides."""
    written = (stage.root.platform or "").strip("\"'")
    return (stage.model.global_scope.expand(written) or "").lower()


def is_named_for_windows(stage: Stage) -> bool:
    """Tell whether an image that is not known may be one for Windows: its name says so, and nothing else Linux.

    `dockurr/windows` runs on Linux.
    """
    if "windows" not in (stage.root.base_text or "").lower() or stage.facts is not None or stage.root.platform:
        return False
    folders = (step.instruction.value for step in stage.all_steps if step.instruction.keyword == "WORKDIR")
    called = any(True for run in stage.all_runs for _ in run.calls(*_OF_LINUX))
    return not called and not any(folder.strip("\"'").startswith("/") for folder in folders)


def _works_on_windows(stage: Stage) -> bool:
    shell = next(iter(stage.image.shell.value or ()), "")
    if _SHELLS.fullmatch(posixpath.basename(shell.replace("\\", "/"))):
        return True
    return any(
        step.instruction.keyword == "WORKDIR" and DRIVE.match(step.instruction.value) for step in stage.all_steps
    )
