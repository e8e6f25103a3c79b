"""See cache_mount_unused.md."""

import posixpath
import re
from collections.abc import Iterator

from rules.api import (
    Category,
    Confidence,
    DockerfileChange,
    Edit,
    Fix,
    Mount,
    Note,
    PackageCall,
    Problem,
    Run,
    Severity,
    Stage,
    add_flag,
    delete_word,
    fix,
    is_root_name,
    quote,
    replace,
    rule,
    within,
)
from rules.matching.gathering import named_lines
from rules.packages.caches.forgotten_mounts import Forgotten, forgotten_mounts
from rules.packages.caches.moved import Moved, moved_caches
from rules.user.accounts.running import runs_as_root

_CACHES = {
    "pip": ("/.cache/pip",),
    "uv": ("/.cache/uv",),
    "poetry": ("/.cache/pypoetry",),
    "apk": ("/var/cache/apk", "/etc/apk/cache"),
}
"""How the folders end in which these keep what they fetch, unless they are told to keep nothing."""
_GO_ELSEWHERE = "/root/go"
"""Go's folder where nothing says another: the official image sets `GOPATH=/go` (docker-library/golang)."""
_WRITES_GO = re.compile(r"\bgo[ \t]+env[ \t]+-w\b[^;&|\n]*\bGO(?:PATH|MODCACHE)=")
_GO_READS = frozenset({"build", "install", "download", "mod", "test", "vet", "get", "generate", "run"})


@rule(
    "cache-mount-unused",
    severity=Severity.INFO,
    category=Category.BUILD_CACHE,
    keywords=("RUN",),
    mentions=("cache",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A cache is mounted that the command does not use, or that the step which needs it leaves out."""
    for stage in change.stages:
        if stage.index not in change.after.needed_by_shipped:
            continue
        for moved in moved_caches(change, stage):
            yield _parted(stage, moved)
        for forgotten in forgotten_mounts(stage):
            yield _forgotten(stage, forgotten)
        for run in stage.runs:
            for mount in run.mounts if run.is_read else ():
                target = run.resolve(mount.target) if mount.type == "cache" else None
                problem = _check(run, mount, target.rstrip("/")) if target is not None else None
                if problem is not None:
                    yield problem


def _check(run: Run, mount: Mount, target: str) -> Problem | None:
    for manager, ends in _CACHES.items():
        if target.endswith(ends):
            calls = [call for call in run.package_calls if call.manager == manager]
            own = all(command.name in ("pip", "pip3", "python", "python3", manager) for command in run.commands)
            if calls and own and all(call.no_cache and not _names_cache(call) for call in calls):
                return _switched_off(run, mount, calls, target)
    return _of_go(run, mount, target)


def _names_cache(call: PackageCall) -> bool:
    """Whether the command line names a cache, which wins over a variable (pip's documentation, "Configuration")."""
    return any(word.value.partition("=")[0] == "--cache-dir" for word in call.command.args)


def _switched_off(run: Run, mount: Mount, calls: list[PackageCall], target: str) -> Problem:
    call, option = calls[0], _option(calls[0])
    why = f"is told {quote(option)}" if option is not None else "is told by a variable to keep nothing"
    way_out = f"Take {quote(option)} out" if option is not None else "Take that variable out"
    if option is None and _is_needed_elsewhere(run, call):
        way_out = "Give the other installs of the stage the mount, too, and take that variable out"
    return Problem(
        call.command.span,
        f"{run.stage.label} mounts a cache at {quote(target)}, and {quote(call.manager)} {why}: it neither reads nor "
        f"fills it, and fetches everything again whenever this step runs. {way_out}, for what lies in the mount is in "
        "no layer; or leave the mount out.",
        Confidence.CERTAIN,
        instruction=run.instruction,
        stage=run.stage.key,
        key=f"{call.manager} {target}",
        decision=f"{call.manager} keeps nothing" if option is None else "",
        fix=_fix(calls) if _is_writable(run, mount) else None,
    )


def _is_needed_elsewhere(run: Run, call: PackageCall) -> bool:
    """Whether the stage has other calls that the variable keeps from filling a layer: those without a cache mount."""
    bare = (other for other in run.stage.runs if not any(mount.type == "cache" for mount in other.mounts))
    calls = (one for other in bare for one in other.package_calls)
    return any(one.manager == call.manager and one.action == "install" for one in calls)


def _is_writable(run: Run, mount: Mount) -> bool:
    """Whether the account may write to the mount, which is root's without a `uid`: else more is to be mended."""
    return "uid" in mount.options or run.user.value is None or is_root_name(run.user.value.partition(":")[0])


def _option(call: PackageCall) -> str | None:
    return next((name for name in ("--no-cache-dir", "--no-cache") if call.has(name)), None)


def _fix(calls: list[PackageCall]) -> Fix | None:
    """Take the option out of every call: each that keeps it goes on fetching everything again."""
    edits: list[Edit | None] = []
    for call in calls:
        option = _option(call)
        word = next((word for word in call.command.words if word.text == option), None)
        edits.append(delete_word(call.command.source, word.span) if word is not None else None)
    return fix("Use the cache", *edits)


def _of_go(run: Run, mount: Mount, target: str) -> Problem | None:
    """A cache at the folder that Go has outside its official image."""
    stage = run.stage
    told = any(name in stage.image.env and stage.image.env[name].set_in_file for name in ("GOPATH", "GOMODCACHE"))
    if stage.facts is None or stage.facts.name != "golang" or told or run.user.value not in (None, "", "root", "0"):
        return None
    if any(_WRITES_GO.search(one.instruction.whole_value) for one in stage.all_runs):
        return None
    reads = any(command.subcommand in _GO_READS for command in run.calls("go"))
    if not within(target, _GO_ELSEWHERE) or not reads or any("GOPATH" in str(one) for one in run.commands):
        return None
    right = target.replace(_GO_ELSEWHERE, "/go", 1)
    return Problem(
        mount.flag.span,
        f"{stage.label} mounts a cache at {quote(target)}, and {quote(stage.root.base_text or 'golang')} sets "
        f"`GOPATH=/go`: Go keeps its modules in {quote(right)}. The mount stays empty, and the modules are fetched "
        f"again whenever this step runs. Mount {quote(right)}.",
        Confidence.CERTAIN,
        instruction=run.instruction,
        stage=stage.key,
        key=target,
        fix=fix("Mount Go's own folder", replace(run.instruction.source, mount.flag.span, _with_target(mount, right)))
        if mount.options.get("target") == target
        else None,
    )


def _parted(stage: Stage, moved: Moved) -> Problem:
    """Speak of a mount that held the cache before the change."""
    run, mount, right = moved.run, moved.mount, _right(moved)
    why = f", since {moved.why}" if moved.why else ""
    uid = " with the account's `uid`" if runs_as_root(run) is False and "uid" not in mount.options else ""
    return Problem(
        mount.flag.span,
        f"{stage.label} mounts a cache at {quote(moved.target)}, and {quote(moved.name)} keeps its own in "
        f"{quote(moved.folder)} here{why}. Before this change the mount held it. Now it stays empty, and everything is "
        f"fetched or made again whenever this step runs. Mount {quote(right)}{uid}.",
        Confidence.LIKELY,
        doubt="a file of the project may say where the cache lies",
        instruction=run.instruction,
        stage=stage.key,
        key=moved.target,
        decision=f"{moved.name} {moved.target} {moved.folder}",
        fix=fix("Mount the cache", replace(run.instruction.source, mount.flag.span, _with_target(mount, right)))
        if mount.options.get("target") == moved.target and not uid
        else None,
    )


def _right(moved: Moved) -> str:
    """Return where the mount belongs: at the cache, or at the same part of it as before."""
    _, part, below = moved.target.partition(f"/{posixpath.basename(moved.folder)}/")
    return posixpath.join(moved.folder, below) if part else moved.folder


def _with_target(mount: Mount, right: str) -> str:
    return f"--mount={(mount.flag.value or '').replace(mount.options['target'], right, 1)}"


def _forgotten(stage: Stage, found: Forgotten) -> Problem:
    """Speak of a RUN that fetches again what lies in the mount of another one."""
    (run, command), *others = found.runs
    also = named_lines([str(other.instruction.line) for other, _ in others]) if others else ""
    flag = f"--mount={found.mount.flag.value}"
    return Problem(
        command.span,
        f"{stage.label} runs {quote(command.name + ' ' + (command.subcommand or ''))} without the cache that line "
        f"{found.fetching.instruction.line} mounts at {quote(found.mount.target)} and fills: no layer holds it, so all "
        f"{found.what} are fetched again, into this layer, whenever this step runs. Mount it here too: {quote(flag)}."
        f"{f' The same holds for {also}.' if also else ''}",
        Confidence.LIKELY,
        doubt="a folder `vendor` of the project may hold them" if command.name == "go" else "a file may say otherwise",
        instruction=run.instruction,
        stage=stage.key,
        key=f"{command.name} {found.mount.target}",
        notes=(Note(found.mount.flag.span, "fetched into this cache"),),
        fix=fix("Mount the cache", *(add_flag(other.instruction, flag) for other, _ in found.runs)),
    )
