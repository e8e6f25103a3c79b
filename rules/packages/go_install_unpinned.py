"""See go_install_unpinned.md."""

import posixpath
from collections.abc import Iterator

from rules.api import (
    Category,
    Confidence,
    DockerfileChange,
    PackageCall,
    Problem,
    Run,
    Severity,
    Stage,
    comments_on,
    quote,
    rule,
    within,
)
from rules.comments import is_meant_to_move
from rules.model.work_folders import folder_of
from rules.packages.pins.unpinned import MOVING, STAYS_BEHIND, is_given
from rules.packages.reaching import reaches_image
from rules.packages.versions.tools import go_version, has_old_go
from rules.quoting import listed

_FIRST_GO_WITH_MODULES_ON = (1, 16)
"""Before, a command outside of a module knows no `@version` (go.dev/ref/mod, "Module-aware commands")."""
_SHIPPED = "The same commit gives another program tomorrow, and a bad release goes straight in."


@rule(
    "go-install-unpinned",
    severity=Severity.INFO,
    category=Category.REPRODUCIBILITY,
    default="info",
    keywords=("RUN",),
    mentions=("go",),
    aliases=("DL3062", "DF054"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A Go tool is taken from whatever its repository holds today."""
    for stage, run in change.after.layers.needed_runs:
        calls = [call for call in run.package_calls if call.manager == "go"]
        found = [
            (run, call, name)
            for call in calls
            for word, name in _unpinned(run, call)
            if not is_given(change, run, word)
        ]
        if not found:
            continue
        every = tuple(dict.fromkeys(name for _, _, name in found))
        names = change.fresh("go-install-unpinned", stage, every)
        way_out = next(_way_out(stage, *one) for one in found if one[-1] == names[0])
        theirs = "its repository holds" if len(names) == 1 else "their repositories hold"
        reaches = any(_reaches(stage, call, name) for _, call, name in found if name in names)
        yield Problem(
            next(call.command.span for _, call, name in found if name in names),
            f"{stage.label} takes {listed(map(quote, names), 3)} from whatever {theirs} on the day of "
            f"the build. {_SHIPPED if reaches else STAYS_BEHIND} {way_out}",
            Confidence.CERTAIN if reaches else Confidence.POSSIBLE,
            stage=stage.key,
            items=every,
            decision=f"{names} {way_out}",
            minor=all(_may_not_matter(stage, run, call) for _, call, _ in found),
            untold=is_meant_to_move(comments_on(run)),
        )


def _may_not_matter(stage: Stage, run: Run, call: PackageCall) -> bool:
    """Whether a module may be in no program, or whether the Go is so old that nobody moves anything for it any more.

    `go get` in a module only adds a requirement: what no package imports is not compiled in.
    """
    return has_old_go(stage, run) or (call.verb == "get" and _works_in_module(run, call))


def _reaches(stage: Stage, call: PackageCall, name: str) -> bool:
    """Whether the program, or what is compiled with the module, may be in an image that ships."""
    if call.verb == "get" or call.env.get("GOBIN") or reaches_image(stage, call):
        return True
    images = {one.index: one for shipped in stage.model.shipped for one in shipped.chain}
    copies = (copy for image in images.values() for copy in image.copies)
    return any(
        posixpath.basename(source.path or "") == posixpath.basename(name)
        for copy in copies
        if copy.from_stage is not None and stage in copy.from_stage.chain
        for source in copy.sources
    )


def _way_out(stage: Stage, run: Run, call: PackageCall, name: str) -> str:
    """Say how to name a version: `go get` takes one in a module alone, and since Go 1.18 nothing else."""
    if has_old_go(stage, run):
        return "This Go has no modules yet: copy the sources in with the project, or check out a commit of them."
    if call.verb != "get" or _works_in_module(run, call):
        return f"Name the version that was tested: {quote(f'{name}@<version>')}."
    version = go_version(stage, run)
    if version and version < _FIRST_GO_WITH_MODULES_ON:
        with_modules = f"GO111MODULE=on go get {name}@<version>"
        return f"Name the version that was tested, which wants the modules switched on: {quote(with_modules)}."
    since = "" if version else ", from Go 1.16 on"
    return f"Name the version that was tested: {quote(f'go install {name}@<version>')}{since}."


def _unpinned(run: Run, call: PackageCall) -> Iterator[tuple[str, str]]:
    """Yield the modules of one call that have no version, as written and by name; `go.mod` may give one to others."""
    if call.verb not in ("install", "get", "run") or call.has("-modfile") or _is_vendored(call):
        return
    operands = call.options.operands[1:2] if call.verb == "run" else call.options.operands[1:]
    for word in operands:
        name, at, version = word.value.partition("@")
        if (
            name.startswith((".", "/", "$", "cmd/"))
            or name.endswith(".go")
            or ("..." in name and "." not in name.partition("/")[0].replace("...", ""))  # a module begins with a host
            or name in ("all", "tool", "std")
        ):
            continue
        if not at and not call.has("-u") and _lies_here(run, name):
            continue
        if f"@{version}" in MOVING or (not at and (call.verb == "get" or not _has_module(run))):
            yield word.text, name


def _is_vendored(call: PackageCall) -> bool:
    """Whether the packages are taken from the module's own `vendor` folder (`go help modules`, "-mod")."""
    return "-mod=vendor" in (*(word.value for word in call.command.args), *call.env.get("GOFLAGS", "").split())


def _lies_here(run: Run, name: str) -> bool:
    """Whether a package was copied to its place below GOPATH before, where `go get` finds it and fetches nothing."""
    puts = (put for put in run.stage.files.puts if put.kind == "context" and put.step.at < run.at)
    places = (put.path.partition("/src/")[2] for put in puts)
    return any(place and f"{name}/".startswith(f"{place}/") for place in places)


def _works_in_module(run: Run, call: PackageCall) -> bool:
    """Whether a call works in a folder that sources were copied to, or in one of them.

    Go looks for a `go.mod` from its folder upwards (Go Modules Reference, "Commands outside a module").
    """
    folder = folder_of(run, call.command)
    if folder is None or not _has_module(run):
        return _has_module(run)
    puts = [put for put in run.stage.files.puts if put.kind == "context" and put.step.at < run.at]
    copied = {posixpath.dirname(put.path) if put.path.endswith("/go.mod") else put.path for put in puts}
    return not copied or any(within(folder, place) for place in copied)


def _has_module(run: Run) -> bool:
    """Whether sources were copied, mounted or cloned before, so that their `go.mod` says the version."""
    if any(mount.type == "bind" for mount in run.mounts):
        return True
    if any(c.subcommand == "clone" for other in run.stage.all_runs if other.at <= run.at for c in other.calls("git")):
        return True
    return any(
        copy.from_context for copy in run.stage.all_copies if copy.index < run.index or copy.stage is not run.stage
    )
