"""Where `pip install` puts packages that another stage takes: `--target`, `--prefix` or `--user`; and `pip wheel`."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, NamedTuple

from rules.model.work_folders import path_of
from rules.user.accounts.running import is_seen_as_root, roots_home_at

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.api import PackageCall, Run, Stage


_VERSIONED = re.compile(r"(?:python|pip)\d\.\d+$")


class PlacedInstall(NamedTuple):
    """A `pip install` into a folder of its own.

    Attributes:
        path: The folder, absolute.
        versioned: Whether the packages lie in `lib/pythonX.Y` below it, where only that Python looks.
        run: The RUN.
        call: The call.
    """

    path: str
    versioned: bool
    run: Run
    call: PackageCall


def placed_installs(stage: Stage) -> Iterator[PlacedInstall]:
    """Yield the installs of a chain whose folder is known."""
    for run in stage.done_runs:
        for call in run.package_calls:
            if call.manager not in ("pip", "uv") or call.action != "install" or _chooses_python(call):
                continue
            written, versioned = _written(run, call)
            path = path_of(run, call.command, written) if written is not None else None
            if path is not None:
                yield PlacedInstall(path, versioned, run, call)


def _chooses_python(call: PackageCall) -> bool:
    """Whether the command names the Python that it installs for."""
    return call.has("--python-version", "--python", "-p", "--platform") or bool(_VERSIONED.match(call.command.name))


def _written(run: Run, call: PackageCall) -> tuple[str | None, bool]:
    """Return the folder as written, and whether packages lie in a folder named for the version below it."""
    target = call.command.option("--target", "-t")
    if target is not None:
        return target, False
    prefix = call.command.option("--prefix")
    if prefix is not None:
        return prefix, True
    if not call.command.has("--user"):
        return None, False
    base = run.scope.get("PYTHONUSERBASE")
    if base is not None:
        return (base.value if isinstance(base.value, str) else None), True
    home = roots_home_at(run, call.command) if is_seen_as_root(run) else None
    return (posixpath.join(home, ".local") if home is not None else None), True
