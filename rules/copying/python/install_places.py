"""Where a builder's installs put the project's packages, when that is not the image's own folder for packages."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rules.copying.python.environments import environments, hidden_environment
from rules.copying.python.installs import placed_installs
from rules.dockerfile.managers.calls import NO
from rules.facts.installers import PYTHON_MANAGERS
from rules.lazily import once
from rules.model.work_folders import path_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.api import PackageCall, Run, Stage

_TOOLS = frozenset(
    "pip setuptools wheel uv poetry poetry-plugin-export poetry-core pipenv pdm virtualenv hatch hatchling build pipx "
    "cython numpy pybind11 maturin tox nox bundler".split()
)
"""Packages that people install to build and to install with, and not to run."""
_LOCAL = "/usr/local"


class Place(NamedTuple):
    """Where an install puts packages.

    Attributes:
        path: The folder, absolute; empty where it is a cache.
        run: The RUN.
        call: The call.
    """

    path: str
    run: Run
    call: PackageCall


@once
def python_place(builder: Stage) -> Place | None:
    """Return where a chain installs a project's Python packages; `None` where also the image's own folder gets some."""
    found = None
    for run in builder.done_runs:
        for call in run.package_calls:
            if call.manager not in PYTHON_MANAGERS or call.action not in ("install", "sync") or _is_tool(call):
                continue
            place = place_of_call(builder, run, call)
            if place is None:
                return None
            found = found or place
    return found


def _is_tool(call: PackageCall) -> bool:
    """Whether a call installs nothing but tools, or a tool in an environment of its own."""
    if call.verb in ("tool install", "python install"):
        return True
    return bool(call.packages) and not call.manifests and all(p.name.split("[")[0] in _TOOLS for p in call.packages)


def place_of_call(builder: Stage, run: Run, call: PackageCall) -> Place | None:
    """Return where one install of Python packages puts them; `None` for the image's own folder."""
    placed = next((one for one in placed_installs(builder) if one.call is call or one.call == call), None)
    if placed is not None:
        return Place(placed.path, run, call) if placed.path != _LOCAL else None
    made = [one for one in environments(builder) if one.path not in (_LOCAL, "/usr")]
    if call.manager in ("poetry", "pipenv", "uv") and call.verb != "pip install":
        of_run = next((one for one in made if one.run is run), None)
        if of_run is not None:
            return Place(of_run.path, run, call)
        hidden = hidden_environment(builder) if call.manager == "poetry" else None
        return Place("", run, call) if hidden is run else None
    program = call.command.called
    for one in made:
        if program.startswith(f"{one.path}/bin/") or _leads_to(run, f"{one.path}/bin"):
            return Place(one.path, run, call)
    return None


def _leads_to(run: Run, folder: str) -> bool:
    """Whether PATH names a folder first where a RUN stands."""
    value = run.scope.value_of("PATH")
    return isinstance(value, str) and value.split(":")[0].rstrip("/") == folder


@once
def ruby_place(builder: Stage) -> Place | None:
    """Return where a chain installs a project's gems; `None` where that is `GEM_HOME`, or not known."""
    configured, deployment = None, False
    for run in builder.done_runs:
        for call in run.package_calls:
            if call.manager != "bundle":
                continue
            path, deploys = _configured(call)
            configured, deployment = path or configured, deployment or deploys
            if call.action == "install" and call.verb in ("", "install", "i"):
                path = call.option("--path") or call.env.get("BUNDLE_PATH") or configured
                deploys = deployment or call.has("--deployment") or call.is_set("BUNDLE_DEPLOYMENT")
                return _gems(run, call, path or ("vendor/bundle" if deploys else None))
    return None


def _gems(run: Run, call: PackageCall, text: str | None) -> Place | None:
    path = path_of(run, call.command, text) if text else None
    home = call.env.get("GEM_HOME", "/usr/local/bundle")
    return Place(path, run, call) if path not in (None, home, "/usr/local/bundle") else None


def _configured(call: PackageCall) -> tuple[str | None, bool]:
    """Return the path that `bundle config` sets, and whether it switches to deployment, which has one of its own."""
    words = [operand.value for operand in call.options.operands]
    if words[:1] != ["config"]:
        return None, False
    rest = [word for word in words[1:] if word != "set"]
    if len(rest) < 2:  # noqa: PLR2004 - a name and its value
        return None, False
    return (rest[1] if rest[0] == "path" else None), rest[0] == "deployment" and rest[1].lower() not in NO


def shown(call: PackageCall) -> str:
    """Return a call as a message quotes it: `uv sync`."""
    return f"{call.program} {call.verb}".strip().replace("uv pip pip", "uv pip")


def copied_places(stage: Stage, builder: Stage) -> Iterator[str]:
    """Yield the folders that a stage's chain copies out of a builder."""
    for copy in stage.all_copies:
        if copy.from_stage is builder:
            yield from filter(None, map(copy.source_path, copy.sources))
