"""Settings of package managers in the project's own files, which hold for an install as its options do.

npm's `.npmrc`, Yarn's `.yarnrc` and `.yarnrc.yml`, Bun's `bunfig.toml`, from their documentation. Bundler's
`.bundle/config` is none of them: the official images of Ruby set `BUNDLE_APP_CONFIG`, and it is not read there.
"""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from rules.copying.installs.calls import install_folder
from rules.packages.projects.texts import text_in_image
from rules.user.accounts.running import roots_home

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rules.api import DockerfileChange, PackageCall, Run

_ON = r"\s*=\s*[\"']?true\b"
_OF_YARN = r"^\s*\"?--(?:(?:install|\*)\.)?"
_WITHOUT_DEVELOPERS = {
    ".npmrc": re.compile(
        rf"^\s*(?:omit(?:\[\])?\s*=\s*[\"']?dev\b|production{_ON}|only\s*=\s*[\"']?prod(?:uction)?\b)", re.MULTILINE
    ),
    ".yarnrc": re.compile(rf"{_OF_YARN}prod(?:uction)?\"?\s+\"?true\b", re.MULTILINE),
    "bunfig.toml": re.compile(rf"^\s*production{_ON}", re.MULTILINE),
}
_HELD_TO_LOCK = {
    ".yarnrc": re.compile(rf"{_OF_YARN}frozen-lockfile\"?\s+\"?true\b", re.MULTILINE),
    ".yarnrc.yml": re.compile(r"^enableImmutableInstalls:\s*[\"']?true\b", re.MULTILINE),
    "bunfig.toml": re.compile(rf"^\s*frozenLockfile{_ON}", re.MULTILINE),
}
_LOCK_PASSED_OVER = {
    ".npmrc": re.compile(r"^\s*(?:package-lock|shrinkwrap|lockfile)\s*=\s*[\"']?false\b", re.MULTILINE),
    ".yarnrc": re.compile(rf"{_OF_YARN}no-lockfile\"?\s+\"?true\b", re.MULTILINE),
}
_RESOLVED_BY = {
    "--resolution": "UV_RESOLUTION",
    "--prerelease": "UV_PRERELEASE",
    "--exclude-newer": "UV_EXCLUDE_NEWER",
}
"""Options of uv that say how versions are chosen, and their variables."""
_READ = {"npm": (".npmrc",), "pnpm": (".npmrc",), "yarn": (".yarnrc", ".yarnrc.yml"), "bun": ("bunfig.toml",)}


def leaves_developers_out(change: DockerfileChange, run: Run, call: PackageCall) -> bool:
    """Tell whether the project's settings have an install leave developers' packages out."""
    return _says(change, run, call, _WITHOUT_DEVELOPERS)


def holds_to_lock(change: DockerfileChange, run: Run, call: PackageCall) -> bool:
    """Tell whether the project's settings have an install stop where the lock file does not fit."""
    return _says(change, run, call, _HELD_TO_LOCK)


def passes_lock_over(change: DockerfileChange, run: Run, call: PackageCall) -> bool:
    """Tell whether an install is told not to look at a lock file: by an option, a variable, the project's settings.

    npm's `package-lock`, pnpm's and Yarn 1's `lockfile`, from their documentation of `install`.
    """
    if resolves_anew(call):
        return True
    told = any(call.turned(option) is False for option in ("--package-lock", "--lockfile"))
    set_off = call.env.get("NPM_CONFIG_PACKAGE_LOCK", call.env.get("npm_config_package_lock", "")) == "false"
    return told or (call.manager == "npm" and set_off) or _says(change, run, call, _LOCK_PASSED_OVER)


def resolves_anew(call: PackageCall) -> bool:
    """Tell whether an install is told how to choose versions, whatever its lock file says.

    uv resolves despite a lock file that was made in another way, and refuses `--locked` beside `--upgrade` (tried with
    uv 0.13).
    """
    told = call.has("--upgrade", *_RESOLVED_BY) or any(map(call.env.get, _RESOLVED_BY.values()))
    return call.manager == "uv" and told


def _says(change: DockerfileChange, run: Run, call: PackageCall, wanted: Mapping[str, re.Pattern[str]]) -> bool:
    folder = install_folder(run, call)
    for name in _READ.get(call.manager, ()):
        for place in (folder, roots_home(run)) if name in wanted else ():
            text = text_in_image(change, run, posixpath.join(place, name)) if place is not None else None
            if text is not None and wanted[name].search(text):
                return True
    return False
