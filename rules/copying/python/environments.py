"""The virtual environments that a stage makes, as far as the text says."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, NamedTuple

from rules.lazily import once
from rules.model.work_folders import folder_of, path_of
from rules.user.accounts.running import is_seen_as_root, roots_home_at

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.api import Command, PackageCall, Run, Stage

_VALUED = ("-p", "--python", "--prompt", "--seed-packages", "--index-url", "--cache-dir")
_SYSTEM = ("/usr", "/usr/local")
_SWITCHES = frozenset({"POETRY_VIRTUALENVS_CREATE", "POETRY_VIRTUALENVS_IN_PROJECT", "VIRTUAL_ENV"})
_IN_THE_PROJECT = {"config", "virtualenvs.in-project", "true"}
_IN_PROJECT = {"poetry": "POETRY_VIRTUALENVS_IN_PROJECT", "pipenv": "PIPENV_VENV_IN_PROJECT"}
"""What makes a manager put its environment into the project, as `.venv`, and not into the user's home."""


class Environment(NamedTuple):
    """A virtual environment that a RUN makes.

    Attributes:
        path: Absolute.
        run: The RUN.
        relocatable: Whether it was made to be moved.
        own_python: Whether its Python is the one that the stage has, and no other that was asked for or fetched.
    """

    path: str
    run: Run
    relocatable: bool
    own_python: bool


@once
def environments(stage: Stage) -> tuple[Environment, ...]:
    """Return the virtual environments that the RUNs of a chain make, in order."""
    return tuple(environment for run in stage.done_runs for environment in _of_run(stage, run))


def _of_run(stage: Stage, run: Run) -> Iterator[Environment]:
    own = not _fetches_python(stage)
    for command in run.commands:
        text = _made(command.name, [word.value for word in command.args])
        path = path_of(run, command, text) if text is not None else None
        if path is not None:
            other = command.has("--python", "-p") or command.name.startswith("python3.")
            yield Environment(path, run, command.has("--relocatable"), own and not other)
    for call in run.package_calls:
        text = _of_project(run, call) if call.action in ("install", "sync") else None
        path = path_of(run, call.command, text) if text is not None else None
        if path is not None and path not in _SYSTEM:
            yield Environment(
                path, run, bool(call.env.get("UV_VENV_RELOCATABLE")), own and not call.has("--python", "-p")
            )


def _made(name: str, words: list[str]) -> str | None:
    """Return the folder that a command makes a virtual environment in, as written."""
    at = next((i for i, word in enumerate(words[:3]) if word.startswith("-m")), None)
    if name.startswith("python") and at is not None:
        module = [word for word in (words[at][2:], *words[at + 1 :]) if word]
        if module[:1] not in (["venv"], ["virtualenv"]):
            return None
        rest = module[1:]
    elif name == "virtualenv":
        rest = words
    elif name == "uv" and words[:1] == ["venv"]:
        rest = words[1:]
        return next((w for i, w in enumerate(rest) if not w.startswith("-") and not _takes_value(rest, i)), ".venv")
    else:
        return None
    operands = [w for i, w in enumerate(rest) if not w.startswith("-") and not _takes_value(rest, i)]
    return operands[-1] if operands else None


def _takes_value(words: list[str], index: int) -> bool:
    return index > 0 and words[index - 1] in _VALUED


def _of_project(run: Run, call: PackageCall) -> str | None:
    """Return where a manager puts the environment of a project, as written; `None` outside the project or in none.

    uv: `UV_PROJECT_ENVIRONMENT`, else `.venv` (uv, "Project environment path"). Poetry and pipenv: `.venv` where they
    are told so.
    """
    if call.manager == "uv":
        if call.verb != "sync" or call.has("--active", "--project", "--directory", "--script"):
            return None
        return call.env.get("UV_PROJECT_ENVIRONMENT") or ".venv"
    setting = _IN_PROJECT.get(call.manager)
    if setting is None or call.has("--system", "--directory", "-C") or "VIRTUAL_ENV" in call.env:
        return None
    if call.manager == "poetry" and makes_none(run, call):
        return None
    told = call.is_set(setting) or (call.manager == "poetry" and _is_poetry_told(run, call))
    return ".venv" if told else None


def makes_none(run: Run, call: PackageCall) -> bool:
    """Tell whether Poetry installs into the Python that it finds, or may: no matter where an environment would lie."""
    setting = "POETRY_VIRTUALENVS_CREATE"
    switched_off = setting in call.env and not call.is_set(setting)
    return switched_off or (not call.is_set(setting) and _is_told(run.stage, "virtualenvs.create false"))


def _is_poetry_told(run: Run, call: PackageCall) -> bool:
    """Whether `poetry config` says so above: for the account, or with `--local` for the folder that it stands in."""
    return any(
        other.at <= run.at and (not command.has("--local") or folder_of(other, command) == folder_of(run, call.command))
        for other, command in _told_of_project(run.stage)
    )


@once
def _told_of_project(stage: Stage) -> tuple[tuple[Run, Command], ...]:
    """The commands of a chain that tell Poetry to make its environment in the project."""
    commands = ((run, command) for run in stage.done_runs for command in run.calls("poetry"))
    return tuple(one for one in commands if {word.value for word in one[1].args} >= _IN_THE_PROJECT)


@once
def hidden_environment(stage: Stage) -> Run | None:
    """Return the RUN where Poetry makes an environment in its cache (Poetry, "Configuration", `virtualenvs.path`)."""
    if _is_told(stage, "virtualenvs."):
        return None
    if any(name.startswith(("POETRY_VIRTUALENVS", "VIRTUAL_ENV")) for name in stage.image.env):
        return None
    for run in stage.done_runs:
        for call in run.package_calls:
            if call.manager == "poetry" and call.action in ("install", "sync") and not set(call.env) & _SWITCHES:
                return run
    return None


@once
def _commands(stage: Stage) -> str:
    """The chain's commands, one a line."""
    return "\n".join(" ".join(word.value for word in c.words) for run in stage.done_runs for c in run.commands)


def _is_told(stage: Stage, words: str) -> bool:
    return words in _commands(stage)


def _fetches_python(stage: Stage) -> bool:
    """Whether uv, pyenv or conda may bring another Python than the one of the stage."""
    if any(name in stage.image.env for name in ("UV_PYTHON", "UV_PYTHON_INSTALL_DIR", "UV_MANAGED_PYTHON")):
        return True
    return any(_is_told(stage, words) for words in ("uv python", "pyenv ", "conda "))


def managed_python(stage: Stage, environment: Environment) -> str | None:
    """Return the folder of the Python that uv fetched for an environment; `None` where it took another, or may have.

    uv fetches one where it finds none, and prefers its own once it has it (uv, "Python versions"). It lies in
    `UV_PYTHON_INSTALL_DIR`, or below the user's home.
    """
    calls = [one for one in environment.run.calls("uv") if one.subcommand in ("sync", "venv")]
    if not calls:
        return None
    image = stage.image
    if not (_is_told(stage, "uv python install") or (_has_no_python(stage) and "UV_PYTHON" not in image.env)):
        return None
    said = _commands(stage)
    if "UV_NO_MANAGED_PYTHON" in image.env or "--no-managed-python" in said or "only-system" in said:
        return None
    folder = image.env.get("UV_PYTHON_INSTALL_DIR")
    if folder is not None:
        return folder.value
    is_root = "XDG_DATA_HOME" not in image.env and is_seen_as_root(environment.run)
    home = roots_home_at(environment.run, calls[0]) if is_root else None
    return posixpath.join(home, ".local/share/uv/python") if home and "--install-dir" not in said else None


@once
def _has_no_python(stage: Stage) -> bool:
    """Whether a system without Python is below, and no package brings one."""
    facts = stage.facts
    if facts is None or facts.kind != "os" or facts.full or "python" in stage.runtime.languages:
        return False
    names = {item.name for item in stage.packages.present}
    return not any("python" in name for name in names) and not any(copy.from_stage for copy in stage.all_copies)
