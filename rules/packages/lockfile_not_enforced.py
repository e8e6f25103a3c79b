"""See lockfile_not_enforced.md."""

import posixpath
import re
from bisect import bisect_left
from collections.abc import Iterator
from typing import NamedTuple

from rules.api import (
    Category,
    Confidence,
    DockerfileChange,
    Fix,
    Note,
    PackageCall,
    Problem,
    Run,
    Severity,
    Stage,
    comments_on,
    fix,
    insert_line_before,
    once,
    outcome_of_failure,
    quote,
    replace,
    rule,
)
from rules.build.failures.pipes import is_caught
from rules.copying.installs.calls import install_folder
from rules.model.work_folders import folder_of
from rules.packages.caches.discarded_environments import is_discarded
from rules.packages.locks.calls import is_read_only, is_told_to_hold, takes_other_index, written_anew, written_before
from rules.packages.locks.fallbacks import stops_instead
from rules.packages.locks.manifest_edits import first_edits
from rules.packages.locks.unread import locks_unread
from rules.packages.options import LOCKED, add_option, but_for_its_dashes, locked_option, spelled
from rules.packages.projects.files import LOCKS, MANIFESTS, brings_folder, copied, lock_path
from rules.packages.projects.settings import holds_to_lock, resolves_anew
from rules.packages.projects.workspaces import stops_without_workspace
from rules.purpose import is_for_development

_DEVELOPMENT = frozenset({"development", "test"})
_HOLDING = ("--frozen-lockfile", "--immutable", "--frozen", "--locked", "--lockfile", "--deploy", "--deployment")
"""Options with which a manager holds to its lock file, or takes it into account at all."""
_OF_LOCKS = re.compile(r"\block|frozen|immutable|deploy", re.IGNORECASE)
_FOCUS = "workspaces focus"
_RESOLVES = frozenset("build b check c test t run r bench clippy rustc doc d fetch vendor".split())
"""Cargo's commands that write `Cargo.lock` anew where it does not fit (`cargo help`, `--locked`)."""


@rule(
    "lockfile-not-enforced",
    severity=Severity.WARNING,
    category=Category.REPRODUCIBILITY,
    keywords=("RUN",),
    mentions=("uv", "pnpm", "yarn", "bun", "pipenv", "cargo", "bundle", "lock"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A lock file is there, and the install may do without it."""
    found: dict[object, list[_Unheld]] = {}
    yield from written_anew(change)
    yield from locks_unread(change)
    for stage, run, call in change.after.layers.needed_calls:
        if call.frozen or not _reads_project(call) or is_for_development(change, stage) or _was_held(run, call):
            continue
        if _declining(call) is not None and _OF_LOCKS.search(comments_on(run)):
            continue
        lock = lock_path(change, run, call)
        if call.manager == "bundle":
            if not _is_ruby(stage) or _is_configured(run, call) or _is_missing(change) or _is_foreign(run):
                continue
            if lock is None and _is_left_behind(run, call):
                continue
            lock = lock or (LOCKS["bundle"][0], False)
        if lock is None or is_read_only(run, call) or holds_to_lock(change, run, call) or _is_held_later(run, call):
            continue
        unlike = takes_other_index(run, call) or _is_manifest_edited(run, call) or written_before(run, call)
        if not (unlike or is_discarded(change, run, call)):
            unheld = _Unheld(stage, run, call, *lock)
            found.setdefault(_cause(unheld), []).append(unheld)
    for first, *later in found.values():
        lacking = stops_without_workspace(change, first.run, first.call)
        yield _problem(first, later, lacking=lacking)


class _Unheld(NamedTuple):
    """An install that may do without its lock file: whose, and whether that is certain to be there."""

    stage: Stage
    run: Run
    call: PackageCall
    lock: str
    certain: bool


def _cause(unheld: _Unheld) -> object:
    """Return what findings have in common of which the first is enough: once it is mended, the others are held, too."""
    run, call = unheld.run, unheld.call
    if call.manager == "bundle":
        return run.stage.index  # one ENV holds for all of Bundler's installs behind it
    if call.command.conditional:
        return id(call)
    return run.stage.index, call.manager, _ignores_lock(call), folder_of(run, call.command)


def _declining(call: PackageCall) -> str | None:
    """Return the option, as written, with which an install declines to hold to its lock file."""
    uses = [call.last_use(name) for name in _HOLDING if call.turned(name) is False]
    return next((use.word.value for use in uses if use is not None), None)


def _ignores_lock(call: PackageCall) -> bool:
    """Whether an install does not even look at the lock file, and does not write it."""
    return call.manager == "cargo" and call.verb == "install"


def _reads_project(call: PackageCall) -> bool:
    """Whether an install takes its packages from the project's lock file, and has an option to hold to it.

    `yarn workspaces focus` has none, and writes no lock file (yarnpkg/berry, issues 1803 and 6277).
    """
    if call.manager == "cargo":
        return (call.verb == "install" and call.has("--path")) or call.verb in _RESOLVES
    if call.manager == "uv":
        return call.verb == "sync" and not resolves_anew(call)
    return call.manager in (*LOCKED, "bundle") and call.action == "install" and call.project and call.verb != _FOCUS


def _is_manifest_edited(run: Run, call: PackageCall) -> bool:
    """Whether the manifest is written or edited above, so that the lock file of the repository need not fit it.

    Bundler is told by a variable, which holds for what is installed below an edit as well.
    """
    first = first_edits(run.stage).get(MANIFESTS.get(call.manager, ""))
    return first is not None and (call.manager == "bundle" or first < (run.at, call.command.start))


def _was_held(run: Run, call: PackageCall) -> bool:
    """Whether an install above, of the same manager in the same folder, stops the build where the lock does not fit."""
    held = _held(run.stage).get((call.manager, folder_of(run, call.command)))
    return held is not None and held[0] < (run.at, call.command.start)


def _is_held_later(run: Run, call: PackageCall) -> bool:
    """Whether an install below stops the build where the lock does not fit, behind a COPY that brings the lock again.

    As where a placeholder is built first: what ships is then made by the later call.
    """
    folder = folder_of(run, call.command)
    every = _held(run.stage).get((call.manager, folder))
    if every is None or folder is None or every[-1][0] < run.at:
        return False
    held = every[-1][0]
    lock = posixpath.join(folder, LOCKS[call.manager][0])
    puts = run.stage.files.covering(lock)
    again = max((put.step.at for put in puts if put.kind == "context" and run.at < put.step.at < held), default=None)
    changing = _changing(run.stage).get(call.manager, ())
    return again is not None and bisect_left(changing, again) == bisect_left(changing, held)


@once
def _changing(stage: Stage) -> dict[str, list[tuple[int, int]]]:
    """Where the RUNs stand in which each manager installs and may write its lock file."""
    found: dict[str, list[tuple[int, int]]] = {}
    for run in stage.runs:
        for call in run.package_calls:
            if not call.frozen and call.action in ("install", "remove", "upgrade"):
                found.setdefault(call.manager, []).append(run.at)
    return found


@once
def _held(stage: Stage) -> dict[tuple[str, str | None], list[tuple[tuple[int, int], int]]]:
    """Where each manager installs, in each folder, what the lock file says and nothing else, in order."""
    found: dict[tuple[str, str | None], list[tuple[tuple[int, int], int]]] = {}
    for run in stage.all_runs:
        for call in run.package_calls:
            if call.frozen and _reads_project(call) and not call.command.conditional:
                found.setdefault((call.manager, folder_of(run, call.command)), []).append((run.at, call.command.start))
    return found


def _is_ruby(stage: Stage) -> bool:
    return "ruby" in stage.runtime.languages and not stage.runtime.is_windows


def _is_configured(run: Run, call: PackageCall) -> bool:
    """Whether Bundler was told before, by its configuration or by Rails' environment."""
    if {call.env.get("RAILS_ENV"), call.env.get("RACK_ENV")} & _DEVELOPMENT:
        return True
    return is_told_to_hold(run, call.command.start)


def _is_foreign(run: Run) -> bool:
    """Whether the sources were fetched, or the lock file is made here: then it is not this repository's."""
    if any(command.subcommand == "lock" for command in run.calls("bundle")):
        return True
    fetched = any(other.calls("git", "curl", "wget", "tar") for other in run.stage.all_runs if other.index <= run.index)
    return fetched and copied(run, "Gemfile") is None and not brings_folder(run)


def _is_left_behind(run: Run, call: PackageCall) -> bool:
    """Whether the Gemfile is copied by its name and the lock file is not, without which a frozen Bundler stops."""
    return copied(run, MANIFESTS["bundle"], install_folder(run, call)) is not None and not brings_folder(run)


def _is_missing(change: DockerfileChange) -> bool:
    listing = change.repository.listing
    return listing is not None and not any(path.endswith(LOCKS["bundle"]) for path in listing)


def _problem(unheld: _Unheld, later: list[_Unheld], *, lacking: bool) -> Problem:
    stage, run, call = unheld.stage, unheld.run, unheld.call
    declining = _declining(call)
    if declining is not None:
        return _declined(unheld, declining)
    way_out = "BUNDLE_FROZEN=1" if call.manager == "bundle" else locked_option(run, call)
    return Problem(
        call.command.span,
        f"{stage.label} installs without holding to its lock file: {_slip(run, call)}{_effect(call, unheld.lock)}. "
        f"What ships is then not what was tested, and nobody sees it. With {quote(way_out)} {_stop(run, call)}"
        f"{_all_workspaces(call) if lacking else ''}.",
        Confidence.POSSIBLE if lacking else Confidence.CERTAIN if unheld.certain else Confidence.LIKELY,
        doubt="whether the lock file is among what a pattern copies is not known",
        stage=stage.key,
        key=call.manager,
        notes=tuple(Note(other.call.command.span, "installs by the same lock file") for other in later),
        fix=_fix(run, call) if not lacking else None,
        severity=Severity.INFO if call.manager == "cargo" and call.verb != "install" else None,
    )


def _declined(unheld: _Unheld, option: str) -> Problem:
    """Ask about an option that is written out: somebody wanted it, perhaps for a day."""
    return Problem(
        unheld.call.command.span,
        f"{unheld.stage.label} installs with {quote(option)}: {_effect(unheld.call, unheld.lock)}, so that what ships "
        "need not be what was tested. Commit the lock file that fits and take the option out, or say in a comment why "
        "it is there.",
        Confidence.POSSIBLE,
        stage=unheld.stage.key,
        key=unheld.call.manager,
    )


def _stop(run: Run, call: PackageCall) -> str:
    """Say what stops, where the lock file is held to: not the build, where the script has an answer to the failure."""
    if outcome_of_failure(run, call.command) != "caught":
        return "the build stops instead"
    return stops_instead(run, call, "the install stops instead")


def _slip(run: Run, call: PackageCall) -> str:
    """Say that the option was meant, and has another number of dashes."""
    slip = but_for_its_dashes(call, locked_option(run, call)) if call.manager in LOCKED else None
    if slip is None:
        return ""
    many = "many" if slip.value.startswith("---") else "few"
    return f"{quote(slip.value)} has too {many} dashes to be the option that is meant, and "


def _effect(call: PackageCall, lock: str) -> str:
    """Say what an install does where the lock file does not fit."""
    short = quote(spelled(call))
    name = quote(lock.rsplit("/", 1)[-1])
    if call.manager == "cargo" and call.verb == "install":
        return f"{short} ignores {name} and takes the newest versions that {quote('Cargo.toml')} allows"
    if call.manager == "bundle":
        return f"{short} may resolve again and write another {name} when it does not fit the {quote('Gemfile')}"
    if call.turned("--lockfile") is False:
        return f"{short} does not look at {name}"
    if call.manager == "yarn" and call.has("--pure-lockfile"):
        return f"{short} resolves again when {name} does not fit the manifest, and writes down nowhere what it took"
    return f"{short} resolves again and rewrites {name} in the image when it does not fit the manifest"


def _all_workspaces(call: PackageCall) -> str:
    """Say what the manager wants: a lock file that names a workspace which is not there would be changed."""
    return f", also where a workspace is not copied: copy the {quote(MANIFESTS[call.manager])} of each first"


def _fix(run: Run, call: PackageCall) -> Fix | None:
    """Return what makes the install stop; an option that is there but for its dashes is what was meant in any case."""
    if call.manager == "bundle":
        return fix("Hold to the lock file", insert_line_before(run.instruction, "ENV BUNDLE_FROZEN=1"))
    flag = locked_option(run, call)
    slip = but_for_its_dashes(call, flag)
    if slip is None and is_caught(run, call.command):
        return None
    weaker = slip or (call.flag_word("--pure-lockfile") if call.manager == "yarn" else None)
    if weaker is not None and run.instruction.exec_form is None:
        return fix(f"Write `{flag}`", replace(run.instruction.source, weaker.span, flag))
    return fix(f"Add `{flag}`", add_option(run, call, flag))
