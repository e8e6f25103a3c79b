"""See healthcheck_tool_missing.md."""

from collections.abc import Iterator

from rules.api import (
    OS_MANAGERS,
    Category,
    Command,
    Confidence,
    DockerfileChange,
    Fix,
    Installed,
    Note,
    Problem,
    Severity,
    Source,
    Stage,
    fix,
    provides,
    quote,
    replace,
    rule,
)
from rules.facts.packages import depends_on
from rules.model.lineage import built_as
from rules.repository.builds import Build
from rules.runtime.ports.probes import CLIENTS, GIVING_UP, probe_commands, probe_with_what_is_there, url_of
from rules.runtime.scripts.tools import install, lacking, lacks_program
from rules.runtime.starts.instructions import Written, shipped
from rules.runtime.starts.text import json_array

_INSTALLERS = frozenset("apt apt-get aptitude apk dnf yum microdnf tdnf zypper".split())


@rule(
    "healthcheck-tool-missing",
    severity=Severity.ERROR,
    category=Category.RELIABILITY,
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """The health check calls a program that nothing puts into the image."""
    told = set()
    for found in shipped(change, "HEALTHCHECK"):
        missing = _missing(change, found.stage, found.start.commands)
        if missing is not None:
            told.add((found.stage.index, missing.name))
            yield _problem(found, missing)
        elif (brought := _brought_elsewhere(change, found)) is not None:
            yield _of_another_stage(found, *brought)
    for build in change.repository.builds_of(change.path):
        stage = built_as(change.after, build.target) if build.probe else None
        if stage is None or _is_given_otherwise(stage, build):
            continue
        missing = _missing(change, stage, probe_commands(build))
        if missing is not None and (stage.index, missing.name) not in told:
            told.add((stage.index, missing.name))
            yield _of_service(change, stage, build, missing)


def _missing(change: DockerfileChange, stage: Stage, commands: tuple[Command, ...]) -> Command | None:
    """Return the first command of a health check that nothing puts into the image."""
    if not stage.base_known or stage.runtime.is_windows or _has_another_way(commands):
        return None
    return next((c for c in commands if c.name and lacks_program(change, stage, c.called or c.name)), None)


def _brought_elsewhere(change: DockerfileChange, found: Written) -> tuple[Command, Installed] | None:
    """Return the first command that only another stage has a package of, in which nothing calls it.

    What is copied or unpacked here may bring it all the same, as far as that was not read.
    """
    stage, commands = found.stage, found.start.commands
    facts = stage.facts
    if facts is None or not stage.base_known or stage.runtime.is_windows or _has_another_way(commands):
        return None
    for command in commands:
        if facts.has_tool(command.name) is not False or stage.runtime.has_tool(command.name) is not None:
            continue
        for other in change.stages:
            item = _package_of(command.name, other) if other not in stage.chain and not other.files_ship else None
            if item is not None:
                return command, item
    return None


def _package_of(name: str, stage: Stage) -> Installed | None:
    """Return the package of the system's that brings a program which no command of a stage names."""
    calls = (command for run in stage.done_runs for command in run.commands if command.name not in _INSTALLERS)
    if any(name in str(command).split() for command in calls):
        return None
    items = (item for item in stage.packages.present if item.manager in OS_MANAGERS)
    return next((item for item in items if name in provides(item.name) and item.run.stage is stage), None)


def _of_another_stage(found: Written, command: Command, item: Installed) -> Problem:
    stage, other = found.stage, item.run.stage
    return Problem(
        found.instruction.span,
        f"`HEALTHCHECK` of {stage.label} calls {quote(command.name)}, which {quote(stage.root.base_text or '')} does "
        f"not have. {quote(item.name)} is installed in {other.label} (line {item.call.command.line}), where nothing "
        f"calls it and from where it is not copied. If it is meant for the probe, install it in {stage.label}.",
        Confidence.POSSIBLE,
        doubt="something that is unpacked or copied as a whole may bring it",
        stage=stage.key,
        key=command.name,
    )


def _is_given_otherwise(stage: Stage, build: Build) -> bool:
    """Whether the build passes an argument that a base image is named by, or mounts a folder of programs."""
    texts = [one.from_.value for one in stage.chain]
    named = any(f"${name}" in text or f"${{{name}" in text for text in texts for name in build.args)
    return named or any(mount.endswith(("/bin", "/sbin")) for mount in build.mounts)


def _has_another_way(commands: tuple[Command, ...]) -> bool:
    """Whether a command stands behind `||`, or in a condition, that does not just give up."""
    return any((command.before == "||" or command.conditional) and not _gives_up(command) for command in commands)


def _gives_up(command: Command) -> bool:
    """Whether a command only ends the probe, without letting every one pass as `|| exit 0` and `|| true` do."""
    passes = command.name in ("true", ":") or str(command) == "exit 0"
    return command.name in GIVING_UP and not (passes and command.before == "||")


def _problem(found: Written, command: Command) -> Problem:
    stage = found.stage
    words = _instead(stage, command)
    cause, way_out = _said(stage, command, words)
    return Problem(
        found.instruction.span,
        f"`HEALTHCHECK` of {stage.label} calls {quote(command.name)}, {cause}. Every probe fails, the container is "
        f"reported unhealthy, and compose and Swarm wait for it or restart it for ever. {way_out}.",
        Confidence.POSSIBLE if _may_come_along(stage) else Confidence.LIKELY,
        doubt="a script or a copied folder may bring it",
        stage=stage.key,
        key=command.name,
        cause=lacking(stage, command.name),
        fix=_fix(found, command, words),
    )


def _of_service(change: DockerfileChange, stage: Stage, build: Build, command: Command) -> Problem:
    """Speak of the health check that a compose file gives to the container of this image."""
    cause, way_out = _said(stage, command, _instead(stage, command))
    source = Source(build.path, change.repository.text(build.path) or "")
    start = source.line_starts[min(build.probe_line, len(source.line_starts)) - 1]
    return Problem(
        stage.from_.span,
        f"The `healthcheck` in {quote(f'{build.path}:{build.probe_line}')} calls {quote(command.name)} in "
        f"{stage.label}, {cause}. Every probe fails, the container is reported unhealthy, and what waits for "
        f"`service_healthy` does not start. {way_out}.",
        Confidence.POSSIBLE if _may_come_along(stage) else Confidence.LIKELY,
        doubt="a script or a copied folder may bring it",
        stage=stage.key,
        instruction=stage.from_,
        key=f"{build.path} {command.name}",
        notes=(Note(source.span(start, start), "called here", path=build.path),),
    )


def _may_come_along(stage: Stage) -> bool:
    """Whether apt installs a package of which it is not known what it brings along."""
    return any(
        item.manager == "apt" and depends_on(item.name, item.name, stage.runtime.release) is None
        for item in stage.packages.present
    )


def _instead(stage: Stage, command: Command) -> tuple[str, ...] | None:
    url = url_of(command) if command.name in CLIENTS else None
    return probe_with_what_is_there(stage, url) if url is not None else None


def _said(stage: Stage, command: Command, words: tuple[str, ...] | None) -> tuple[str, str]:
    """Return why a program is not found, and the way out."""
    base = quote(stage.root.base_text or "")
    place = stage.facts.off_path(command.name) if stage.facts is not None else None
    if place is not None:
        return f"which `PATH` does not find: {base} has it at {quote(place)} only", f"Write {quote(place)}"
    cause = f"which is not in the image: {base} does not have it and no instruction leaves it there"
    if words:
        return cause, f"Ask with what is there: {quote(words[0])} can"
    return cause, f"{install(stage, command.name)}, or probe without it"


def _fix(found: Written, command: Command, words: tuple[str, ...] | None) -> Fix | None:
    instruction = found.instruction
    rest = [c for c in found.start.commands if c is not command]
    alone = (
        all(c.before == "||" and c.name in GIVING_UP for c in rest) and not command.redirects and not command.wrappers
    )
    if words is None or not alone or "\n" in instruction.text:
        return None
    value = instruction.value_span
    start = instruction.value.split(None, 1)[1]
    begin = value.end - len(start)
    span = instruction.source.span(begin, value.end)
    if instruction.source.text[begin : value.end] != start:
        return None
    return fix(f"Probe with {words[0]}", replace(instruction.source, span, json_array(words)))
