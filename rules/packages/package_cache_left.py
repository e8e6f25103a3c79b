"""See package_cache_left.md."""

import re
from collections.abc import Iterator

from rules.api import (
    Category,
    Command,
    Confidence,
    DockerfileChange,
    Fix,
    PackageCall,
    Problem,
    Run,
    Severity,
    Stage,
    append_to_run,
    as_root,
    comments_on,
    fix,
    quote,
    rule,
)
from rules.packages.caches.apk_leftovers import decision_of_apk, fact_of_apk, fix_of_apk, way_out_of_apk
from rules.packages.caches.left import (
    ARCHIVES,
    RPM,
    clears_by_configuration,
    is_kept_by_another,
    left_by,
    line_of_older_lists,
)
from rules.packages.indexes.sources import NODESOURCE
from rules.packages.lists.absent import LISTS
from rules.packages.lists.cleaning_scripts import is_cleaned_by_script
from rules.packages.lists.in_need import in_need, need_said
from rules.packages.lists.later_scripts import mindful_of_scripts
from rules.packages.options import spelled
from rules.quoting import capitalized

_SHELLS = ("bash", "sh", "source", ".")
_INLINE = re.compile(r"-[a-z]*c")

_MEANT = re.compile(
    r"(?<!not )(?<!n't )\b(?:keep|leave)\s+(?:(?:the|apt|apt's|package|dnf|yum)\s+)*(?:lists|index|cache)\b",
    re.IGNORECASE,
)
"""What a comment says of a cache that is left on purpose."""

_READS_LISTS = "apt-file"
"""What keeps its own data among apt's lists, and searches them when it runs (apt-file(1))."""


@rule(
    "package-cache-left",
    severity=Severity.WARNING,
    category=Category.SIZE,
    keywords=("RUN",),
    mentions=("apt", "apk", "dnf", "yum", "zypper", "nodesource", "conda", "mamba"),
    aliases=("DL3009", "DL3019", "DL3032", "DL3036", "DL3040", "DS-0015", "DS-0019", "DS-0020", "DS-0025", "S6587"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A layer that ships keeps the package manager's lists or downloads."""
    for stage, run in change.after.layers.shipped_runs:
        if change.after.is_for_developers(run.stage) or _MEANT.search(comments_on(run)):
            continue
        found = mindful_of_scripts(change, run, _check_run(change, stage, run)) if run.package_calls else []
        yield from found
        if NODESOURCE in run.instruction.whole_value and not any(problem.key == "apt" for problem in found):
            yield from _left_by_nodesource(stage, run)


def _check_run(change: DockerfileChange, stage: Stage, run: Run) -> Iterator[Problem]:
    done: set[str] = set()
    # apk's first call fetches the index; of the others the last that fills a cache speaks
    order = {call: call.command.start * (1 if call.manager == "apk" else -1) for call in run.package_calls}
    for call in sorted(order, key=lambda call: (call.action != "update", call.subcommand is None, order[call])):
        kept = "rpm" if call.manager in RPM else call.manager
        if kept in done:
            continue
        left = left_by(stage, run, call)
        if left[:1] == (LISTS,) and stage.packages.has(_READS_LISTS):
            continue
        if left and not is_cleaned_by_script(change, run, call):
            done.add(kept)
            yield _problem(change, stage, run, call, left)


def _left_by_nodesource(stage: Stage, run: Run) -> Iterator[Problem]:
    """Speak of the lists that NodeSource's script fetches, where a shell of the RUN runs it.

    A RUN that only pipes the script is told at its download, where `remote-script-piped-to-shell` asks for another
    archive: then no such lists are left to clean. What the RUN installs itself needs lists either way.
    """
    fetched = next((c for c in run.commands if any(NODESOURCE in word.value for word in c.args)), None)
    if fetched is None or run.is_mounted(LISTS) or clears_by_configuration(run):
        return
    shell = next((command for command in run.calls(*_SHELLS)), None)
    if shell is None or run.cleans_behind(shell.start, "apt", "lists"):
        return
    plain = not run.commands[-1].conditional and not in_need(run)
    clean = f"{as_root(shell)}rm -rf {LISTS}/*"
    yield Problem(
        shell.span if any(call.action == "install" for call in run.package_calls) else fetched.span,
        f"{stage.label} ships apt's package lists, 20 to 50 MB in {quote(LISTS)}: NodeSource's script fetches them "
        f"with {quote('apt-get update')}, and this layer keeps them. Clean up at the end of the same `RUN`: "
        f"{quote(clean)}. A later `RUN` takes nothing out of this layer.",
        Confidence.LIKELY,
        doubt="the script is not part of this repository",
        stage=stage.key,
        key="apt",
        fix=fix("Clean up in the same layer", append_to_run(run, clean)) if plain else None,
    )


def _problem(change: DockerfileChange, stage: Stage, run: Run, call: PackageCall, left: tuple[str, ...]) -> Problem:
    short = quote(spelled(call))
    if left[0] == LISTS:
        fact = _fact_of_lists(stage, short, line_of_older_lists(stage, run))
    elif left[0] == ARCHIVES:
        fact = f"{stage.label} ships every {quote('.deb')} that {short} downloads, in {quote(ARCHIVES)}: the image's"
        fact += f" {quote('docker-clean')}, which would delete them, is gone. Nothing at run time reads them"
    elif call.manager == "apk":
        fact = fact_of_apk(stage, run, call)
    else:
        fact = f"{stage.label} ships the downloads and indexes of {quote(call.program)}: {short} fetches them, and this"
        fact += " layer keeps them. Nothing at run time reads them"
    way_out, need = _way_out(run, call, left), need_said(run) if left[0] == LISTS else ""
    decision, heed = _shared(stage, run, call, left, way_out)
    return Problem(
        call.command.span,
        f"{fact}. {capitalized(way_out)}{f'; {need}' if need else ''}. A later `RUN` takes nothing out of this layer.",
        Confidence.LIKELY if call.command.conditional or _runs_script(run, call) else Confidence.CERTAIN,
        doubt="it runs under a condition" if call.command.conditional else "a script that was not read may clean up",
        stage=stage.key,
        key=call.manager,
        decision=decision,
        mends_alike=True,
        minor=_fetches_alone(run, call),
        heed=f"where {need}" if need else heed,
        held_before=is_kept_by_another(change, stage, run, call.manager),
        fix=_fix(run, call, left),
    )


def _shared(stage: Stage, run: Run, call: PackageCall, left: tuple[str, ...], way_out: str) -> tuple[str, str]:
    """Return what one answer mends in several layers, and what is to be heeded in this one."""
    if call.manager == "apk":
        return decision_of_apk(stage, run, call)
    if call.manager != "apt":
        return way_out, ""
    older = line_of_older_lists(stage, run) if left[0] == LISTS else None
    return f"{left[0]}; {way_out}", "with what is new by then" if older is not None else ""


def _fact_of_lists(stage: Stage, short: str, older: int | None) -> str:
    """Say that a layer keeps apt's lists: all of them, or what is new since another layer."""
    ships, fetches = f"{stage.label} ships apt's package lists", f"{short} fetches them, and this layer keeps"
    if older is None:
        return f"{ships}, 20 to 50 MB in {quote(LISTS)}: {fetches} them"
    return f"{ships} in {quote(LISTS)}: {fetches} what changed since line {older} (all, once line {older} cleans up)"


def _runs_script(run: Run, call: PackageCall) -> bool:
    """Whether a script that runs behind the call may clean up."""
    behind = (command for command in run.commands if command.start > call.command.start)
    return any(command.name.endswith(".sh") or _reads_file(command) for command in behind)


def _reads_file(command: Command) -> bool:
    """Whether a shell runs a script from a file: what stands behind `-c` was read with the other commands."""
    if command.name in _SHELLS[:2] and any(_INLINE.fullmatch(word.value) for word in command.args):
        return command.args[-1].value.startswith("$")
    return command.name in _SHELLS


def _way_out(run: Run, call: PackageCall, left: tuple[str, ...]) -> str:
    if call.manager == "apk":
        return way_out_of_apk(run, call)
    if _fetches_alone(run, call):
        return f"drop the command: {quote(call.program)} fetches them again where it installs"
    return f"clean up at the end of the same `RUN`: {quote(_clean_command(call, left))}"


def _fetches_alone(run: Run, call: PackageCall) -> bool:
    """Whether a RUN fetches the index of dnf or yum, and does nothing with it."""
    return call.verb == "makecache" and all(one.action == "update" for one in run.package_calls)


def _clean_command(call: PackageCall, left: tuple[str, ...]) -> str:
    """Return the command that cleans up, as root where the call itself became root first."""
    become = as_root(call.command)
    if call.manager == "apt":
        return f"{become}rm -rf {' '.join(f'{folder}/*' for folder in left)}"
    if call.manager == "conda":
        return f"{become}{call.program} clean --all --yes"
    return become + {"zypper": "zypper clean --all"}.get(call.manager, f"{call.program} clean all")


def _fix(run: Run, call: PackageCall, left: tuple[str, ...]) -> Fix | None:
    if call.manager == "apk":
        return fix_of_apk(run)
    last = run.package_calls[-1]
    if (
        call.command.conditional
        or _runs_script(run, call)
        or last.command.conditional
        or run.commands[-1].conditional
        or run.commands[-1].before == "||"
    ):
        return None
    if (left[0] == LISTS and in_need(run)) or _fetches_alone(run, call):
        return None
    return fix("Clean up in the same layer", append_to_run(run, _clean_command(call, left)))
