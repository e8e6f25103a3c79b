"""See venv_not_on_path.md."""

import posixpath
import re
from collections.abc import Iterator
from dataclasses import replace

from rules.api import (
    OS_MANAGERS,
    Category,
    Confidence,
    DockerfileChange,
    Fix,
    Installed,
    Note,
    PackageCall,
    Problem,
    Put,
    Run,
    Severity,
    Stage,
    Start,
    innermost_around,
    insert_line_before,
    path_folders,
    quote,
    rule,
    within,
)
from rules.copying.python.environments import environments, hidden_environment
from rules.copying.python.packages import CONSOLE_SCRIPTS, is_packaged_as
from rules.copying.python.poetry_settings import may_be_set_by_project
from rules.copying.python.user_installs import UserInstall, copied_user_installs, user_calls, user_installs
from rules.facts.installers import PYTHON_MANAGERS
from rules.runtime.languages.python_calls import PYTHONS
from rules.runtime.programs.environment_homes import Home, homes_of, lacks_no_package
from rules.runtime.starts.instructions import Written, behind_init, is_bare_init, shipped
from rules.runtime.starts.scripts import StartScript, hands_over, script_above, start_script
from rules.runtime.starts.text import only_command
from rules.user.accounts.running import name_of

_INSTALLERS = PYTHON_MANAGERS | {"pipx", "conda"}
_TOOLS = frozenset({"pip", "uv", "poetry", "pipenv", "pdm", "setuptools", "wheel", "virtualenv", "build"})
"""Packages that install others, and start nothing themselves."""
_WITH_ENVIRONMENT = frozenset({"pdm", "pipenv", "poetry", "uv"})


@rule(
    "venv-not-on-path",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    keywords=("CMD", "ENTRYPOINT"),
    mentions=("venv", "uv", "poetry", "pip"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """What ships starts a program of a virtual environment, or of a user's own packages, that PATH does not lead to."""
    for found in shipped(change):
        stage = found.stage
        script = start_script(change, found, through_stages=True)
        name = _started(change, found) if script is None else _in_script(stage, script)
        if name is None or not stage.base_known or stage.runtime.is_windows or lacks_no_package(change, found):
            continue
        if any(_is_packaged(item, name) for item in stage.packages.present):
            continue
        folders = path_folders(stage)
        homes = homes_of(stage)
        if folders is None or any(posixpath.join(home.path, "bin") in folders for home in homes):
            continue
        hidden = hidden_environment(stage)
        if hidden is not None and may_be_set_by_project(change, hidden):
            continue
        hidden = None if homes else hidden
        own = None if homes or hidden is not None else _user_install(stage, name, folders)
        if not (homes or hidden is not None or own is not None) or _may_be_elsewhere(stage, name, folders):
            continue
        if own is not None:
            problem = _problem_of_user(found, name, own)
        else:
            problem = _problem(found, name, homes[-1]) if homes else _problem_of_poetry(found, name, hidden)
        yield problem if script is None else _told_of(script, problem)


def _started(change: DockerfileChange, found: Written) -> str | None:
    """Return Python, or the script of a Python package, that a start command names without a path."""
    stage = found.stage
    if found.instruction.keyword == "CMD" and stage.image.entrypoint and not is_bare_init(stage.image.entrypoint.value):
        above = script_above(change, found)
        if above is None or above.shell is None or not hands_over(above) or _LEADS_THERE.search(above.code):
            return None
    name = _program(found.start)
    if name in PYTHONS:
        return None if stage.image.env.get("PYTHONPATH") else name
    return name if name in CONSOLE_SCRIPTS else None


def _is_packaged(item: Installed, name: str) -> bool:
    """Whether a package of the system brings the program, or is called for it."""
    if item.manager not in OS_MANAGERS:
        return False
    return item.name == name or (name not in PYTHONS and is_packaged_as(item.name, name))


_LEADS_THERE = re.compile(r"\bPATH=|activate|^[ \t]*(?:\.|source)\s", re.MULTILINE)


def _in_script(stage: Stage, script: StartScript) -> str | None:
    """Return what a start script of the repository becomes in the end, where that is named without a path."""
    outer = script.outer_commands if not _LEADS_THERE.search(script.code) else ()
    last = outer[-1] if outer else None
    if last is None or last.conditional or last.before in ("|", "||", "&&") or last.program is None:
        return None
    name = last.program.value
    if name in PYTHONS:
        return None if stage.image.env.get("PYTHONPATH") else name
    return name if name in CONSOLE_SCRIPTS else None


def _told_of(script: StartScript, problem: Problem) -> Problem:
    """Name the script between the image and the program."""
    return replace(
        problem, message=problem.message.replace(" starts ", f" starts {quote(script.path)}, which runs ", 1)
    )


def _program(start: Start) -> str:
    if start.form == "exec":
        return next(iter(behind_init(start.words)), "")
    command = only_command(start)
    return command.called if command is not None else ""


def _user_install(stage: Stage, name: str, folders: tuple[str, ...]) -> UserInstall | None:
    """Return what may have put a script into an account's home, where `PATH` leads to no such place."""
    if name in PYTHONS or any(".local" in folder for folder in folders):
        return None
    made = (*user_installs(stage), *copied_user_installs(stage))
    brings = (one for one in made if one.call.manifests or name in {p.name for p in one.call.packages})
    return next((one for one in brings if one.base is None or posixpath.join(one.base, "bin") not in folders), None)


def _may_be_elsewhere(stage: Stage, name: str, folders: tuple[str, ...]) -> bool:
    """Whether another instruction may put the program where PATH leads."""
    calls = ((run, call) for run in stage.done_runs for call in run.package_calls)
    if stage.files.has_unreadable_run or any(_installs(run, call) for run, call in calls):
        return True
    for put in stage.files.puts:
        source = posixpath.basename(put.source or "")
        whole = put.path not in folders or source in ("", "*", "bin")  # else it is one program, by its own name
        filled = whole and put.tree and any(within(one, put.path) and not _is_local(put, one) for one in folders)
        if put.kind != "workdir" and (filled or name in (source, posixpath.basename(put.path))):
            return True
    return any(f"bin/{name}" in run.instruction.text or "/bin/*" in run.instruction.text for run in stage.done_runs)


def _is_local(put: Put, folder: str) -> bool:
    """Whether a folder would be a developer's own environment among the sources, which no repository holds."""
    return put.kind == "context" and posixpath.relpath(folder, put.path).split("/")[0] in (".venv", "venv")


def _installs(run: Run, call: PackageCall) -> bool:
    """Whether a call installs packages of Python, other than installers, where the system's Python finds them."""
    program = call.command.program
    if id(call) in user_calls(run.stage) or _runs_in_environment(run, call):
        return False
    if call.manager not in _INSTALLERS or call.action not in ("install", "sync") or program is None:
        return False
    if call.manager == "poetry":
        return hidden_environment(run.stage) is None and all(made.run is not run for made in environments(run.stage))
    if call.manager == "uv":
        return call.verb != "sync" and (call.has("--system", "--target", "--prefix") or "UV_SYSTEM_PYTHON" in call.env)
    if "/bin/" in program.value and not program.value.startswith(("/usr/", "/bin/")):
        return False
    activated = any("activate" in str(command) for command in run.commands)
    return not activated and (bool(call.manifests) or any(package.name not in _TOOLS for package in call.packages))


def _runs_in_environment(run: Run, call: PackageCall) -> bool:
    """Whether it is run by a manager that has an environment of its own: `poetry run pip install …`."""
    around = innermost_around(run).get(call.command.start) if call.command.nested else None
    return around is not None and around.name in _WITH_ENVIRONMENT and around.subcommand == "run"


def _without(stage: Stage, folder: str) -> str:
    """Name the cause, as env-lost does where the change took the line away."""
    return f"{stage.key}: PATH without {folder}"


def _problem(found: Written, name: str, home: Home) -> Problem:
    stage, binaries = found.stage, posixpath.join(home.path, "bin")
    brought = f"{'copied' if home.copied else 'made'} in line {home.instruction.line}"
    setting = f'ENV PATH="{binaries}:$PATH"'
    if name in PYTHONS:
        fact = f"the system's {quote(name)}, which does not see the packages in {quote(home.path)} ({brought})"
        then = f"`PATH` does not lead to {quote(binaries)}, and the first import ends in “ModuleNotFoundError”"
    else:
        fact = f"{quote(name)}, which lies in the virtual environment {quote(home.path)} ({brought})"
        then = f"`PATH` does not lead to {quote(binaries)}, and the container exits with “executable file not found”"
    way_out = f"Set {quote(setting)}, or start {quote(posixpath.join(binaries, name))}"
    homeless = home.copied and all(map(stage.runtime.lacks, PYTHONS))
    moved = home.mends(name)
    if moved:
        way_out = moved
    elif homeless:
        way_out = f"Nor is the Python there that made it, that of {home.made_in.label}: start from the same base image"
    return Problem(
        found.instruction.span,
        f"{stage.label} starts {fact}. {then}. {way_out}.",
        Confidence.LIKELY,
        doubt="the program may be elsewhere too, or who starts the container may set PATH",
        stage=stage.key,
        key=name,
        cause=_without(stage, binaries),
        fix=Fix("Lead PATH to the environment", (insert_line_before(found.instruction, setting),))
        if not homeless and not moved
        else None,
    )


def _problem_of_poetry(found: Written, name: str, made: Run | None) -> Problem:
    assert made is not None
    stage, line = found.stage, made.instruction.line
    if name in PYTHONS:
        then = f"{quote(name)} is the system's, and its first import ends in “ModuleNotFoundError”"
    else:
        then = "the container exits with “executable file not found”"
    setting = "ENV POETRY_VIRTUALENVS_CREATE=false"
    return Problem(
        found.instruction.span,
        f"{stage.label} starts {quote(name)}, and `poetry install` (line {line}) puts the project's packages into an "
        f"environment in Poetry's cache, which `PATH` does not lead to: {then}. Set {quote(setting)} above the "
        "install, so that they go to the image's own Python.",
        Confidence.LIKELY,
        doubt="the program may be elsewhere too, or who starts the container may set PATH",
        stage=stage.key,
        key=name,
        notes=(Note(made.instruction.span, "installed here"),),
        fix=Fix("Install into the image's Python", (insert_line_before(made.instruction, setting),)),
    )


def _problem_of_user(found: Written, name: str, made: UserInstall) -> Problem:
    stage, user = found.stage, quote(name_of(made.run.user.value or "root"))
    binaries = posixpath.join(made.base, "bin") if made.base is not None else None
    place = quote(binaries) if binaries is not None else "`~/.local/bin`"
    why = "by `--user`" if made.asked else f"since {user} may not write to the image's packages"
    why = f"copied in line {made.copy.instruction.line}" if made.copy is not None else why
    setting = f'ENV PATH="{binaries}:$PATH"'
    way_out = f"Set {quote(setting)}" if binaries is not None else "Set `PATH`"
    if made.copy is None:
        way_out += f", or install {'without `--user`' if made.asked else 'above `USER`'}"
    return Problem(
        found.instruction.span,
        f"{stage.label} starts {quote(name)}, and {quote(str(made.call.command), 60)} (line {made.call.command.line}) "
        f"{'put' if made.copy else 'puts'} it into {place}, {why}. `PATH` does not lead there, and the container "
        f"exits with “executable file not found”. {way_out}.",
        Confidence.LIKELY,
        doubt="the program may be elsewhere too, or who starts the container may set PATH",
        stage=stage.key,
        key=name,
        cause=_without(stage, binaries) if binaries is not None else "",
        notes=(Note(made.run.instruction.span, "installed here"),),
        fix=Fix("Lead PATH to it", (insert_line_before(found.instruction, setting),)) if binaries is not None else None,
    )
