"""See package_cache_mount_possible.md."""

import re
from collections.abc import Iterator

from rules.api import (
    ROOT_NAMES,
    Category,
    DockerfileChange,
    Fix,
    PackageCall,
    Problem,
    Run,
    Severity,
    Stage,
    add_flag,
    fix,
    quote,
    rule,
    within,
)
from rules.facts.distributions import DEBIAN_FAMILY
from rules.packages.options import spelled
from rules.quoting import listed
from rules.repository.builders import is_built_classically

_CACHES: dict[str, tuple[str, ...]] = {
    "apt": ("/var/cache/apt,sharing=locked", "/var/lib/apt,sharing=locked"),
    "apk": ("/var/cache/apk,sharing=locked",),
    "dnf": ("/var/cache/libdnf5,sharing=locked", "/var/cache/dnf,sharing=locked"),
    "yum": ("/var/cache/yum,sharing=locked",),
    "zypper": ("/var/cache/zypp,sharing=locked",),
    "pip": ("/root/.cache/pip",),
    "uv": ("/root/.cache/uv",),
    "poetry": ("/root/.cache/pypoetry/cache", "/root/.cache/pypoetry/artifacts"),  # beside them are its environments
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
        if run.instruction.exec_form is not None or stage.runtime.is_windows:
            continue  # the caches of Windows lie elsewhere
        done: set[str] = set()
        for call in run.package_calls:
            if call.manager in done or not _downloads(call) or _is_mounted(run, call) or not _is_root(run):
                continue
            done.add(call.manager)
            kept = _besides(stage, run, call)
            mounts = " ".join(f"--mount=type=cache,target={target}" for target in _CACHES[call.manager])
            yield Problem(
                call.command.span,
                f"{stage.label} downloads everything again whenever {quote(spelled(call))} runs. A cache mount keeps "
                f"the downloads on the builder and out of the image: {quote(f'RUN {mounts}')}{kept}.",
                stage=stage.key,
                key=call.manager,
                fix=_fix(run, call, mounts),
                untold=is_built_classically(change.repository, change.path),
            )


def _downloads(call: PackageCall) -> bool:
    if call.manager not in _CACHES or call.has("--no-index", "--offline"):
        return False
    if call.packages and not call.manifests and all(package.kind == "path" for package in call.packages):
        return False  # wheels that lie ready
    return call.action in _ACTIONS or (call.manager in _BUILDING and call.action == "build")


def _is_root(run: Run) -> bool:
    """Whether root installs, whose caches' places are known, in its own home."""
    return run.user.value in (None, "", *ROOT_NAMES) and run.scope.get("HOME") is None


def _is_mounted(run: Run, call: PackageCall) -> bool:
    folders = [target.partition(",")[0] for target in _CACHES[call.manager]]
    return any(map(run.is_mounted, folders)) or any(mount.type in ("cache", "tmpfs") for mount in run.mounts)


def _besides(stage: Stage, run: Run, call: PackageCall) -> str:
    """Say what has to go or come with the mount: what empties the cache, an option against it, a hook of the base."""
    removed = next((c for c in run.calls("rm") for word in c.operands() if _is_of_cache(word.value, call)), None)
    if removed is not None:
        return f", without the `rm` of it on line {removed.line}: a mount point cannot be deleted"
    names = {call.manager, "dnf"} if call.manager == "yum" else {call.manager}
    cleaned = next((c.command for c in run.cleanings if c.manager in names and c.what == "cache"), None)
    if cleaned is not None and call.manager != "apt":
        return f", without {quote(f'{cleaned.name} {cleaned.subcommand or str()}'.strip())} on line {cleaned.line}"
    link = "`ln -s /var/cache/apk /etc/apk/cache` in front" if call.manager == "apk" else ""
    without = "no `--no-cache`" if call.manager in ("apk", "uv") else "no `--no-cache-dir`"
    option = f"{without}, by which none is used" if call.no_cache else ""
    hook = stage.facts is not None and stage.facts.distro in DEBIAN_FAMILY
    clean = "`rm /etc/apt/apt.conf.d/docker-clean` above" if call.manager == "apt" and hook else ""
    said = [one for one in (link, option, clean) if one]
    return f", with {listed(said)}" if said else ""


def _is_of_cache(path: str, call: PackageCall) -> bool:
    path = _HOME.sub("/root", path).rstrip("/*")
    return bool(path) and any(within(target.partition(",")[0], path) for target in _CACHES[call.manager])


def _fix(run: Run, call: PackageCall, mounts: str) -> Fix | None:
    """Mount the cache for root; one that a flag switches off, or another user's, is left to the author."""
    if call.manager not in _SUGGESTED or call.no_cache or _besides(run.stage, run, call):
        return None
    return fix("Keep downloads in a cache mount", add_flag(run.instruction, mounts))
