"""See package_cache_mount_possible.md."""

import re
from collections.abc import Iterator

from rules.api import (
    Category,
    DockerfileChange,
    Fix,
    PackageCall,
    Problem,
    Run,
    Severity,
    add_flag,
    fix,
    quote,
    rule,
    within,
)
from rules.packages.options import spelled

_CACHES: dict[str, tuple[str, ...]] = {
    "apt": ("/var/cache/apt,sharing=locked", "/var/lib/apt,sharing=locked"),
    "apk": ("/var/cache/apk,sharing=locked",),
    "dnf": ("/var/cache/libdnf5,sharing=locked", "/var/cache/dnf,sharing=locked"),
    "yum": ("/var/cache/yum,sharing=locked",),
    "zypper": ("/var/cache/zypp,sharing=locked",),
    "pip": ("/root/.cache/pip",),
    "uv": ("/root/.cache/uv",),
    "poetry": ("/root/.cache/pypoetry",),
    "npm": ("/root/.npm",),
    "pnpm": ("/root/.local/share/pnpm/store",),
    "yarn": ("/usr/local/share/.cache/yarn",),
    "bun": ("/root/.bun/install/cache",),
    "bundle": ("/usr/local/bundle/cache",),
    "composer": ("/root/.cache/composer",),
    "cargo": ("/usr/local/cargo/registry",),
    "go": ("/go/pkg/mod", "/root/.cache/go-build"),
    "dotnet": ("/root/.nuget/packages",),
}
_HOME = re.compile(r"^(?:~|\$HOME|\$\{HOME\})(?=/)")
_ACTIONS = frozenset({"install", "sync", "download", "upgrade"})
_BUILDING = frozenset({"cargo", "go", "dotnet"})
_SUGGESTED = frozenset({"pip", "uv", "poetry", "npm", "pnpm", "yarn", "bun", "cargo", "go"})


@rule(
    "package-cache-mount-possible",
    severity=Severity.INFO,
    category=Category.BUILD_CACHE,
    default="off",
    keywords=("RUN",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """An install could keep its downloads from build to build in a cache mount."""
    for stage, run in change.after.layers.all_runs:
        if run.instruction.exec_form is not None:
            continue
        done: set[str] = set()
        for call in run.package_calls:
            if call.manager in done or not _downloads(call) or _is_mounted(run, call):
                continue
            done.add(call.manager)
            kept = _without_deletion(run, call)
            mounts = " ".join(f"--mount=type=cache,target={target}" for target in _CACHES[call.manager])
            yield Problem(
                call.command.span,
                f"{stage.label} downloads everything again whenever {quote(spelled(call))} runs. A cache mount keeps "
                f"the downloads on the builder and out of the image: {quote(f'RUN {mounts}')}{kept}.",
                stage=stage.key,
                key=call.manager,
                fix=_fix(run, call, mounts),
            )


def _downloads(call: PackageCall) -> bool:
    if call.manager not in _CACHES:
        return False
    return call.action in _ACTIONS or (call.manager in _BUILDING and call.action == "build")


def _is_mounted(run: Run, call: PackageCall) -> bool:
    folders = [target.partition(",")[0] for target in _CACHES[call.manager]]
    return any(map(run.is_mounted, folders)) or any(mount.type in ("cache", "tmpfs") for mount in run.mounts)


def _without_deletion(run: Run, call: PackageCall) -> str:
    """Say that a command has to go which deletes a folder of the cache, one above it, or all that is in one above."""
    line = next((c.line for c in run.calls("rm") for word in c.operands() if _is_of_cache(word.value, call)), None)
    return f", without the `rm` of it on line {line}: a mount point cannot be deleted" if line is not None else ""


def _is_of_cache(path: str, call: PackageCall) -> bool:
    path = _HOME.sub("/root", path).rstrip("/*")
    return bool(path) and any(within(target.partition(",")[0], path) for target in _CACHES[call.manager])


def _fix(run: Run, call: PackageCall, mounts: str) -> Fix | None:
    """Mount the cache for root; one that a flag switches off, or another user's, is left to the author."""
    if (
        call.manager not in _SUGGESTED
        or run.user.value not in (None, "", "root", "0")
        or call.no_cache
        or _without_deletion(run, call)
    ):
        return None
    return fix("Keep downloads in a cache mount", add_flag(run.instruction, mounts))
