"""See venv_relocated.md."""

from collections.abc import Iterator

from rules.api import Category, Confidence, Copy, DockerfileChange, Problem, Severity, Stage, once, quote, rule
from rules.copying.python.carried_environments import Placed, brought_by, placed
from rules.copying.python.environments import Environment, managed_python
from rules.copying.python.packages import has_official_python, has_system_python
from rules.copying.stages.handing_on import only_hands_on

_INTERPRETERS = ("python", "pypy")
_SHELLS = frozenset({"sh", "bash", "ash", "dash", "exec", "cd"})
_COPIES = ("--copies", "--always-copy")
"""Options with which the interpreter is copied into the environment, rather than linked to."""


@rule(
    "venv-relocated",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    keywords=("COPY",),
    mentions=("venv", "virtualenv", "uv", "poetry", "pipenv"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A virtual environment is copied to another path, or to a stage whose Python lies elsewhere."""
    for stage in change.stages:
        for one in filter(None, map(brought_by, stage.copies)):
            problem = _problem(stage, one)
            if problem is not None and not only_hands_on(stage) and not _is_said_before(one):
                yield problem


def _is_said_before(one: Placed) -> bool:
    """Whether a stage had it before in the same place, where that was just as wrong and somebody runs it."""
    holder = one.holders[-1]
    before = next((other for other in placed(holder) if other.environment is one.environment and other.copy), None)
    if before is None or only_hands_on(holder) or before.path != one.path:
        return False
    return _problem(holder, before) is not None


def _problem(stage: Stage, one: Placed) -> Problem | None:
    if one.is_moved:
        return _moved(stage, one)
    if any(_is_mended(each, one.environment) for each in (*one.holders, stage)) or _brings_python(stage):
        return None
    return _of_link(stage, one)


def _of_link(stage: Stage, one: Placed) -> Problem | None:
    """Say that the link to the interpreter leads nowhere in the stage that takes the environment."""
    environment, builder, copy, there = one.environment, one.holders[0], one.copy, one.path
    assert copy is not None, "it was brought"
    if _is_looked_into(stage, there) or any(command.has(*_COPIES) for command in environment.run.commands):
        return None
    managed = managed_python(builder, environment)
    if managed is not None:
        there_too = stage.files.covering(managed) or any(run.calls("uv") for run in stage.done_runs)
        return None if there_too else _without_managed(stage, copy, there, managed)
    if environment.own_python and has_official_python(builder) and has_system_python(stage):
        return _elsewhere(stage, copy, there, "/usr/local/bin/python", "/usr/bin")
    if environment.own_python and has_system_python(builder) and _lacks_system_python(stage):
        return _elsewhere(stage, copy, there, "/usr/bin/python3", "/usr/local/bin")
    return None


def _lacks_system_python(stage: Stage) -> bool:
    """Whether the only Python is the one of the `python` image: the full variants have the distribution's besides."""
    facts = stage.facts
    small = facts is not None and not facts.full and has_official_python(stage)
    return small and not stage.packages.has("python3", "python3-minimal", "python3-pip", "python3-venv")


def _elsewhere(stage: Stage, copy: Copy, there: str, python: str, folder: str) -> Problem:
    return Problem(
        copy.instruction.span,
        f"{stage.label} copies the virtual environment {quote(there)}, whose `bin/python` is a link to "
        f"{quote(python)} of the image it was made in. Here Python lies in {quote(folder)}, so the link leads "
        "nowhere and nothing in the environment starts. Make and use it on the same image.",
        Confidence.CERTAIN,
        instruction=copy.instruction,
        stage=stage.key,
        key=there,
    )


def _without_managed(stage: Stage, copy: Copy, there: str, managed: str) -> Problem:
    return Problem(
        copy.instruction.span,
        f"{stage.label} copies the virtual environment {quote(there)}, whose `bin/python` is a link into "
        f"{quote(managed)}, where uv puts the Python that it fetches. That folder is not copied, so the link leads "
        f"nowhere and nothing in the environment starts. Copy {quote(managed)} too, or use an image of `python`.",
        Confidence.LIKELY,
        doubt="uv may have found another Python in the stage that makes it",
        instruction=copy.instruction,
        stage=stage.key,
        key=there,
    )


def _is_mended(stage: Stage, environment: Environment) -> bool:
    """Whether a command changes the interpreter's link, or the paths in the scripts."""
    return any(environment.path in text or "bin/python" in text for text in _menders(stage))


@once
def _menders(stage: Stage) -> tuple[str, ...]:
    commands = (command for run in stage.all_runs for command in run.commands)
    return tuple(str(command) for command in commands if command.name in ("ln", "sed", "find"))


@once
def _brings_python(stage: Stage) -> bool:
    return any(
        put.path in ("/usr/local", "/usr/local/bin", "/usr", "/") or put.path.startswith("/usr/local/bin/python")
        for put in stage.files.puts
        if put.kind != "workdir"
    )


@once
def _speaks_of_it(stage: Stage) -> bool:
    """Whether a step speaks of environments that can be moved: `UV_VENV_RELOCATABLE`."""
    return any(
        "relocatable" in step.instruction.whole_value.lower() or "shebang" in step.instruction.whole_value
        for step in stage.all_steps
    )


@once
def _changes_scripts(stage: Stage) -> bool:
    names = {command.name for run in stage.all_runs for command in run.commands}
    return not names.isdisjoint(("sed", "virtualenv-clone", "ln"))


def _rewrites(maker: Stage, environment: Environment) -> bool:
    """Whether the stage that makes an environment writes another path into its scripts: `sed -i s#/build/venv#…#`."""
    return any(environment.path in text and not text.startswith("ln ") for text in _menders(maker))


def _is_looked_into(stage: Stage, environment: str) -> bool:
    """Whether PYTHONPATH makes another Python find the packages, so that nothing of the environment need start."""
    setting = stage.image.env.get("PYTHONPATH")
    return setting is not None and (setting.value is None or environment in setting.value)


def _starts_interpreter(stage: Stage) -> bool:
    """Whether what starts is given to an interpreter by name, all of it, and no script of the environment's."""
    start = next((s.value for s in stage.image.start_command if s.value is not None), None)
    if start is None:
        return False
    names = {command.name for command in start.commands} - _SHELLS or {start.program}
    return all(name == "uv" or name.startswith(_INTERPRETERS) for name in names)


def _moved(stage: Stage, one: Placed) -> Problem | None:
    environment, copy, there = one.environment, one.copy, one.path
    assert copy is not None, "it was brought"
    stages = (*one.holders, stage)
    if environment.relocatable or any(_speaks_of_it(each) for each in stages) or any(map(_changes_scripts, stages[1:])):
        return None
    if _is_looked_into(stage, there) or _starts_interpreter(stage) or _rewrites(one.holders[0], environment):
        return None
    if any(other.path in (there, environment.path) and other.copy is not copy for other in placed(stage)):
        return None
    made = "" if one.source == environment.path else f", which was made in {quote(environment.path)},"
    return Problem(
        copy.instruction.span,
        f"{stage.label} copies the virtual environment {quote(one.source)}{made} to {quote(there)}. Its scripts "
        f"begin with {quote(f'#!{environment.path}/bin/python')}, which is not there: each of them "
        f'stops with "no such file or directory". Copy it to {quote(environment.path)}, or make it in {quote(there)}.',
        Confidence.LIKELY,
        doubt="its scripts may be called through an interpreter that is named",
        instruction=copy.instruction,
        stage=stage.key,
        key=there,
    )
