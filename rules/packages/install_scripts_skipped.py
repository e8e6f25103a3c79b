"""See install_scripts_skipped.md."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from rules.api import (
    Category,
    Confidence,
    DockerfileChange,
    PackageCall,
    Problem,
    Run,
    Severity,
    Stage,
    quote,
    rule,
    within,
)
from rules.copying.installs.calls import packages_folder
from rules.facts.installers import NODE_MANAGERS
from rules.numbers import number_of
from rules.packages.at_start import code_at_start
from rules.packages.options import spelled
from rules.packages.projects.package_json import Manifest, read_manifest
from rules.packages.projects.texts import manifest_text
from rules.quoting import listed

_OWN = ("install", "postinstall")
"""Scripts of a project that its own install runs (npm, "Life Cycle Scripts"); `prepare` is for those who work on it."""
_NEEDED = re.compile(
    r"\bprisma\s+generate\b|\bpatch-package\b|\bnode-gyp\b|\b(?:graphql-)?codegen\b|\bzenstack\s+generate\b|\bnode-pre-gyp\b"
)
"""What such a script does that the program or its build cannot do without."""
_ANY = 1000
_DONE_BY_SCRIPT = {
    **dict.fromkeys(("better-sqlite3", "sqlite3", "canvas", "re2", "node-sass", "isolated-vm", "node-rdkafka"), _ANY),
    "bcrypt": 5,
    "@prisma/client": 6,
}
"""Packages that their own install script compiles, downloads or generates, up to which major version (their
`package.json`)."""
_FOR_BUILDS = frozenset({"node-sass", "@prisma/client"})
"""Those that a build may call for as well; the others are loaded by the program alone."""
_DOES_ALL = re.compile(r"\brebuild\b|\brun\s+(?:post)?install\b")
_GENERATED = re.compile(r"\.prisma\b|generated\b")
_PRISMA = "prisma generate"
_ON = frozenset({"1", "true"})
_NAMED = 3


class Skipped(NamedTuple):
    """What an install does not do.

    Attributes:
        what: How a message calls it.
        word: What a later command would name that does it after all.
        way_out: The command that does it.
    """

    what: str
    word: str
    way_out: str


@rule(
    "install-scripts-skipped",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    keywords=("RUN",),
    mentions=("ignore-scripts", "ignore_scripts"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """An install leaves out the scripts of packages, and with them one that the project needs."""
    for stage in change.stages:
        if stage.index not in change.after.needed_by_shipped:
            continue
        for run in stage.runs:
            for call in run.package_calls:
                read = read_manifest(manifest_text(change, run, call)) if _skips(call) else None
                skipped = _skipped(read, call, loads=_may_load(change, run, call)) if read is not None else ()
                missed = [one for one in skipped if read is not None and not _is_done(change, read, one)]
                if missed:
                    yield _problem(stage, run, call, missed)


def _skips(call: PackageCall) -> bool:
    """Whether a call installs what a project asks for without running any script."""
    if call.manager not in NODE_MANAGERS or call.action != "install" or not call.project:
        return False
    return call.has("--ignore-scripts") or _is_set(call)


def _is_set(call: PackageCall) -> bool:
    """Whether a variable says it, to `npm rebuild` as well (tried with npm 11)."""
    setting = call.env.get("NPM_CONFIG_IGNORE_SCRIPTS") or call.env.get("npm_config_ignore_scripts") or ""
    return setting.lower() in _ON


def _may_load(change: DockerfileChange, run: Run, call: PackageCall) -> bool:
    """Whether what ships may hold the packages of an install, and load them: its stage does, or a COPY takes them."""
    if any(run.stage in shipped.chain for shipped in change.after.shipped):
        return True
    folder = packages_folder(run, call)
    taken = (
        copy.source_path(one)
        for stage in change.stages
        for copy in stage.copies
        if copy.from_stage is not None and run.stage in copy.from_stage.chain
        for one in copy.sources
    )
    return folder is None or any(path is None or within(folder, path) for path in taken)


def _skipped(manifest: Manifest, call: PackageCall, *, loads: bool) -> Iterator[Skipped]:
    """Yield what an install leaves out; compiled modules only where what ships may load them."""
    rebuild = "pnpm rebuild" if call.manager == "pnpm" else "npm rebuild"
    if _is_set(call):
        rebuild += " --ignore-scripts=false"
    for name in _OWN:
        found = _NEEDED.search(manifest.scripts.get(name, ""))
        if found is not None and not (call.production and _is_of_developers(manifest, found[0])):
            own = f"the project's own {quote(name)} ({quote(found[0])})"
            yield Skipped(own, found[0], f"{call.manager} run {name}")
    own = " ".join(manifest.scripts.get(name, "") for name in _OWN)
    for package, version in manifest.table("dependencies").items():
        number = re.search(r"\d+", str(version))
        last = _DONE_BY_SCRIPT.get(package, -1) if loads or package in _FOR_BUILDS else -1
        if number and number_of(number[0]) <= last and not (package == "@prisma/client" and "prisma" in own):
            prisma = _PRISMA if "prisma" in package else ""
            way_out = f"npx {prisma}" if prisma else f"{rebuild} {package}"
            yield Skipped(f"the install script of {quote(package)}", prisma or package, way_out)


def _is_of_developers(manifest: Manifest, command: str) -> bool:
    """Whether a developer's package brings what a script calls: an install without those could not run it either."""
    package = command.partition(" ")[0]
    return package in manifest.packages("devDependencies") - manifest.packages("dependencies")


def _is_done(change: DockerfileChange, manifest: Manifest, skipped: Skipped) -> bool:
    """Whether something in the file may do it after all: a rebuild, the command itself, a script that holds it."""
    others = [body for name, body in manifest.scripts.items() if name not in _OWN]
    if any(skipped.word in body for body in others):
        return True
    scripts = (text for path, text in change.repository.files.items() if path.endswith(".sh"))
    if any(skipped.word.encode() in text for text in scripts) or skipped.word in code_at_start(change):
        return True
    if skipped.word == _PRISMA and any(map(_GENERATED.search, change.repository.listing or ())):
        return True  # a client of its own folder, which is kept in the repository
    steps = (step.instruction for stage in change.stages for step in stage.all_steps)
    return any(
        (one.keyword == "RUN" and (skipped.word in one.value or _DOES_ALL.search(one.value)))
        or (one.keyword == "COPY" and _GENERATED.search(one.value))
        for one in steps
    )


def _problem(stage: Stage, run: Run, call: PackageCall, missed: list[Skipped]) -> Problem:
    missed = missed[:_NAMED]
    ways_out = listed([quote(way_out) for way_out in dict.fromkeys(one.way_out for one in missed)])
    return Problem(
        call.command.span,
        f"{quote(spelled(call))} without scripts leaves out {listed([one.what for one in missed])}, and nothing does "
        "it later: what is generated, compiled or downloaded there is missing, in the build or when the program loads "
        f"it. Run {ways_out} behind the install{_below(stage, run, missed)}.",
        Confidence.LIKELY,
        doubt="a script of the project may do it when it starts",
        instruction=run.instruction,
        stage=stage.key,
        key=call.manager,
    )


def _below(stage: Stage, run: Run, missed: list[Skipped]) -> str:
    """Say where a script has to wait for what it reads: the project's own, or the schema of Prisma."""
    reads = any("prisma" in one.way_out or " run " in one.way_out for one in missed)
    last = max((copy.instruction.line for copy in stage.copies if copy.from_context), default=0)
    return f", below the `COPY` of what it reads (line {last})" if reads and last > run.instruction.line else ""
