"""Installs of a project's dependencies: where they run, what they read, and whether they need the project's sources."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, NamedTuple

from rules.copying.installs.named_manifests import place, renamed, sent
from rules.facts.installers import NODE_MANAGERS, PROJECT_FOLDERS
from rules.lazily import once
from rules.model.shell_scope import filled
from rules.model.work_folders import folder_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.api import PackageCall, Run, Stage

_DEPENDENCIES_ONLY = frozenset({"npm", "pnpm", "yarn", "bun", "pip", "pipenv", "bundle", "go", "conda"})
"""Managers whose project install reads manifests and no sources, unless the command line names the project."""

_NO_PROJECT = {
    "poetry": ("--no-root",),
    "uv": ("--no-install-project", "--no-install-workspace", "--only-group"),
    "pdm": ("--no-self",),
    "composer": ("--no-autoloader",),
}
"""Options with which managers that otherwise build the project as well leave it out."""


_FETCHES = {
    "go": frozenset({"mod download"}),
    "dotnet": frozenset({"restore"}),
    "mix": frozenset({"deps.get"}),
    "swift": frozenset({"package resolve"}),
}
"""Managers that build with most of their calls, and the calls that only fetch; what Maven's do, its goals say."""


class Install(NamedTuple):
    """An install of what a project's manifests ask for.

    Attributes:
        run: The RUN.
        call: The package manager's call.
        folder: Where it runs, absolute; `None` when unknown.
        manifests: The files it reads, absolute where the folder is known.
    """

    run: Run
    call: PackageCall
    folder: str | None
    manifests: tuple[str, ...]

    @property
    def step(self) -> tuple[str, bool]:
        """Which of its manager's steps it is: Elixir's fetches the dependencies and compiles them with another call."""
        return self.call.manager, self.call.compiles_dependencies

    @property
    def shown(self) -> str:
        """The call as a message quotes it, without its later options: `npm ci`."""
        return f"{self.call.program} {self.call.verb}".strip().replace("uv pip pip", "uv pip")


def install_folder(run: Run, call: PackageCall) -> str | None:
    """Return the folder whose manifest an install reads: where it runs, or where an option or a variable sends it."""
    return place(folder_of(run, call.command), sent(run, call))


_ELSEWHERE = ("UV_PROJECT_ENVIRONMENT", "COMPOSER_VENDOR_DIR")
"""Variables that name another folder (uv, "Project environment path"; Composer, "Config", vendor-dir)."""


def packages_folder(run: Run, call: PackageCall) -> str | None:
    """Return the folder into which an install puts the project's packages, absolute; `None` where that is not known."""
    name = PROJECT_FOLDERS.get(call.manager)
    if name is None or call.action not in ("install", "sync") or not call.project or call.global_:
        return None
    if call.verb.startswith("pip") or call.has("--modules-folder", "--system") or any(map(call.env.get, _ELSEWHERE)):
        return None  # `uv pip` goes by the environment that is active
    folder = install_folder(run, call)
    return posixpath.join(folder, name) if folder is not None else None


_OF_MEMBERS = frozenset(
    "--filter --filter-prod -F -r --recursive --workspace --workspaces -w -W --workspace-root -ws --scope".split()
)
"""Options by which JavaScript's managers install for members of a workspace."""


def needs_manifest(install: Install) -> bool:
    """Tell whether an install cannot do without a manifest in the folder where it runs.

    In a workspace its members' manifests are what is read: pnpm needs none beside `pnpm-workspace.yaml` (measured with
    pnpm 10: `install` and `--filter … install` end well, with `--frozen-lockfile` too).
    """
    call = install.call
    if call.manager not in NODE_MANAGERS:
        return True
    words = {word.value.partition("=")[0] for word in call.command.args}
    if not words.isdisjoint(_OF_MEMBERS) or "workspace" in words or "workspaces" in words:
        return False
    if call.manager != "pnpm" or install.folder is None:
        return True
    listed = posixpath.join(install.folder, "pnpm-workspace.yaml")
    return not any(put.kind != "workdir" for put in install.run.stage.files.covering(listed))


def installs_of(stage: Stage) -> tuple[Install, ...]:
    """Return the installs of dependencies in a stage's own RUNs, in order."""
    return tuple(install for run in stage.runs if not run.deferred for install in installs_in(run))


@once
def installs_in(run: Run) -> tuple[Install, ...]:
    """Return the installs of dependencies in one RUN; those that build the project itself are left out."""
    return tuple(_installs(run))


@once
def project_installs_in(run: Run) -> tuple[Install, ...]:
    """Return the same, and with them the installs that may read more: `poetry install`, `uv sync`, `mix deps.compile`.

    The first two may build the project as well; what is compiled may be configured by its `config/`.
    """
    return tuple(_installs(run, with_project=True))


def _installs(run: Run, *, with_project: bool = False) -> Iterator[Install]:
    for call in run.package_calls:
        if not (_is_of_dependencies(call) or (with_project and _is_of_project(call))):
            continue
        folder, where = install_folder(run, call), sent(run, call)
        manifests = renamed(call.manifests, where.file) if where.known else ()
        texts = [filled(run, call.command, name) for name in manifests]
        names = [name for name in texts if name and "://" not in name and name != "-"]
        paths = tuple(
            posixpath.normpath(posixpath.join(folder, name)) if folder is not None else name for name in names
        )
        if paths:
            yield Install(run, call, folder, paths)


def _is_of_dependencies(call: PackageCall) -> bool:
    if call.packages or not call.manifests or call.global_ or call.command.conditional:
        return False
    if call.manager == "uv" and call.verb == "pip install":
        return not call.editable
    if call.manager in _NO_PROJECT:
        return call.project and call.has(*_NO_PROJECT[call.manager])
    if call.manager in _FETCHES:
        return call.verb in _FETCHES[call.manager]
    if call.manager == "mvn":
        return True  # it has a manifest where it only fetches
    return call.manager in _DEPENDENCIES_ONLY and call.project and not call.editable


def _is_of_project(call: PackageCall) -> bool:
    known = call.manager in _NO_PROJECT and call.project and bool(call.manifests)
    known = known or (bool(call.manifests) and call.compiles_dependencies)
    return known and not (call.packages or call.global_ or call.command.conditional)
