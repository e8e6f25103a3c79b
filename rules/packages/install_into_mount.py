"""See install_into_mount.md."""

import re
from collections.abc import Iterator

from rules.api import (
    Category,
    Command,
    Confidence,
    DockerfileChange,
    Instruction,
    Note,
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

_GEMS = "/usr/local/bundle"
"""Where the official images of Ruby have Bundler put the gems (docker-library/ruby, `GEM_HOME`)."""
_PROGRAMS = {
    **dict.fromkeys(NODE_MANAGERS, frozenset("node npm yarn pnpm bun next nest vite".split())),
    "composer": frozenset({"php", "php-fpm", "apache2-foreground", "frankenphp"}),
    "uv": frozenset("uv python python3 gunicorn uvicorn flask fastapi celery".split()),
    "bundle": frozenset("bundle ruby rails rake puma rackup".split()),
}
"""What needs them to run; `npx` and its like fetch what is not there."""
_OUTPUT = re.compile(r"(?<![\w-])(?:dist|build|out|\.output|standalone)/")
"""Folders that builds write: a bundler puts the packages into them."""
_MOST = 20
"""Folders of a stage that are looked at."""
_TAKES_OUT = ("cp", "mv", "rsync", "tar", "install", "ln", "zip")


@rule(
    "install-into-mount",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    keywords=("RUN",),
    mentions=("cache", "tmpfs"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """An install puts the project's packages into a cache mount, which no image holds."""
    for stage in change.stages:
        tried: set[str] = set()
        for run in stage.runs if stage.index in change.after.needed_by_shipped else ():
            if run.deferred or not run.mounts or run.calls(*_TAKES_OUT) or not run.is_read:
                continue
            for call in run.package_calls:
                target = mounted_target(run, call)
                if target is None or target in tried or len(tried) == _MOST:
                    continue
                tried.add(target)
                use = _use(change, stage, run, call, target)
                if use is not None and not _is_mounted_at_start(change, target):
                    yield _problem(stage, run, call, target, use)


def mounted_target(run: Run, call: PackageCall) -> str | None:
    """Return the folder that an install fills, where that lies in a mount that is not kept."""
    path = _GEMS if _fills_gems(run, call) else packages_folder(run, call)
    if path is None:
        return None
    mounts = (run.resolve(mount.target) for mount in run.mounts if mount.type in ("cache", "tmpfs") and mount.target)
    return path if any(target is not None and within(path, target) for target in mounts) else None


def _is_mounted_at_start(change: DockerfileChange, path: str) -> bool:
    """Whether a compose file mounts a folder or a volume there: the container has the packages of that."""
    return any(within(path, mount) for build in change.repository.builds_of(change.path) for mount in build.mounts)


def _fills_gems(run: Run, call: PackageCall) -> bool:
    """Whether Bundler installs where the official image of Ruby has it, and is told no other place."""
    if call.manager != "bundle" or call.action != "install" or not call.project or call.global_:
        return False
    facts = run.stage.facts
    told = "BUNDLE_PATH" in call.env or call.has("--path", "--deployment", "--system")
    settings = any("path" in str(one) or "deployment" in str(one) for one in _settings(run.stage))
    return facts is not None and facts.name == "ruby" and not told and not settings


def _settings(stage: Stage) -> list[Command]:
    return [one for run in stage.done_runs for one in run.calls("bundle") if one.subcommand == "config"]


def _use(change: DockerfileChange, stage: Stage, run: Run, call: PackageCall, path: str) -> Instruction | None:
    """Return what needs the packages and has no such mount: a later RUN, a COPY of them, or what ships."""
    programs = _PROGRAMS[call.manager]
    for heir in change.stages:
        for copy in heir.copies:
            paths = [copy.source_path(source) for source in copy.sources]
            if copy.from_stage is not None and stage in copy.from_stage.chain and path in paths:
                return copy.instruction
        if stage not in heir.chain:
            continue
        for later in heir.runs:
            if later.at > run.at and not later.is_mounted(path) and later.calls(*programs):
                return None if _installs_again(later, call) else later.instruction
        start = next((one for one in heir.image.start_command if one.value and one.value.program in programs), None)
        if heir.ships and start is not None and start.instruction is not None:
            return start.instruction
    return None


def _installs_again(run: Run, call: PackageCall) -> bool:
    return any(one.manager == call.manager and one.action in ("install", "sync") for one in run.package_calls)


def _problem(stage: Stage, run: Run, call: PackageCall, path: str, use: Instruction) -> Problem:
    bundled = use.keyword in ("CMD", "ENTRYPOINT") and _OUTPUT.search(use.value) is not None
    return Problem(
        call.command.span,
        f"{stage.label} runs {quote(str(call.command))} with a mount over {quote(path)}: the packages go into the "
        f"mount, and no layer holds them. {quote(str(use))} (line {use.line}) finds an empty folder. Mount the cache "
        f"of {quote(call.manager)} instead, or leave the mount out.",
        Confidence.POSSIBLE if bundled else Confidence.LIKELY,
        doubt="the build may have put them into what it writes" if bundled else "a volume may bring the packages",
        instruction=run.instruction,
        stage=stage.key,
        key=path,
        notes=(Note(use.span, "needs the packages"),),
    )
