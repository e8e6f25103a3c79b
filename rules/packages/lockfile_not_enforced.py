"""See lockfile_not_enforced.md."""

from collections.abc import Iterator

from rules.api import (
    Category,
    Confidence,
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
    replace,
    rule,
)
from rules.copying.installs import folder_of
from rules.packages.lock_calls import written_anew, written_before
from rules.packages.options import LOCKED, add_option, locked_option, spelled
from rules.packages.project_files import LOCKS, brings_folder, copied, lock_path
from rules.packages.purpose import is_for_development
from rules.packages.tool_versions import has_modern_yarn
from rules.packages.workspaces import may_lack_workspaces

_DEVELOPMENT = frozenset({"development", "test"})


@rule(
    "lockfile-not-enforced",
    severity=Severity.WARNING,
    category=Category.REPRODUCIBILITY,
    keywords=("RUN",),
    mentions=("uv sync", "pnpm", "yarn", "bun ", "pipenv", "cargo", "bundle", "lock"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A lock file is there, and the install may do without it."""
    said: set[int] = set()  # one ENV holds for all of Bundler's installs behind it
    yield from written_anew(change)
    for stage, run, call in change.after.layers.needed_calls:
        if call.frozen or not _reads_project(call) or is_for_development(change, stage) or _was_held(run, call):
            continue
        found = lock_path(change, run, call)
        if call.manager == "bundle":
            if not _is_ruby(stage) or _is_configured(run, call) or _is_missing(change) or _is_foreign(run):
                continue
            if run.stage.index in said:
                continue
            said.add(run.stage.index)
            found = found or (LOCKS["bundle"][0], False)
        if found is not None and written_before(run, call) is None:
            lacking = has_modern_yarn(run, call) and may_lack_workspaces(change, run)
            yield _problem(stage, run, call, *found, lacking=lacking)


def _reads_project(call: PackageCall) -> bool:
    if call.manager == "cargo":
        return (call.verb == "install" and call.has("--path")) or call.verb in ("build", "b")
    if call.manager == "uv":
        return call.verb == "sync"
    return call.manager in (*LOCKED, "bundle") and call.action == "install" and call.project


def _was_held(run: Run, call: PackageCall) -> bool:
    """Whether an install above, of the same manager in the same folder, stops the build where the lock does not fit."""
    held = _first_held(run.stage).get((call.manager, folder_of(run, call.command)))
    return held is not None and held < (run.at, call.command.start)


@once
def _first_held(stage: Stage) -> dict[tuple[str, str | None], tuple[tuple[int, int], int]]:
    """Where each manager first installs, in each folder, what the lock file says and nothing else."""
    found: dict[tuple[str, str | None], tuple[tuple[int, int], int]] = {}
    for run in stage.all_runs:
        for call in run.package_calls:
            if call.frozen and _reads_project(call) and not call.command.conditional:
                found.setdefault((call.manager, folder_of(run, call.command)), (run.at, call.command.start))
    return found


def _is_ruby(stage: Stage) -> bool:
    return "ruby" in stage.runtime.languages and not stage.runtime.is_windows


def _is_configured(run: Run, call: PackageCall) -> bool:
    """Whether Bundler was told before, in another RUN or by Rails' environment."""
    if {call.env.get("RAILS_ENV"), call.env.get("RACK_ENV")} & _DEVELOPMENT:
        return True
    for other in run.stage.all_runs:
        if other is run:
            return False
        for earlier in other.package_calls:
            words = {word.value for word in earlier.options.operands}
            if earlier.manager == "bundle" and "config" in words and words & {"deployment", "frozen"}:
                return True
    return False


def _is_foreign(run: Run) -> bool:
    """Whether the sources were fetched, or the lock file is made here: then it is not this repository's."""
    if run.calls("bundle") and any(command.subcommand == "lock" for command in run.calls("bundle")):
        return True
    fetched = any(other.calls("git", "curl", "wget", "tar") for other in run.stage.all_runs if other.index <= run.index)
    return fetched and copied(run, "Gemfile") is None and not brings_folder(run)


def _is_missing(change: DockerfileChange) -> bool:
    listing = change.repository.listing
    return listing is not None and not any(path.endswith(LOCKS["bundle"]) for path in listing)


def _problem(
    stage: Stage,
    run: Run,
    call: PackageCall,
    lock: str,
    certain: bool,  # noqa: FBT001 - of the tuple
    *,
    lacking: bool,
) -> Problem:
    way_out = "BUNDLE_FROZEN=1" if call.manager == "bundle" else locked_option(run, call)
    return Problem(
        call.command.span,
        f"{stage.label} installs without holding to its lock file: {_effect(call, lock)}. What ships is then not "
        f"what was tested, and nobody sees it. With {quote(way_out)} the build stops instead"
        f"{_all_workspaces(lacking=lacking)}.",
        Confidence.POSSIBLE if lacking else Confidence.CERTAIN if certain else Confidence.LIKELY,
        doubt="whether the lock file is among what a pattern copies is not known",
        stage=stage.key,
        key=call.manager,
        fix=_fix(run, call) if not lacking else None,
        severity=Severity.INFO if call.manager == "cargo" and call.verb != "install" else None,
    )


def _effect(call: PackageCall, lock: str) -> str:
    """Say what an install does where the lock file does not fit."""
    short = quote(spelled(call))
    name = quote(lock.rsplit("/", 1)[-1])
    if call.manager == "cargo" and call.verb == "install":
        return f"{short} ignores {name} and takes the newest versions that {quote('Cargo.toml')} allows"
    if call.manager == "bundle":
        return f"{short} may resolve again and write another {name} when it does not fit the {quote('Gemfile')}"
    if call.manager == "yarn" and call.has("--pure-lockfile"):
        return f"{short} resolves again when {name} does not fit the manifest, and writes down nowhere what it took"
    return f"{short} resolves again and rewrites {name} in the image when it does not fit the manifest"


def _all_workspaces(*, lacking: bool) -> str:
    """Say what Yarn 2 and later want: a lock file that names a workspace which is not there would be changed."""
    return ", also where a workspace is not copied: copy the `package.json` of each first" if lacking else ""


def _fix(run: Run, call: PackageCall) -> Fix | None:
    if call.manager == "bundle":
        return fix("Hold to the lock file", insert_line_before(run.instruction, "ENV BUNDLE_FROZEN=1"))
    flag = locked_option(run, call)
    weaker = call.flag_word("--pure-lockfile") if call.manager == "yarn" else None
    if weaker is not None and run.instruction.exec_form is None:
        return fix(f"Write `{flag}`", replace(run.instruction.source, weaker.span, flag))
    return fix(f"Add `{flag}`", add_option(run, call, flag))
