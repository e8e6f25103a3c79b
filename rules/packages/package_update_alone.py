"""See package_update_alone.md."""

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence

from rules.api import (
    Category,
    Command,
    Confidence,
    DockerfileChange,
    Edit,
    Fix,
    PackageCall,
    Problem,
    Run,
    Severity,
    Stage,
    append_to_run,
    as_root,
    delete_command,
    ends_for_good,
    fix,
    insert,
    joint_of,
    once,
    quote,
    replace,
    rule,
    tail_start,
)
from rules.model.lineage import built_upon
from rules.packages.caches.left import adding_fetches
from rules.packages.indexes.signing_keys import names_old_releases
from rules.packages.lists.absent import LISTS
from rules.packages.lists.in_need import in_need_here
from rules.packages.lists.own import cleans, fetching_too, ships
from rules.packages.options import spelled
from rules.packages.scripts import is_own_program

_LISTS = {
    "apt": LISTS,
    "apk": "/var/cache/apk",
    "zypper": "/var/cache/zypp",
    "dnf": "/var/cache/dnf",
    "yum": "/var/cache/yum",
}
_SCRIPTS = frozenset(
    "bash sh ash dash zsh . source xargs gdebi dpkg npx playwright rosdep mk-build-deps equivs-build tasksel apt-cache "
    "apt-file apt-rdepends unattended-upgrade unattended-upgrades ansible-playbook ansible-pull puppet chef-solo "
    "chef-client salt-call make just task".split()
)
"""Programs that run scripts, or install from or read the lists by themselves."""
_PLAYWRIGHT = frozenset({"playwright", "patchright"})
"""They call apt for `--with-deps`, however they are started: `pnpm exec playwright`, `python -m playwright`."""
_FUNCTION = re.compile(r"\b([A-Za-z_][\w-]*)\s*\(\)")
"""The name of a function that a script defines, and may install with further down."""
_FEW = 4
"""RUNs that a repair may touch: one that writes the same command into more is no layout that anybody wants."""
_USING = frozenset({"install", "upgrade", "download"})


@rule(
    "package-update-alone",
    severity=Severity.WARNING,
    category=Category.BUILD_CACHE,
    keywords=("RUN",),
    mentions=("update", "refresh", "makecache"),
    aliases=("DS-0017", "CKV_DOCKER_5", "S6595", "DF028", "CIS-DI-0007"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """The package lists are fetched in one layer and used in another."""
    reported: set[int] = set()
    for stage, run in change.after.layers.all_runs:
        call = _last_update(run)
        if call is None or stage.runtime.package_manager not in (None, call.manager):
            continue
        if call.has("--gpg-auto-import-keys"):
            continue  # which is what it is for: the install would ask
        if _is_frozen(stage):
            continue
        if not run.is_mounted(_LISTS[call.manager]) and not _may_use(run, call):
            yield _problem(stage, run, call)
            reported.add(stage.index)
    for stage in change.stages:
        if reported.isdisjoint(one.index for one in stage.chain) and not _is_frozen(stage):
            borrowed = list(_borrowed(stage))
            if borrowed:
                yield _lent(stage, *borrowed[0], alone=len(borrowed) == 1)


@once
def _is_frozen(stage: Stage) -> bool:
    """Whether packages come from an archive that never changes, so that lists of any day fit what it has."""
    return any(names_old_releases(step.instruction.whole_value) for step in stage.all_steps)


def _borrowed(stage: Stage) -> Iterator[tuple[Run, Run, PackageCall]]:
    """Yield the installs from lists that an earlier RUN fetched for itself, and kept, behind both RUNs."""
    lender: Run | None = None
    relying = {id(run) for run in in_need_here(stage)}
    for run in stage.done_runs:
        if lender is not None and run.stage is stage and not run.is_mounted(LISTS):
            call = next((c for c in run.package_calls if c.manager == "apt" and c.action == "install"), None)
            if call is not None and id(run) in relying and _is_plainly_named(run, call):
                yield lender, run, call
        updates = [c.command.start for c in run.package_calls if c.manager == "apt" and c.action == "update"]
        if updates:
            lender = run
        if lender is not None and (
            run.script.errors or _runs_script(run) or run.cleans_behind(max(updates, default=-1), "apt", "lists")
        ):
            lender = None


def _runs_script(run: Run) -> bool:
    """Whether a RUN runs a script, which may fetch lists or remove them."""
    return any(_is_script(command) for command in run.commands)


def _is_script(command: Command) -> bool:
    if command.name.endswith((".sh", ".py")) or "$" in command.name or command.name in _SCRIPTS:
        return True
    return is_own_program(command) or any(word.value in _PLAYWRIGHT for word in command.args)


def _is_plainly_named(run: Run, call: PackageCall) -> bool:
    """Whether it runs for certain, by name, and behind no script that may fetch lists itself, as NodeSource's does."""
    before = (command for command in run.commands if command.start < call.command.start)
    return not call.command.conditional and _names_packages(call) and not any(map(_is_script, before))


def _names_packages(call: PackageCall) -> bool:
    """Whether it installs one by name: a package file that lies there needs lists only for what it depends on."""
    return any(package.kind == "name" for package in call.packages)


def _lent(stage: Stage, lender: Run, run: Run, call: PackageCall, *, alone: bool) -> Problem:
    line = lender.instruction.line
    return Problem(
        call.command.span,
        f"{stage.label} installs with {quote(spelled(call))} from the package lists that line {line} fetched. When "
        f"only this line changes, the builder takes line {line} from its cache, old lists and all: the install "
        "asks for versions that the mirrors no longer have, and fails. Fetch the lists in this `RUN` too.",
        Confidence.LIKELY,
        doubt="the mirrors may still have those versions",
        stage=stage.key,
        key=call.manager,
        fix=fetching_too(run, call) if alone else None,  # further ones would still borrow
    )


def _last_update(run: Run) -> PackageCall | None:
    """Return the last call that does nothing but fetch lists; `add-apt-repository` does so by the way."""
    fetching = (call for call in reversed(run.package_calls) if call.action == "update" and call.subcommand is not None)
    return next((call for call in fetching if call.manager in _LISTS), None)


def _may_use(run: Run, update: PackageCall) -> bool:
    """Whether the same RUN installs from the lists, or runs something that may."""
    if any(
        call.manager == update.manager and call.action in _USING and call.command.start > update.command.start
        for call in run.package_calls
    ):
        return True
    if run.script.errors or run.cleans_behind(update.command.start, update.manager, "lists"):
        return True
    functions = set(_FUNCTION.findall(run.instruction.whole_value))
    later = (c for c in run.commands if c.start > update.command.start and not c.nested)
    return any(command.name in functions or _is_script(command) for command in later)


def _problem(stage: Stage, run: Run, call: PackageCall) -> Problem:
    users = _users(run) if call.manager == "apt" else []  # the others fetch old lists again by themselves
    chosen = bool(users) and (call.command.conditional or _installs_under_condition(users[0], call.manager))
    return Problem(
        call.command.span,
        _effect(stage, call, users),
        Confidence.CERTAIN if users and not chosen else Confidence.LIKELY,
        doubt="a condition decides which of them run" if chosen else "a script that was not read may use the lists",
        stage=stage.key,
        key=call.manager,
        fix=_joined(run, call, users) if users or call.manager != "apk" else _without(run, call),
    )


def _users(run: Run) -> list[Run]:
    """Return the RUNs below that install, or upgrade, from the lists which a RUN fetches: none fetches them anew."""
    below = run.stage.runs[bisect_right(run.stage.runs, run.index, key=_index) :]
    again = next((other.index for other in below if _last_update(other) or _adds_archive(other)), None)
    relying = {id(other) for other in in_need_here(run.stage)}
    using = (other for other in below if again is None or other.index < again)
    return [other for other in using if id(other) in relying or _upgrades(other, "apt")]


def _adds_archive(run: Run) -> bool:
    """Whether a RUN adds an archive before it installs anything, and fetches all lists by the way."""
    first = next((call for call in run.package_calls if call.manager == "apt"), None)
    return first is not None and first.action == "update" and first.subcommand is None and adding_fetches(run.stage)


def _effect(stage: Stage, call: PackageCall, users: Sequence[Run]) -> str:
    """Say what comes of it; `users` are the RUNs that rely on the lists."""
    short = quote(spelled(call))
    if users:
        user = users[0]
        first = user.instruction.line
        installs = any(one.manager == call.manager and one.action == "install" for one in user.package_calls)
        use = "install" if installs or not _upgrades(user, call.manager) else "upgrade"
        both = "both in" if len(users) <= _FEW else f"it and the {len(users)} that take from them into"
        return (
            f"{stage.label} fetches the package lists with {short} in a layer of its own, and line {first} {use}s "
            f"from them. When only line {first} changes, the builder takes this layer from its cache, old lists and "
            f"all: the {use} asks for versions that the mirrors no longer have, and fails. Put {both} one `RUN`."
        )
    if call.manager == "apk":
        return (
            f"{stage.label} fetches apk's index with {short} for nobody: {quote('apk add')} fetches it by itself, "
            f"and with {quote('--no-cache')} keeps none. The command can go."
        )
    return (
        f"{stage.label} fetches the package lists with {short} and installs nothing with them in the same `RUN`. "
        "The layer keeps lists that grow stale in the build cache. Fetch them in the `RUN` that installs, or not "
        "at all."
    )


def _installs_under_condition(run: Run, manager: str) -> bool:
    using = [call for call in run.package_calls if call.manager == manager and call.action in _USING]
    return all(call.command.conditional for call in using)


def _without(run: Run, call: PackageCall) -> Fix | None:
    """Drop an `apk update` that nothing uses: `apk add --no-cache` fetches its own index."""
    return fix("Drop `apk update`", delete_command(run, call.command))


def _index(run: Run) -> int:
    return run.index


def _joined(run: Run, call: PackageCall, users: Sequence[Run]) -> Fix | None:
    """Join this RUN with the one right below it, which installs; further ones that install fetch their own lists."""
    above = built_upon(run.stage)[1:]
    if call.manager == "apt" and any(map(in_need_here, above)):
        return None  # stages built upon this one install from the lists that the repair removes
    if any(map(_adds_archive, run.stage.runs)):
        return None  # the lists that this fetches are another layer's to clean up
    if len(users) > _FEW:
        return None
    if not users or users[0].index != run.index + 1 or not all(map(_is_plain, (run, *users))):
        return None
    below, source = users[0].instruction, run.instruction.source
    between = source.text[run.instruction.span.end : below.span.start]
    if between.strip() or run.commands[-1].before in ("||", "|"):
        return None
    joint = source.span(run.instruction.value_span.end, below.value_span.start)
    link = joint_of(users[0]) if below.line < below.end_line else f" {run.instruction.escape}\n && "
    edits: list[Edit | None] = [replace(source, joint, link)]
    if len(users) > 1:
        edits += [_fetching(other, source.cut(call.command.span)) for other in users[1:]]
    if ships(run) and call.manager == "apt":
        edits += [_clean_up(user, user is users[0]) for user in users if not cleans(user, call)]
    return fix("Fetch the lists in the `RUN` that installs", *edits)


def _upgrades(run: Run, manager: str) -> bool:
    """Whether a RUN upgrades or downloads with the lists: without them, an upgrade ends well and does nothing."""
    return any(call.manager == manager and call.action in ("upgrade", "download") for call in run.package_calls)


def _fetching(run: Run, update: str) -> Edit:
    instruction = run.instruction
    joint = " && " if instruction.line == instruction.end_line else f" {instruction.escape}\n && "
    return insert(instruction.source, instruction.value_span.start, f"{update}{joint}")


def _clean_up(run: Run, joined: bool) -> Edit | None:  # noqa: FBT001 - whether it stands on several lines already
    instruction = run.instruction
    become = next((as_root(call.command) for call in run.package_calls if call.manager == "apt"), "")
    command = f"{become}rm -rf {LISTS}/*"
    if ends_for_good(run):
        return None
    if not joined or instruction.line < instruction.end_line:
        return append_to_run(run, command)
    return insert(instruction.source, instruction.value_span.end, f" {instruction.escape}\n && {command}")


def _is_plain(run: Run) -> bool:
    instruction = run.instruction
    simple = not (instruction.flags or instruction.heredocs or run.deferred or run.script.is_array)
    if not simple or run.script.shell is not None or not run.commands or tail_start(run) != instruction.value_span.end:
        return False
    return not instruction.value.rstrip().endswith((";", "&"))
