"""See dev_dependencies_missing.md."""

import itertools
import re
from collections.abc import Iterator
from typing import NamedTuple

from rules.api import (
    Category,
    Command,
    Confidence,
    Copy,
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
from rules.facts.node_programs import BUILDERS, package_of_node_program
from rules.packages.developers.project_scripts import (
    NeedsDeveloper,
    developers_called_behind,
    script_that_needs_developers,
)
from rules.packages.options import spelled
from rules.packages.projects.package_json import read_manifest
from rules.packages.projects.texts import manifest_text
from rules.packages.versions.tools import leaves_developers_packages

_BETWEEN = re.compile(r"&&|\|\||[;|&]")
_ASSIGNED = re.compile(r"\w+=")
_FULL_INSTALL = "install all of them for the build, and ship only what it made"
_LOADED_BY_BUNDLERS = frozenset(
    "@tailwindcss/postcss @tailwindcss/vite autoprefixer postcss sass sass-embedded tailwindcss typescript".split()
)
"""Packages that Next.js, Vite and others look for where the sources are written for them."""
_IN_FRONT = frozenset({"cross-env", "npx", "env", "time", "exec"})


class _Install(NamedTuple):
    run: Run
    call: PackageCall


@rule(
    "dev-dependencies-missing",
    severity=Severity.WARNING,
    category=Category.CORRECTNESS,
    keywords=("RUN",),
    mentions=("npm", "pnpm", "yarn", "bun", "build", "tsc"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A build, or a script of the project, runs on an install without the packages that developers need."""
    seen: set[int] = set()
    for stage in change.stages:
        if stage.index in change.after.needed_by_shipped:
            for problem, call in _stopped_by_scripts(change, stage):
                seen.add(id(call))
                yield problem
        for run in stage.runs:
            build = next((c for c in run.commands if _is_build(c)), None)
            if build is None or run.deferred:
                continue
            install = _production_install(stage, run, build)
            if install is not None and id(install.call) not in seen:
                seen.add(id(install.call))
                yield from _judge(change, stage, build, install)


def _stopped_by_scripts(change: DockerfileChange, stage: Stage) -> Iterator[tuple[Problem, PackageCall]]:
    """Yield the installs that leave out what a script which runs with them calls."""
    for run in stage.runs:
        for call in run.package_calls if not run.deferred else ():
            if call.manager in NODE_MANAGERS and leaves_developers_packages(run, call):
                found = script_that_needs_developers(change, run, call)
                if found is not None:
                    build = developers_called_behind(change, run, call)
                    yield _problem_of_script(stage, run, call, found, build), call


def _problem_of_script(
    stage: Stage, run: Run, call: PackageCall, found: NeedsDeveloper, build: Command | None
) -> Problem:
    """Make one comment of the script and of a build below that needs such packages as well: one answer mends both."""
    way_out = found.way_out
    if build is not None:
        shown = quote(_shown(build))
        way_out = f"{shown} (line {build.line}) needs them too: {_FULL_INSTALL}"
    return Problem(
        call.command.span,
        f"{quote(spelled(call))} leaves out the packages for developers and runs {quote(found.script)} of "
        f"`package.json`, which calls {quote(found.program)}: that is one of them, so the script ends with "
        f"`{found.program}: not found`, and the build with it. {way_out}.",
        Confidence.LIKELY,
        doubt="another package may bring the program",
        instruction=run.instruction,
        stage=stage.key,
        key=f"{found.script} {found.program}",
    )


def _is_build(command: Command) -> bool:
    """Whether a command is a project's build: `npm run build`, `yarn build`, `next build`, `tsc`."""
    words = [word.value for word in command.args if not word.value.startswith("-")]
    if command.name in NODE_MANAGERS:
        return (words[:1] == ["run"] and words[1:2] == ["build"]) or (command.name != "npm" and words[:1] == ["build"])
    return command.name == "tsc" or (command.name in BUILDERS and words[:1] == ["build"])


def _production_install(stage: Stage, run: Run, build: Command) -> _Install | None:
    """Return the install that a build lives on, when each one before it left out what only developers need."""
    found = list(_installs(stage, run, build)) or list(_copied(stage, run))
    if not found or not all(map(_leaves_out, found)):
        return None
    return None if _brings_tools(stage, run) else found[-1]


def _leaves_out(install: _Install) -> bool:
    return leaves_developers_packages(install.run, install.call)


def _installs(stage: Stage, until: Run | None, build: Command | None) -> Iterator[_Install]:
    """Yield the installs of a project in a chain, those before a build where one is given."""
    for run in stage.done_runs:
        for call in run.package_calls:
            if run is until and build is not None and call.command.start > build.start:
                return
            if (
                call.manager in NODE_MANAGERS
                and call.action in ("install", "sync")
                and call.project
                and not call.global_
            ):
                yield _Install(run, call)
        if run is until:
            return


def _copied(stage: Stage, until: Run) -> Iterator[_Install]:
    """Yield the installs behind the `node_modules` that a stage copies from others before a build."""
    for step in stage.all_steps:
        if step is until:
            return
        if isinstance(step, Copy) and any("node_modules" in (source.path or "") for source in step.sources):
            if step.from_stage is None:
                return
            yield from _installs(step.from_stage, None, None)


def _brings_tools(stage: Stage, until: Run) -> bool:
    """Whether the builder's tools come another way: installed by name, for the whole system or into the project."""
    for run in stage.done_runs:
        for call in run.package_calls:
            named = {package.name for package in call.packages} - {"npm", "pnpm", "yarn", "bun", "corepack"}
            if call.manager in NODE_MANAGERS and named:
                return True
        if run is until:
            break
    return False


def _judge(change: DockerfileChange, stage: Stage, build: Command, install: _Install) -> Iterator[Problem]:
    text = manifest_text(change, install.run, install.call)
    if text is not None and _is_among_developers(text, build):
        yield _problem(stage, build, install)
        return
    was = change.was(install.run.stage)
    then = _lived_on(was) if was is not None else []
    left_out_now = bool(then) and not any(map(_leaves_out, then))
    if left_out_now and (text is None or _is_read_by_builds(text)):
        yield _problem(stage, build, install)


def _is_read_by_builds(text: str) -> bool:
    """Whether a manifest keeps among the packages for developers what a bundler loads by itself, whoever calls that."""
    read = read_manifest(text)
    return read is not None and not _LOADED_BY_BUNDLERS.isdisjoint(read.packages("devDependencies"))


def _lived_on(was: Stage) -> list[_Install]:
    """Return the last install before the build that a stage had; all that it had where no build is seen in it."""
    run, build = next(((run, c) for run in was.runs for c in run.commands if _is_build(c)), (None, None))
    found = list(_installs(was, run, build))
    return found[-1:] if build is not None else found


def _is_among_developers(text: str, build: Command) -> bool:
    """Whether a manifest keeps what the build runs among the packages for developers."""
    read = read_manifest(text)
    if read is None:
        return False
    scripts, developers = read.scripts, read.packages("devDependencies")
    script = scripts.get("build") if build.name in NODE_MANAGERS else build.name
    text = str(script or "")
    words = text.replace("&&", " ").split()
    return any(word in BUILDERS and package_of_node_program(word) in developers for word in words) or any(
        package in developers for word in _programs(text) for package in (f"@{word}/cli", f"{word}-cli")
    )


def _programs(script: str) -> Iterator[str]:
    """Yield what each command of a script in a manifest calls."""
    for command in _BETWEEN.split(script):
        words = (word for word in command.split() if not _ASSIGNED.match(word) and word not in _IN_FRONT)
        yield from itertools.islice(words, 1)


def _shown(build: Command) -> str:
    return " ".join([build.name, *(word.value for word in build.args[:2])])


def _problem(stage: Stage, build: Command, install: _Install) -> Problem:
    call = install.call
    cause = (
        "`NODE_ENV=production` is set there"
        if call.env.get("NODE_ENV") == "production"
        else "its options leave them out"
    )
    return Problem(
        call.command.span,
        f"{stage.label} builds with {quote(_shown(build))} (line {build.line}) on what {quote(spelled(call))} "
        f"installed without the packages for developers: {cause}. Compilers and bundlers are among those as a rule, "
        f"and the build stops at the first that is missing. {_FULL_INSTALL.capitalize()}.",
        Confidence.LIKELY,
        doubt="which packages the build needs is not known",
        stage=install.run.stage.key,
        key=call.manager,
        notes=(Note(build.span, "built here"),),
    )
