"""See package_cache_left.md."""

from collections.abc import Iterator

from rules.api import (
    Category,
    DockerfileChange,
    Fix,
    PackageCall,
    Problem,
    Run,
    Severity,
    Stage,
    append_to_run,
    fix,
    insert_after,
    quote,
    rule,
)

_LISTS = "/var/lib/apt/lists"
_RPM_CACHES = ("/var/cache/dnf", "/var/cache/libdnf5", "/var/cache/yum", "/var/cache/tdnf")
_RPM = frozenset({"dnf", "yum", "microdnf", "tdnf"})
_CACHES = {
    "apt": (_LISTS,),
    "apk": ("/var/cache/apk", "/etc/apk/cache"),
    "zypper": ("/var/cache/zypp",),
    **dict.fromkeys(_RPM, _RPM_CACHES),
}


@rule(
    "package-cache-left",
    severity=Severity.WARNING,
    category=Category.SIZE,
    keywords=("RUN",),
    mentions=("apt", "apk", "dnf", "yum", "zypper"),
    aliases=("DL3009", "DL3019", "DL3032", "DL3036", "DL3040", "DS-0015", "DS-0019", "DS-0020", "DS-0025", "S6587"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A layer that ships keeps the package manager's lists or downloads."""
    seen: set[int] = set()
    for stage in change.after.shipped:
        for run in stage.all_runs:
            if run.instruction.line in seen:
                continue
            seen.add(run.instruction.line)
            yield from _check_run(stage, run)


def _check_run(stage: Stage, run: Run) -> Iterator[Problem]:
    done: set[str] = set()
    for call in reversed(run.package_calls):
        if call.manager in done or call.manager not in _CACHES or not _fills(call):
            continue
        done.add(call.manager)
        if any(run.is_mounted(path) for path in _CACHES[call.manager]) or _cleaned_after(run, call):
            continue
        if call.manager == "apt" and _clears_by_configuration(stage):
            continue
        yield _problem(stage, run, call)


def _fills(call: PackageCall) -> bool:
    """Whether a call leaves something: lists that `update` fetched, or downloads that an install keeps."""
    if call.manager == "apt":
        return call.action == "update"
    if call.manager == "apk":
        return call.action in ("install", "update", "upgrade") and not call.no_cache
    return call.action in ("install", "upgrade", "update") and not call.no_cache


def _cleaned_after(run: Run, call: PackageCall) -> bool:
    manager = "dnf" if call.manager in _RPM else call.manager
    what = "lists" if manager == "apt" else "cache"
    return any(
        cleaning.manager == manager and cleaning.what == what and cleaning.command.start > call.command.start
        for cleaning in run.cleanings
    )


def _clears_by_configuration(stage: Stage) -> bool:
    """Whether apt was told to keep no lists, in a configuration file of the image."""
    return any(put.path.startswith("/etc/apt/apt.conf.d/") and put.kind == "context" for put in stage.files.puts)


def _problem(stage: Stage, run: Run, call: PackageCall) -> Problem:
    lists = call.manager == "apt"
    left = f"apt's package lists in {quote(_LISTS)}" if lists else f"the downloads and indexes of {quote(call.program)}"
    return Problem(
        call.command.span,
        f"{stage.label} ships {left}: {quote(_short(call))} fetches them, and this layer keeps them. "
        f"{'They weigh 20 to 50 MB and are stale in a week' if lists else 'Nothing at run time reads them'}; "
        f"{_way_out(call)} A later `RUN` cannot take them out of this layer.",
        stage=stage.key,
        key=call.manager,
        fix=_fix(run, call),
    )


def _short(call: PackageCall) -> str:
    return f"{call.program} {call.verb}".strip()


def _way_out(call: PackageCall) -> str:
    match call.manager:
        case "apt":
            return f"remove them at the end of the same `RUN`: {quote(f'rm -rf {_LISTS}/*')}."
        case "apk":
            return "`--no-cache` leaves them out."
        case _:
            return f"clean up at the end of the same `RUN`: {quote(_clean_command(call))}."


def _clean_command(call: PackageCall) -> str:
    return {"zypper": "zypper clean --all"}.get(call.manager, f"{call.program} clean all")


def _fix(run: Run, call: PackageCall) -> Fix | None:
    source = run.instruction.source
    if call.manager == "apk":
        word = call.subcommand
        plain = call.action == "install" and word is not None
        return (
            fix("Add `--no-cache`", insert_after(source, word, " --no-cache")) if plain and word is not None else None
        )
    command = f"rm -rf {_LISTS}/*" if call.manager == "apt" else _clean_command(call)
    last = run.package_calls[-1]
    if last.command.conditional or run.commands[-1].conditional or run.commands[-1].before in ("||", "|"):
        return None
    return fix("Clean up in the same layer", append_to_run(run, command))
