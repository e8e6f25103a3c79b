"""See dev_dependencies_shipped.md."""

import re
from collections.abc import Iterator
from dataclasses import replace

from rules.api import (
    Category,
    DockerfileChange,
    Fix,
    PackageCall,
    Problem,
    Run,
    Severity,
    Stage,
    fix,
    insert_line_before,
    once,
    quote,
    rule,
)
from rules.comments import comments_on
from rules.copying.installs.calls import install_folder
from rules.packages.developers.copied import copied_for_developers
from rules.packages.developers.copied_environments import takes_no_dependencies
from rules.packages.developers.extras import along_with_extras, asks_by_extra
from rules.packages.developers.named import (
    MAY_BE_IMPORTED,
    along_with,
    confidence_of,
    family_of,
    named,
    needed_as_peers,
    ships,
    stands_alone,
)
from rules.packages.developers.named_installs import brings_project
from rules.packages.developers.options import option_of
from rules.packages.developers.parts import MANAGERS, has_developers_part
from rules.packages.developers.project_scripts import script_that_needs_developers
from rules.packages.developers.requirements import requirements_for_developers
from rules.packages.developers.starts import (
    needed_at_start,
    runs_for_developers,
    started_further_on,
    starts_for_developers,
)
from rules.packages.developers.uses import is_used_or_removed, needed_further_on
from rules.packages.developers.workspace_starts import workspace_start
from rules.packages.install_into_mount import mounted_target
from rules.packages.locks.manifest_order import lacks_manifest
from rules.packages.options import add_option, spelled
from rules.packages.projects.settings import leaves_developers_out
from rules.packages.projects.texts import has_no_manifest, manifest_text
from rules.packages.projects.workspaces import installs_workspaces_alone, stops_without_workspace
from rules.packages.versions.tools import has_modern_yarn
from rules.purpose import is_for_development
from rules.quoting import listed

_CHOOSES = (
    "--dev",
    "--with",
    "--group",
    "--only",
    "--without",
    "--only-group",
    "--only-dev",
    "--no-default",
)
"""Options that name groups; `--no-default` of PDM leaves the program's own out."""
_NO_INSTALLS = ("link", "workspaces focus", "fetch", "lock", "export")
_NO_DEVELOPERS = ("optional", "peer", "prod")
"""What npm includes that is nobody's tool."""
_MANAGERS = re.compile("npm|yarn|bun|composer|uv|poetry|pdm")
_DRIVERS = re.compile(r"\b(?:phantomjs|chromedriver|chromium-driver|chromium-chromedriver|geckodriver)\b")
_SAID = re.compile(
    r"\b(?:incl\w*|with|and|also|even|all)\b[^.\n]{0,40}\bdev(?:elopment)?[ -]?dep(?:endencie|s\b)", re.IGNORECASE
)
"""How a comment says that they are meant: `Install ALL node_modules, including 'devDependencies'`."""
_ENVIRONMENTS = ("NODE_ENV", "RAILS_ENV", "RACK_ENV", "APP_ENV")


@rule(
    "dev-dependencies-shipped",
    severity=Severity.WARNING,
    category=Category.SIZE,
    keywords=("RUN",),
    mentions=("npm", "pnpm", "yarn", "bun", "composer", "uv", "poetry", "pdm", "bundle", "pip"),
    aliases=("DF031",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A shipped image holds packages that only developers need."""
    if "pip" in change.after.code:
        yield from requirements_for_developers(change)
    if _MANAGERS.search(change.after.code) is None:
        return
    yield from copied_for_developers(change)
    for stage, calls, text in _installs(change):
        bun = [(run, call) for run, call in calls if call.manager == "bun"]
        lacking = _WANTS_ALL if any(stops_without_workspace(change, run, call) for run, call in bun) else ""
        hindrance = lacking or _stopping_script(change, calls) or needed_at_start(change, stage, *calls[0])
        hindrance = hindrance or needed_as_peers(calls[0][1].manager, text)
        hindrance = hindrance or needed_further_on(stage, *calls[0]) or started_further_on(change, stage, *calls[0])
        hindrance = along_with_extras(calls[0][1], text) + hindrance
        problem = _problem(stage, calls, text, hindrance)
        untold = any(call.has("--all-groups") for _, call in calls)  # they are meant, and are there all the same
        yield replace(problem, held_before=_was_wanted(change.was(stage), stage, calls[0][1]), untold=untold)


def _installs(change: DockerfileChange) -> Iterator[tuple[Stage, list[tuple[Run, PackageCall]], str | None]]:
    """Yield the installs of each stage that bring them, those that fill one environment together.

    The last value is the project's manifest, which is known to have such packages; `None` where it was not read, or
    where a script of the workspace starts the program with tools that may be among them.
    """
    found: dict[tuple[object, ...], tuple[Stage, list[tuple[Run, PackageCall]], str | None]] = {}
    for stage, run, call in change.after.layers.shipped_calls:
        if not _is_of_project(change, run, call) or is_for_development(change, stage):
            continue
        if leaves_developers_out(change, run, call) or _is_meant(stage, run, call):
            continue
        if is_used_or_removed(stage, run, call) or _runs_browser_tests(stage):
            continue
        text = manifest_text(change, run, call) if not installs_workspaces_alone(call) else None
        if (
            asks_by_extra(call, text)
            or has_no_manifest(change, run, call)
            or lacks_manifest(run, call)
            or mounted_target(run, call) is not None
        ):
            continue  # the sources come below, and with them what should be installed; or none; or no layer holds it
        if starts_for_developers(change, stage, call.manager, text) or runs_for_developers(change, stage, call, text):
            continue
        if text is None or has_developers_part(call.manager, text):
            place: str | int | None = install_folder(run, call)
            place = call.command.start if place is None else place
            known = text if workspace_start(change, stage, run, call) is None else None
            _, calls, _ = found.setdefault((stage.index, call.manager, place), (stage, [], known))
            calls.append((run, call))
    yield from found.values()


def _is_of_project(change: DockerfileChange, run: Run, call: PackageCall) -> bool:
    """Whether a call installs all that a project asks for, whether it names it or another package."""
    if call.manager not in MANAGERS or call.production or call.verb in _NO_INSTALLS:
        return False
    if call.manager == "uv" and call.verb != "sync":
        return False
    return call.project or brings_project(change, run, call)


def _is_meant(stage: Stage, run: Run, call: PackageCall) -> bool:
    """Whether the environment is a developer's, or the options ask for these packages by name."""
    if call.command.conditional and any(
        other.manager == call.manager and other.production and other.command.conditional for other in run.package_calls
    ):
        return True  # `if [ "$DEV" ]; then …; else … --no-dev; fi`: an argument chooses
    if _is_for_developers(call) or _SAID.search(comments_on(run)):
        return True
    if stage.runtime.is_windows or takes_no_dependencies(call) or call.has(*_CHOOSES):
        return True
    if call.manager == "bundle":
        return "ruby" not in stage.runtime.languages or _was_told(run, call)
    return any(use.value not in _NO_DEVELOPERS for use in call.uses("--include", "--also")) or _was_told(run, call)


def _is_for_developers(call: PackageCall) -> bool:
    return any(call.env.get(name) in ("development", "test", "testing", "dev") for name in _ENVIRONMENTS)


def _was_wanted(was: Stage | None, stage: Stage, call: PackageCall) -> bool:
    """Whether the image had them before, too, where a variable that is gone said that they are meant."""
    if was is None:
        return False
    before = _folders_for_developers(was).get(call.manager, frozenset())
    return not before <= _folders_for_developers(stage).get(call.manager, frozenset())


@once
def _folders_for_developers(stage: Stage) -> dict[str, frozenset[str | None]]:
    """Where the chain of a stage installs a project and says that it is for developers, by manager."""
    found: dict[str, frozenset[str | None]] = {}
    for run in stage.all_runs:
        for call in run.package_calls:
            if call.project and not call.production and _is_for_developers(call):
                found[call.manager] = found.get(call.manager, frozenset()) | {install_folder(run, call)}
    return found


@once
def _runs_browser_tests(stage: Stage) -> bool:
    """Whether the image holds what steers a browser in tests, which are then run in it, with what they need."""
    return any(_DRIVERS.search(run.instruction.whole_value) for run in stage.all_runs)


def _was_told(run: Run, call: PackageCall) -> bool:
    """Whether an earlier RUN has configured the manager to leave developers' packages out."""
    first = _first_configurations(run.stage).get(call.manager)
    return first is not None and first <= run.at


_CONFIGURES = {
    "bundle": re.compile(r"\b(?:without|only)\b"),
    "npm": re.compile(r"\bomit[ =]dev\b|\bproduction[ =]true\b"),
}
"""Package manager to what `config` is told so that developers' packages are left out."""


@once
def _first_configurations(stage: Stage) -> dict[str, tuple[int, int]]:
    """Where the first RUN stands that configures a manager to leave developers' packages out, by manager."""
    found: dict[str, tuple[int, int]] = {}
    for run in stage.all_runs:
        for call in run.package_calls:
            words = [word.value for word in call.options.operands]
            wanted = _CONFIGURES.get(call.manager)
            if wanted is not None and words[:1] == ["config"] and wanted.search(" ".join(words)):
                found.setdefault(call.manager, run.at)
    return found


def _problem(stage: Stage, calls: list[tuple[Run, PackageCall]], text: str | None, hindrance: str) -> Problem:
    (run, call), *others = calls
    lines = [str(other.command.line) for _, other in others]
    too = f", at line {listed(lines)} too" if lines else ""
    short = quote(spelled(call) if call.project else f"{spelled(call)} {call.packages[0].word.value}")
    beside = "" if call.project else "Without `-g`, npm installs the project beside what is named. "
    alone = stands_alone(call.manager, text)
    weigh, leave = _ALONE if alone else _AMONG_OTHERS
    flag = "BUNDLE_WITHOUT=development:test" if call.manager == "bundle" else option_of(stage, run, call)
    return Problem(
        call.command.span,
        f"{stage.label} {ships(text)} what only developers need: {short} installs {named(call.manager, text)}"
        f"{along_with(call.manager, text)}. {beside}{weigh} scanner reports them. {leave} with "
        f"{quote(flag)}{too}{hindrance}.",
        confidence_of(text, alone=alone),
        doubt=MAY_BE_IMPORTED if alone else "whether the project has development dependencies is not known",
        stage=stage.key,
        key=family_of(call),
        fix=None if hindrance or alone else _fix(stage, calls),
    )


_AMONG_OTHERS = "They are often the larger part of the layer, and every", "Leave them out"
_ALONE = "Every", "Unless the program imports one of them, leave them out"
"""What is said of packages beside the program's own in the manifest, and where it has no others."""

_WANTS_ALL = ", which also stops the build where a workspace is not copied: copy the `package.json` of each first"
"""Of Bun, which holds to the lock file with `--production`."""


def _stopping_script(change: DockerfileChange, calls: list[tuple[Run, PackageCall]]) -> str:
    """Say what else is to be done where a script of the project calls one of the packages during the install."""
    stopping = (script_that_needs_developers(change, run, call) for run, call in calls)
    found = next((one for one in stopping if one is not None), None)
    if found is None:
        return ""
    return (
        f"; that alone stops the install, for {quote(found.script)} of `package.json` runs with it and calls "
        f"{quote(found.program)}, which is one of them. {found.way_out}"
    )


def _fix(stage: Stage, calls: list[tuple[Run, PackageCall]]) -> Fix | None:
    run, call = calls[0]
    if call.manager == "bundle":
        line = "ENV BUNDLE_WITHOUT=development:test"
        return fix("Leave out the groups of developers", insert_line_before(run.instruction, line))
    if any(has_modern_yarn(one, each) for one, each in calls):
        return None  # another command, which may need a plug-in
    flag = option_of(stage, run, call)
    return fix(f"Add `{flag}`", *(add_option(one, each, flag) for one, each in calls))
