"""See console_scripts_not_copied.md."""

import posixpath
import re
from collections.abc import Iterator

from rules.api import (
    Category,
    Confidence,
    Copy,
    DockerfileChange,
    Fix,
    Problem,
    Setting,
    Severity,
    Stage,
    Start,
    insert,
    quote,
    rule,
)
from rules.copying.python.packages import CONSOLE_SCRIPTS, MODULES, has_system_python, is_packaged_as, packages_copies
from rules.facts.installers import PYTHON_MANAGERS
from rules.model.search_path import DEFAULT_PATH
from rules.quoting import capitalized, listed

_OWN_ENVIRONMENTS = frozenset("uv poetry pipenv pdm hatch conda mamba micromamba pixi rye".split())
"""Programs that start others in an environment that they look for themselves."""
_LAUNCHERS = frozenset({"tini", "dumb-init", "docker-init"})
"""Programs of an ENTRYPOINT that start what CMD names."""


@rule(
    "console-scripts-not-copied",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    keywords=("COPY",),
    mentions=("site-packages", "dist-packages", "lib/python"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """Python packages are copied from a builder, and the script that starts them is left behind."""
    for stage in change.after.shipped:
        copies = list(packages_copies(stage))
        if not copies:
            continue
        for setting, start, name in _started(stage):
            if _is_console_script(copies[0][0].from_stage, name) and _is_missing(stage, name):
                yield _problem(change, stage, setting, start, name, copies[0])
                break


def _started(stage: Stage) -> Iterator[tuple[Setting[Start], Start, str]]:
    """Yield what the container starts by a bare name: the commands, also of `sh -c`, and what a launcher is given."""
    for setting in stage.image.start_command:
        start = setting.value
        if start is None or start.instruction is None or not _OWN_ENVIRONMENTS.isdisjoint(start.text.split()):
            return
        for command in start.commands:
            if command.program is not None and "/" not in command.program.value and not command.conditional:
                yield setting, start, command.name
        if start.program not in _LAUNCHERS and not start.program.endswith(".sh"):
            return


def _is_console_script(builder: Stage | None, name: str) -> bool:
    """Whether a command is a script that a Python package brings: known, or of a package installed by that name."""
    if name in CONSOLE_SCRIPTS:
        return True
    if builder is None or not name:
        return False
    return any(item.name == name and item.manager in ("pip", "uv") for item in builder.packages.installed)


def _is_missing(stage: Stage, name: str) -> bool:
    """Whether nothing in the stage can have brought the script."""
    managers = PYTHON_MANAGERS | {"conda", "pipx"}
    if any(call.manager in managers and call.action in ("install", "sync") for _, call in stage.packages.calls):
        return False
    if any(is_packaged_as(item.name, name) for item in stage.packages.present) or stage.files.has_unreadable_run:
        return False
    puts = [put for put in stage.files.puts if put.kind != "workdir"]
    if any(put.path.endswith(f"/{name}") for put in puts):
        return False
    if any(put.tree and put.kind != "workdir" for folder in _searched(stage) for put in stage.files.covering(folder)):
        return False
    return not any(
        put.path.rstrip("/").endswith(("/bin", "/usr/local", "/usr", "venv", "/.local")) or put.path == "/"
        for put in puts
        if put.kind in ("stage", "image", "run", "remote") or put.path.rstrip("/").endswith("/bin")
    )


def _searched(stage: Stage) -> list[str]:
    """Return the folders of PATH that the file names, and no system has."""
    path = stage.image.env.get("PATH")
    if path is None or not path.set_in_file or path.value is None:
        return []
    return [folder.rstrip("/") for folder in path.value.split(":") if folder.rstrip("/") not in DEFAULT_PATH and folder]


def _scripts(start: Start, name: str) -> list[str]:
    """Return the scripts that are missing: of one that starts another, as `ddtrace-run gunicorn` does, both."""
    behind = start.words[start.words.index(name) + 1 :] if name in start.words and name not in MODULES else ()
    return [name, *dict.fromkeys(word for word in behind if word in CONSOLE_SCRIPTS and word != name)]


def _cure(stage: Stage, builder: Stage | None, base: str, names: list[str]) -> str:
    """Say how the script is had: it lies beside the folder of the packages where pip installs for all, or for one.

    Its first line names the interpreter that pip ran under, which has to be in the stage that takes it as well.
    """
    ways = [f"start it with {quote(f'{_python(stage)} -m {names[0]}')}"] if names[0] in MODULES else []
    if builder is not None and has_system_python(builder) is not has_system_python(stage):
        return ways[0] if ways else "install it here, so that its script names this Python"
    if base.endswith(("/local/lib", "/.local/lib")):
        scripts = [quote(posixpath.join(posixpath.dirname(base), "bin", name)) for name in names]
        ways.insert(0, f"copy the script{'s' if len(names) > 1 else ''} too ({listed(scripts)})")
    return " or ".join(ways) or "copy the `bin` folder of that install too"


def _python(stage: Stage) -> str:
    """Return the interpreter's name: packages of distributions call theirs `python3`, and many have no other."""
    return "python3" if has_system_python(stage) else "python"


def _problem(
    change: DockerfileChange,
    stage: Stage,
    setting: Setting[Start],
    start: Start,
    name: str,
    copied: tuple[Copy, str, re.Match[str]],
) -> Problem:
    instruction, (copy, path, match) = start.instruction, copied
    assert instruction is not None
    cure = _cure(stage, copy.from_stage, match["base"], _scripts(start, name))
    error = '"executable file not found"' if start.form == "exec" else '"not found"'
    known = stage.facts is not None and stage.facts.is_plain
    return Problem(
        instruction.span,
        f"{stage.label} starts {quote(name)}, a script that pip puts into a `bin` folder, and copies {quote(path)} "
        f"only. The container stops with {error}. {capitalized(cure)}.",
        Confidence.CERTAIN if known and name in CONSOLE_SCRIPTS else Confidence.LIKELY,
        doubt="whether pip makes a script of that name depends on the package"
        if known
        else "the base image may bring the script",
        instruction=instruction,
        stage=stage.key,
        key=name,
        fix=_fix(change, stage, start) if setting.stage is stage else None,
    )


def _fix(change: DockerfileChange, stage: Stage, start: Start) -> Fix | None:
    instruction = start.instruction
    if instruction is None or instruction.exec_form is None or start.words[0] not in MODULES:
        return None
    first = instruction.exec_form[0]
    words = f'"{_python(stage)}", "-m", '
    return Fix("Start it as a module", (insert(change.source, first.span.start, words),))
