"""See write_as_non_root.md."""

from collections.abc import Iterator

from rules.api import (
    Category,
    Confidence,
    DockerfileChange,
    Note,
    Problem,
    Severity,
    Stage,
    quote,
    rule,
    written_by,
)
from rules.user.accounts.running import name_of
from rules.user.owners.kept import leaves_nothing
from rules.user.owners.ownership import access
from rules.user.writing.refused_writes import Refused, first_refused_write, makes_folders, refused_writes
from rules.user.writing.unwritable_installs import handed_over, unwritable_install


@rule(
    "write-as-non-root",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    keywords=("USER",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A RUN makes a file or a folder where only root may, as an ordinary user."""
    for stage in change.stages:
        if stage.runtime.is_windows or stage.facts is None or stage.index not in change.after.needed_by_shipped:
            continue
        found = first_refused_write(stage)
        if found is not None:
            yield _problem(stage, found)


def _problem(stage: Stage, found: Refused) -> Problem:
    run, command, folder = found.run, found.write.command, found.folder
    user, instruction = run.user.value or "", run.user.instruction
    assert instruction is not None, "only what the file sets was looked at"
    step = access(stage, folder, name_of(user), before=run).decided_by
    line = "" if step is None else f", as line {step.instruction.line} leaves it"
    path = found.write.path
    way_out, verb = "Put the step above the `USER`.", "takes away" if found.taken else "writes"
    if _makes_more(found):  # which is to be the account's
        way_out = "Put that command in a step of its own above the `USER`."
    if _goes_on(stage, found):
        way_out = f"Give the folder to {quote(user)} above the `USER`, as root: {quote(handed_over(run, folder))}."
    if found.taken:
        way_out = f"Give the folder to {quote(user)}, or put that command in a step of its own above the `USER`."
    if makes_folders(command):
        given = quote(f"mkdir -p {path} && chown {user} {path}")
        way_out, verb = f"Make it above the `USER`, and give it away there: {given}.", "makes"
    return Problem(
        command.span,
        f"{stage.label} {verb} {quote(path)} as {quote(user)} (line {instruction.line}), and {quote(folder)} belongs "
        f"to root{line}. The build stops here with “Permission denied”. {way_out}",
        Confidence.LIKELY,
        doubt="the account may have been given that folder out of sight",
        instruction=run.instruction,
        stage=stage.key,
        key=path,
        notes=(Note(instruction.span, f"{user} from here on"),),
    )


def _makes_more(found: Refused) -> bool:
    """Whether the RUN leaves other files than the refused one."""
    writes = any(write.path != found.write.path for write in written_by(found.run))
    return writes or not all(map(leaves_nothing, found.run.commands))


def _goes_on(stage: Stage, found: Refused) -> bool:
    """Whether the account works in the folder of root's, and later RUNs would write there, too."""
    if found.folder in ("/", "") or found.folder != found.run.workdir.value:
        return False
    later = [run for run in stage.runs if run.at > found.run.at]
    installs = (unwritable_install(run) for run in later)
    return any(one is not None and one.folder == found.folder for one in installs) or any(
        other.folder == found.folder for run in later for other in refused_writes(run)
    )
