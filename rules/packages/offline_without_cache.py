"""See offline_without_cache.md."""

from collections.abc import Iterator

from rules.api import (
    Category,
    Command,
    Confidence,
    DockerfileChange,
    Mount,
    Note,
    Problem,
    Run,
    Severity,
    Stage,
    quote,
    rule,
    within,
)

_OFFLINE = {
    **dict.fromkeys(("mvn", "mvnw"), ("-o", "--offline")),
    **dict.fromkeys(("gradle", "gradlew", "cargo", "npm"), ("--offline",)),
}
"""Programs, and the options with which they fetch nothing.

pnpm is not among them: `pnpm fetch` keeps what it fetches below `node_modules` too, in the layer, and a later `pnpm
install --offline` takes it from there (tried with pnpm 9.15 and no store). Nor is Yarn, which passes by what is there.
"""
_FAMILY = {"mvnw": "mvn", "gradlew": "gradle"}
_FOLDERS = {
    "mvn": (".m2",),
    "gradle": ("gradle",),
    "cargo": ("cargo/registry", "cargo/git", ".cargo"),
    "npm": (".npm",),
}
"""Parts of the paths at which their downloads lie."""
_ELSEWHERE = "maven.repo.local"
"""The setting with which Maven keeps its downloads in another folder."""


@rule(
    "offline-without-cache",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    keywords=("RUN",),
    mentions=("-o", "--offline"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A RUN works offline, and what was fetched for it lies in a cache that it does not mount."""
    for stage in change.stages:
        for run in stage.runs:
            for command in run.calls(*_OFFLINE):
                if command.has(*_OFFLINE[command.name]) and not command.conditional:
                    filled = _filled(stage, run, command)
                    if filled is not None:
                        yield _problem(stage, run, command, *filled)


def _filled(stage: Stage, run: Run, command: Command) -> tuple[Run, Mount] | None:
    """Return the only RUN above that ran the program, with the cache that it filled, where the later one lacks that."""
    family = _FAMILY.get(command.name, command.name)
    names = [name for name in _OFFLINE if _FAMILY.get(name, name) == family]
    earlier = [one for one in stage.done_runs if one.at < run.at and one.calls(*names)]
    mounts = [(one, mount) for one in earlier for mount in _caches(one, family)]
    filling = {id(one) for one, _ in mounts}
    if any(_ELSEWHERE in one.instruction.whole_value for one in (*earlier, run)) or _mounts_more(run, mounts):
        return None
    if not mounts or any(id(one) not in filling for one in earlier) or _caches(run, family):
        return None
    if family == "cargo" and any(_vendors(one) for one in earlier):
        return None  # its sources are in the layer then
    brought = any(part in (copy.destination or "") for copy in stage.all_copies for part in _FOLDERS[family])
    return None if brought else mounts[-1]


def _mounts_more(run: Run, mounts: list[tuple[Run, Mount]]) -> bool:
    """Whether a RUN mounts a folder around one of those: the downloads may lie in it."""
    return any(within(one.target, mount.target) for mount in run.mounts for _, one in mounts if mount.target)


def _vendors(run: Run) -> bool:
    return any(command.subcommand == "vendor" for command in run.calls("cargo"))


def _caches(run: Run, family: str) -> list[Mount]:
    return [
        mount
        for mount in run.mounts
        if mount.type == "cache" and any(part in mount.target for part in _FOLDERS[family])
    ]


def _problem(stage: Stage, run: Run, command: Command, earlier: Run, mount: Mount) -> Problem:
    target = quote(f"--mount={mount.flag.value}")
    return Problem(
        command.span,
        f"{stage.label} runs {quote(str(command), 60)}, which fetches nothing, and what it needs was fetched into the "
        f"cache that line {earlier.instruction.line} mounts at {quote(mount.target)}. No layer holds that, and this "
        f"`RUN` does not mount it: the build stops here, for want of its dependencies. Mount it here too: {target}.",
        Confidence.LIKELY,
        doubt="a script may keep a copy elsewhere",
        instruction=run.instruction,
        stage=stage.key,
        key=command.name,
        notes=(Note(mount.flag.span, "fetched into this cache"),),
    )
