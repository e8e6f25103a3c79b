"""Programs that an image is known to lack: what calls them stops the build."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rules.api import Stage

OF_NODE = ("npm", "npx", "yarn", "node")
"""Node.js and what comes with it."""
READERS = frozenset({"apt-key", *OF_NODE})
"""Those of them that stand behind a pipe."""
_BRING_NODE = ("node", "npm", "nvm", "yarn", "volta", "fnm", "asdf", "mise")
"""What packages, archives and installers are called that bring Node.js and its managers."""
OF_SHADOW = {
    "useradd": "`adduser -D -u <uid> <name>`",
    "groupadd": "`addgroup -g <gid> <name>`",
    "usermod": "`addgroup <name> <group>`",
    "groupmod": "`delgroup` and `addgroup`",
}
"""Commands of the shadow package, which Alpine leaves out, and what its BusyBox has for them."""
_FIRST_WITHOUT_COREPACK = 25
"""The first Node.js that comes without Corepack (its changelog)."""
_FIRST_WITHOUT_APT_KEY = {"debian": 13.0, "ubuntu": 25.04}
"""Releases whose apt has no `apt-key` any more: apt 2.9.19 removed it (its changelog)."""


def lacks(stage: Stage, name: str) -> bool:
    """Tell whether a stage is known to have no program of a name at any of its steps."""
    runtime = stage.runtime
    if name == "apt-key":
        first = _FIRST_WITHOUT_APT_KEY.get(runtime.distribution or "")
        number = runtime.release.number if runtime.release is not None else None
        return first is not None and _number(number or "") >= first
    if name == "corepack" and "node" in runtime.languages:
        major = (runtime.languages["node"] or "").partition(".")[0]
        return major.isdecimal() and int(major) >= _FIRST_WITHOUT_COREPACK and runtime.never_has(name)
    if name in (*OF_NODE, "corepack"):  # which tags of `node` have Yarn changes
        return "node" not in runtime.languages and runtime.never_has(name, *_BRING_NODE)
    if name not in OF_SHADOW:
        return runtime.never_has(name)
    if runtime.distribution != "alpine" or any("$" in item.name for item in stage.packages.present):
        return False
    return runtime.never_has(name, "shadow")


def _number(release: str) -> float:
    """Return a release as a number, 0 for one that is none."""
    return float(release) if re.fullmatch(r"\d+(?:\.\d+)?", release) else 0
