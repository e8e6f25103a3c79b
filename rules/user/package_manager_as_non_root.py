"""See package_manager_as_non_root.md."""

import re
from collections.abc import Iterator

from rules.api import (
    BY_ARGUMENT,
    OS_MANAGERS,
    Category,
    Command,
    Confidence,
    DockerfileChange,
    Edit,
    Fix,
    Note,
    Origin,
    Problem,
    Run,
    Severity,
    Stage,
    fix,
    insert_line_after,
    insert_line_before,
    names_read,
    outcome_of_failure,
    quote,
    rule,
    within,
)
from rules.user.accounts.running import changes_user, is_of_argument, runs_as_root
from rules.user.owners.kept import leaves_nothing
from rules.user.writing.refused_writes import first_refused_write
from rules.user.writing.unwritable_installs import Unwritable, handed_over, unwritable_install

_OF_ACCOUNT = re.compile(r"user|uid|root|owner", re.IGNORECASE)
_BRANCH = re.compile(r"\b(?:else|elif|fi|case|for|while|until|if)\b|\|\|")
_WRITING = frozenset({"install", "remove", "update", "upgrade"})
_ELSEWHERE = ("--installroot", "--root", "--usermode", "--download-only", "--simulate", "--dry-run", "--print-uris")
_LOCAL = {
    "dpkg": ("-i", "--install", "-r", "--remove", "-P", "--purge", "--configure"),
    "rpm": ("-i", "--install", "-U", "--upgrade", "-F", "--freshen", "-e", "--erase"),
}
"""The programs below the package managers, with the options that change what is installed."""
_OF_PHP = frozenset({"docker-php-ext-install", "docker-php-ext-enable", "install-php-extensions"})
"""Scripts that write below `/usr/local`, which is root's in the images of PHP (docker-library/php)."""
_ASKING = (
    *("-q", "--query", "-V", "--verify", "-K", "--checksig", "--eval", "--version", "--no-act", "--test"),
    *("--instdir", "--admindir", "--dbpath", "--prefix", "--relocate"),
)
"""With these `dpkg` and `rpm` only ask, or work elsewhere."""


@rule(
    "package-manager-as-non-root",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    keywords=("RUN",),
    mentions=(
        *("apt", "apk", "dnf", "yum", "zypper", "pacman", "dpkg", "rpm"),
        *("npm", "yarn", "bun", "corepack", "php-ext"),
    ),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A package manager runs under an ordinary user and may not write."""
    for stage in change.stages:
        if stage.index not in change.after.needed_by_shipped:
            continue
        failing = [(run, call) for run in stage.runs if (call := _failing_call(run)) is not None]
        here = [(run, call) for run, call in failing if not run.deferred]
        if here:
            yield _problem(stage, here)
        yield from (_in_children(stage, run, call) for run, call in failing if run.deferred)
        yield from _root_lost(change, stage)
        found = next((one for run in stage.runs if (one := unwritable_install(run)) is not None), None)
        if found is not None and not _stops_before(stage, found) and not (found.shared and _sets_prefix(change)):
            yield _unwritable(stage, found)


def _sets_prefix(change: DockerfileChange) -> bool:
    """Whether npm's settings in the repository lead what all share to another folder (npm-config, "prefix")."""
    files = change.repository.files.items()
    return any(path.endswith(".npmrc") and re.search(rb"(?m)^\s*prefix\s*=", data) for path, data in files)


def _root_lost(change: DockerfileChange, stage: Stage) -> Iterator[Problem]:
    """Ask after a `USER root` that the change takes away, where nobody knows as whom the base image runs."""
    was = change.was(stage)
    if was is None or was.root.base_text != stage.root.base_text:
        return
    then = {run.instruction.text: run for run in was.runs if runs_as_root(run) and run.user.set_in_file}
    for run in stage.runs:
        old = then.get(run.instruction.text)
        call = _writing_call(run) if old is not None and run.user.origin is Origin.UNKNOWN else None
        if old is None or old.user.instruction is None or call is None or run.deferred:
            continue
        yield Problem(
            call.span,
            f"{stage.label} runs {quote(str(call), 60)} as whoever {quote(stage.root.base_text or 'its base')} says: "
            f"this change takes away {quote(str(old.user.instruction))} above it. An ordinary user may not install "
            "packages, and the build stops. Does the base image run as root?",
            Confidence.POSSIBLE,
            doubt="the base image may run as root",
            stage=stage.key,
            key="root",
            instruction=run.instruction,
            notes=(Note(old.user.instruction.span, "root before", before=True),),
        )
        return


def _stops_before(stage: Stage, found: Unwritable) -> bool:
    """Whether the build stops earlier, of which write-as-non-root speaks; or at a `chown` of the folder in the step."""
    if any(
        row.step is found.run
        and row.path is not None
        and within(found.folder, row.path)
        and outcome_of_failure(found.run, row.command) == "stops"
        for row in stage.files.attribute_changes
    ):
        return True  # which chmod-as-non-root tells of
    refused = first_refused_write(stage)
    return refused is not None and refused.folder == found.folder and refused.run.at < found.run.at


def _unwritable(stage: Stage, found: Unwritable) -> Problem:
    """An install of Node.js packages that stops where only root may write."""
    user = quote(found.run.user.value or "")
    name = found.command.name
    if found.shared:
        whose = f"where {quote(stage.root.base_text or 'the base')} lets root alone write"
        way_out = f"Run it above `USER`, or between `USER root` and {quote(f'USER {found.run.user.value}')}"
    else:
        whose = "which belongs to root, as `WORKDIR`, `COPY` or the base image made it"
        chown = quote(handed_over(found.run, found.folder))
        way_out = f"Give the folder to {user} above this step, as root: {chown}"
        if found.folder == "/":
            way_out = f"Set a `WORKDIR` above this step that belongs to {user}"
    return Problem(
        found.command.span,
        f"{stage.label} runs {quote(str(found.command), 60)} as {user}; {quote(name)} writes to {quote(found.folder)}, "
        f"{whose}. The build stops with “permission denied”. {way_out}.",
        Confidence.LIKELY,
        doubt="the account may have been given that folder out of sight",
        stage=stage.key,
        key=f"{user} {found.folder}",
        instruction=found.run.instruction,
        fix=_fix(stage, [found.run], found.run.user.value or "") if found.shared else None,
    )


def _failing_call(run: Run) -> Command | None:
    return _writing_call(run) if runs_as_root(run) is False else None


def _writing_call(run: Run) -> Command | None:
    """Return the first command of a RUN that changes the system's packages, and whose failure stops the build."""
    writing = [
        call.command
        for call in run.package_calls
        if call.manager in OS_MANAGERS and call.action in _WRITING and not any(call.has(name) for name in _ELSEWHERE)
    ]
    writing += [command for command in run.calls(*_LOCAL) if _is_writing(command)]
    writing += run.calls(*_OF_PHP) if "php" in run.stage.runtime.languages else ()
    return next((c for c in sorted(writing, key=lambda c: c.start) if not _is_spared(run, c)), None)


def _is_writing(command: Command) -> bool:
    """Whether `dpkg` or `rpm` changes the system's own packages, rather than asks or unpacks elsewhere."""
    return command.has(*_LOCAL[command.name]) and not command.has(*_ASKING, *_ELSEWHERE)


def _is_spared(run: Run, command: Command) -> bool:
    """Whether the build survives the failure, or somebody else runs the command."""
    asked = command.conditional and _asking_argument(run, command) is None
    return asked or outcome_of_failure(run, command) == "caught" or changes_user(run, command)


def _asking_argument(run: Run, command: Command) -> str | None:
    """Return the build argument that decides about a command, where the RUN is one `if` that tests nothing else.

    `if [ -n "$OFFICE" ]; then apt-get …; fi` fails for everybody who gives it. A condition on the account, or one of
    several branches, may be what makes the command work.
    """
    test = next(iter(run.commands), None)
    if test is None or test.name not in ("[", "test", "[[") or not run.instruction.value.lstrip().startswith("if "):
        return None
    names: set[str] = {name for word in test.args for name in names_read(word.text)}
    known = [run.scope.get(name) for name in names]
    if not names or any(_OF_ACCOUNT.search(name) for name in names):
        return None
    between = command.source.text[test.end : command.start]
    if _BRANCH.search(between) or not all(one is not None and one.kind == "arg" for one in known):
        return None
    return min(names)


def _problem(stage: Stage, failing: list[tuple[Run, Command]]) -> Problem:
    run, call = failing[0]
    user = run.user
    from_base = user.instruction is None
    who = (
        f"the user that {quote(stage.root.base_text or 'the base')} sets"
        if from_base or user.instruction is None
        else f"set at line {user.instruction.line}"
    )
    exact = stage.facts is not None and stage.facts.exact
    argument = _asking_argument(run, call) if call.conditional else None
    when = f" for everybody who asks for it by {quote(argument)}" if argument is not None else ""
    by_argument = is_of_argument(stage, user)
    sure = argument is None and not by_argument and (user.origin is not Origin.BASE or exact)
    again = user.instruction.value if by_argument and user.instruction is not None else user.value or ""
    what = "PHP's extensions" if call.name in _OF_PHP else "the system's packages"
    return Problem(
        call.span,
        f"{stage.label} runs {quote(str(call))} as {quote(user.value or '')}, {who}. Only root may change "
        f"{what}, so the build fails here{when} with “permission denied”. "
        f"{_way_out([one for one, _ in failing], again)}",
        Confidence.CERTAIN if sure else Confidence.LIKELY,
        doubt=_doubt(argument, by_argument=by_argument),
        stage=stage.key,
        key=user.value or "",
        instruction=run.instruction,
        notes=tuple(Note(other.span, "fails for the same reason") for _, other in failing[1:]),
        fix=_fix(stage, [one for one, _ in failing], again),
    )


def _doubt(argument: str | None, *, by_argument: bool) -> str:
    if argument is not None:
        return "a build may never ask for it"
    return BY_ARGUMENT if by_argument else "the user is that of similar tags of the base image"


def _in_children(stage: Stage, run: Run, call: Command) -> Problem:
    """Speak of an ONBUILD trigger, which runs as the user that a child begins with, wherever it stands."""
    user = run.user.value or ""
    set_by = f"set at line {run.user.instruction.line}" if run.user.instruction is not None else "which its base sets"
    trigger = next(one for one in stage.instructions if one.trigger is run.instruction)
    base = "this one" if len(stage.model.stages) == 1 else stage.label
    edits = insert_line_before(trigger, "ONBUILD USER root"), insert_line_after(trigger, f"ONBUILD USER {user}")
    return Problem(
        call.span,
        f"an image built from {base} runs {quote(str(call))} as {quote(user)}, {set_by}: `ONBUILD` runs as the user "
        "that its base ends with, wherever it stands. Only root may change the system's packages, so that build fails "
        f"with “permission denied”. Put `ONBUILD USER root` above it and {quote(f'ONBUILD USER {user}')} below it.",
        Confidence.CERTAIN if run.user.origin is not Origin.BASE else Confidence.LIKELY,
        doubt="" if run.user.origin is not Origin.BASE else "the user is that of similar tags of the base image",
        stage=stage.key,
        key=f"ONBUILD {user}",
        instruction=trigger,
        fix=fix("Run the trigger as root", *edits) if "$" not in user and _is_for_root(run) else None,
    )


def _fix(stage: Stage, runs: list[Run], user: str) -> Fix | None:
    """Put the steps between `USER root` and the user they had; neighbours share the pair.

    What else a step does would be done as root as well, so there is none where it makes files of the user's.
    """
    failing = [run.instruction for run in runs]
    if "$" in user or not set(failing) <= set(stage.instructions):
        return None
    if not all(map(_is_for_root, runs)):
        return None
    edits: list[Edit | None] = []
    order = list(stage.instructions)
    for instruction in failing:
        at = order.index(instruction)
        if at == 0 or order[at - 1] not in failing:
            edits.append(insert_line_before(instruction, "USER root"))
        behind = order[at + 1] if at + 1 < len(order) else None
        if behind is None or (behind not in failing and behind.keyword != "USER"):
            edits.append(insert_line_after(instruction, f"USER {user}"))
    return fix("Run the step as root", *edits)


def _way_out(runs: list[Run], user: str) -> str:
    if all(map(_is_for_root, runs)):
        return f"Put `USER root` above the step and {quote(f'USER {user}')} below it."
    return f"Run it in a step of its own between `USER root` and {quote(f'USER {user}')}."


def _is_for_root(run: Run) -> bool:
    """Whether all of a step can be done as root: nothing in it makes files that would be the user's."""
    return all(leaves_nothing(command) or _is_of_all(command) for command in run.commands)


def _is_of_all(command: Command) -> bool:
    """Whether it is Node.js's manager at work on the packages and settings that all share."""
    shared = command.has("-g", "--global", "--location") or command.subcommand in ("cache", "config", "enable")
    return shared and command.name in ("npm", "pnpm", "yarn", "corepack")
