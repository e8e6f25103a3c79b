"""See native_dependency_missing.md."""

from collections.abc import Iterator
from typing import NamedTuple

from rules.api import (
    Category,
    Confidence,
    DockerfileChange,
    Note,
    PackageCall,
    Problem,
    Run,
    Severity,
    Stage,
    quote,
    rule,
)
from rules.facts.installers import NODE_MANAGERS
from rules.packages.libraries.erlang import release_without_libraries
from rules.packages.libraries.known_systems import is_known_system
from rules.packages.libraries.native_needs import NEEDS, NEEDS_OF_NODE, Need, missing, on_system
from rules.packages.pins.asked_packages import ACTIONS, MANAGERS, asked_packages
from rules.packages.pins.python_indexes import takes_public_index
from rules.packages.pins.taken_installs import taken_installs
from rules.packages.scripts import INSTALL
from rules.packages.versions.node_installs import node_packages
from rules.quoting import listed


class Install(NamedTuple):
    """An install, with the stage that runs it."""

    stage: Stage
    run: Run
    call: PackageCall


@rule(
    "native-dependency-missing",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    keywords=("RUN",),
    mentions=(*MANAGERS, *NODE_MANAGERS, "mix", "rebar3"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A package in the image loads a system library, or calls a program, that the image does not have."""
    for stage in change.after.shipped:
        if is_known_system(stage):
            yield from release_without_libraries(change, stage)
            yield from _of_python(change, stage)
            if stage.facts is not None and "node" in stage.facts.languages:
                yield from _of_node(change, stage)


def _of_python(change: DockerfileChange, stage: Stage) -> Iterator[Problem]:
    installs = [Install(stage, run, call) for run, call in stage.packages.calls if call.manager in MANAGERS]
    installs += [Install(*taken) for taken in taken_installs(stage)]
    named = [
        (asked.name, install)
        for install in installs
        for asked in asked_packages(change, install.run, install.call)
        if install.call.action in (*ACTIONS, "remove")
    ]
    names = {name for name, _ in named}
    removed = {name for name, install in named if install.call.action == "remove"}
    for name, need in NEEDS.items():
        install = next((one for asked, one in named if asked == name and _is_public(change, one)), None)
        if install is None or name in removed or not names.isdisjoint(need.besides) or _is_waived(change, stage, need):
            continue
        yield from _problem(stage, name, need, install)


def _is_public(change: DockerfileChange, install: Install) -> bool:
    return takes_public_index(change, install.run, install.call)


def _of_node(change: DockerfileChange, stage: Stage) -> Iterator[Problem]:
    asked = {name: Install(builder, run, call) for name, builder, run, call in node_packages(change, stage)}
    for name, need in NEEDS_OF_NODE.items():
        if name in asked and asked.keys().isdisjoint(need.besides) and not _is_waived(change, stage, need):
            yield from _problem(stage, name, need, asked[name])


def _is_waived(change: DockerfileChange, stage: Stage, need: Need) -> bool:
    """Whether a variable switches a need off: of the image, of the start command, of Compose, or set by the program."""
    given = (name for build in change.repository.builds_of(change.path) for name in build.environment)
    set_ = (*stage.image.env, *stage.image.start_line().split(), *given)
    by = need.waived_by
    programs = (data for path, data in change.repository.files.items() if path.endswith(".py"))
    return bool(by) and (any(text.startswith(by) for text in set_) or any(by.encode() in data for data in programs))


def _problem(stage: Stage, name: str, general: Need, install: Install) -> Iterator[Problem]:
    need = on_system(stage, name, general)
    if need is None:
        return
    lacking = [one for one in missing(stage, need) or () if not stage.runtime.is_copied(need.libraries[one])]
    if not lacking:
        return
    file = need.libraries[lacking[0]]
    why = need.why or f"it {'loads' if '.so' in file else 'calls'} {quote(file)}"
    manager = "apk" if stage.runtime.distribution == "alpine" else "apt"
    command = quote(f"{INSTALL[manager]} {need.through or ' '.join(lacking)}")
    instead = f", or take {quote(need.instead)}, which does without" if need.instead else ""
    own = install.stage is stage
    origin = "" if own else f" out of {install.stage.label}"
    yield Problem(
        install.call.command.span if own else stage.from_.span,
        f"{stage.label} has {listed(f'no {quote(one)}' for one in lacking)}, which {quote(name)}{origin} needs: {why}, "
        f"and {need.fails} fails when the program runs. "
        f"Install {command}{instead}{need.besides_that}.",
        Confidence.LIKELY,
        doubt="the program may never use it",
        stage=stage.key,
        key=name,
        cause=f"package {lacking[0]}",
        instruction=install.run.instruction if own else None,
        notes=() if own else (Note(install.call.command.span, f"{name} is installed here"),),
    )
