"""Where pip keeps what it downloads, and where it keeps nothing (its documentation, "Caching")."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rules.copying.python.user_installs import home_of
from rules.model.puts import within
from rules.packages.indexes.configuration import written_until
from rules.packages.pins.system_satisfied import is_satisfied
from rules.packages.projects.files import in_repository
from rules.user.accounts.running import name_of, runs_as_root
from rules.user.owners.ownership import access

if TYPE_CHECKING:
    from rules.change import DockerfileChange
    from rules.dockerfile.package_calls import PackageCall
    from rules.model.steps import Run

VARIABLE = "PIP_NO_CACHE_DIR"
CACHE_FOLDERS = ("/root/.cache/pip", "/root/.cache")
_SETTING = re.compile(r"(?<!-)no-cache-dir")
_CONFIGURES = re.compile(r"pip\.conf|pip[\d.]* config set [^&;]*no-cache-dir")
_WITHOUT_HOMES = ("alpine", "debian", "ubuntu")


def keeps_none(change: DockerfileChange, run: Run) -> bool:
    """Tell whether no layer gets what pip downloads in a RUN: it is switched off, goes to a mount, or has no home."""
    return _is_kept_elsewhere(run) or _is_home_of_another(run) or _has_no_home(run) or _is_switched_off(change, run)


def downloads(run: Run, call: PackageCall) -> bool:
    """Tell whether a call can fetch anything; wheels that lie ready and `--no-index` leave nothing in the cache.

    Nor does what the distribution's packages have brought.
    """
    if call.has("--no-index") or call.has("--dry-run"):
        return False
    local = [package.kind == "path" and ("*" in package.name or ".whl" in package.name) for package in call.packages]
    if call.manifests or not local:
        return True
    return not all(local) and not all(is_satisfied(run, call, package) for package in call.packages)


def is_emptied(run: Run, call: PackageCall) -> bool:
    """Tell whether the RUN empties the cache behind an install, or has it in a mount."""
    if run.cleans_behind(call.command.start, "pip", "cache"):
        return True
    chosen = call.option("--cache-dir") or call.env.get("PIP_CACHE_DIR") or call.env.get("XDG_CACHE_HOME")
    removed = (command for command in run.calls("rm") if command.start > call.command.start)
    return chosen is not None and (
        run.is_mounted(chosen) or any(within(chosen, word.value) for command in removed for word in command.operands())
    )


def _is_switched_off(change: DockerfileChange, run: Run) -> bool:
    """Whether pip's configuration says to keep none: set by `pip config`, written here, or in a file that was read."""
    if any(_SETTING.search(text) and _CONFIGURES.search(text) for text in written_until(run)):
        return True
    if run.scope.get(VARIABLE) is not None and change.repository.gives_otherwise(change.path, VARIABLE, None):
        return True  # an `ARG` of that name is in pip's environment
    files = (put for put in run.stage.files.puts if put.kind == "context" and put.path.endswith("/pip.conf"))
    texts = (change.repository.text(in_repository(change, put.source) or "") for put in files if put.step.at < run.at)
    return any("no-cache-dir" in text for text in texts if text is not None)


def _is_kept_elsewhere(run: Run) -> bool:
    """Whether pip's cache lies in a mount: at its usual place, or wherever `PIP_CACHE_DIR` says."""
    chosen = run.scope.get("PIP_CACHE_DIR")
    folders = (*CACHE_FOLDERS, *([chosen.value] if chosen is not None and isinstance(chosen.value, str) else []))
    return any(run.is_mounted(folder) for folder in folders) or any(
        mount.type in ("cache", "tmpfs") and ("pip" in mount.target or mount.target.endswith("/.cache"))
        for mount in run.mounts
    )


def _is_home_of_another(run: Run) -> bool:
    """Whether root calls pip with an account's home for `HOME`: pip then says so and keeps no cache.

    It looks at who owns the folder, or the nearest one above that is there (`check_path_owner` in its
    `utils/filesystem.py`). A home whose name the build gives counts where an account is made.
    """
    if run.scope.get("HOME") is None or runs_as_root(run) is not True:
        return False
    home = run.scope.expand("$HOME")
    if home is None:
        return any(above.calls("useradd", "adduser") for above in run.stage.done_runs if above.at < run.at)
    made = (account for account in run.stage.users.created if account.run.at < run.at)
    return any(access(run.stage, home.rstrip("/"), account.name).writable is True for account in made)


def _has_no_home(run: Run) -> bool:
    """Whether an account calls pip whose home nobody makes, as of `useradd` alone on Debian.

    It may not make one itself, and pip then keeps no cache, as above. A number without an account has `/` for its home.
    Red Hat's `useradd` makes the home (`CREATE_HOME` in its `login.defs`).
    """
    facts = run.stage.facts
    if runs_as_root(run) is not False or run.scope.get("HOME") is not None or facts is None:
        return False
    if facts.distro not in _WITHOUT_HOMES:
        return False
    user = name_of(run.user.value or "")
    made = any(user in (account.name, account.uid) for account in run.stage.users.created)
    if user.isdecimal() and not made:
        return facts.has_user(user) is False
    home = home_of(run.stage, user) if made else None
    return home is not None and access(run.stage, home.rstrip("/"), user, before=run).writable is False
