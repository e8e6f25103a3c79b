"""See tmp_folder_deleted.md."""

from collections.abc import Iterator
from itertools import islice

from rules.api import (
    Category,
    Command,
    Confidence,
    DockerfileChange,
    Fix,
    Problem,
    Run,
    Severity,
    ShellWord,
    Stage,
    fix,
    is_root_name,
    quote,
    replace,
    rule,
    within,
)
from rules.model.folders import TEMPORARY

_ROOT_BY = frozenset({"sudo", "doas"})
_MAKES = frozenset({"mkdir", "install", "ln", "cp", "mv", "mktemp", "tar", "unzip"})
"""Commands that may put a folder there again."""


@rule(
    "tmp-folder-deleted",
    severity=Severity.WARNING,
    category=Category.CORRECTNESS,
    keywords=("RUN",),
    mentions=("/tmp",),  # noqa: S108 - a word of the file
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """What ships has lost `/tmp`: a RUN deletes the folder itself, and not what is in it."""
    for stage, _ in change.shipped():
        for one in stage.chain:
            for run in one.runs if not stage.runtime.is_windows else ():
                for command, word, folder in islice(_deleted(run), 1):
                    if not _comes_back(stage, run, command, folder) and not _is_mounted(change, folder):
                        yield _problem(change, stage, run, command, word, folder)


def _deleted(run: Run) -> Iterator[tuple[Command, ShellWord, str]]:
    """Yield the deletions of such a folder as a whole, where it is no mount."""
    for command in run.calls("rm"):
        recursive = command.has("-r", "-R", "--recursive")
        for word in command.operands() if recursive and not command.conditional and run.is_read else ():
            folder = "/" + word.value.strip("/")
            mounted = any(within(run.resolve(mount.target) or "", folder) for mount in run.mounts)
            whole = folder in TEMPORARY and word.value.startswith("/") and word.literal
            if whole and not mounted and _is_by_root(run, command):
                yield command, word, folder


def _is_by_root(run: Run, command: Command) -> bool:
    """Whether root deletes it: to others the root folder is closed, and `rm` fails at the folder itself.

    Upon a base that is not known, an account that calls `sudo` beside it is hardly root.
    """
    if not _ROOT_BY.isdisjoint(command.wrappers):
        return True
    user = run.user.value
    if user:
        return is_root_name(user.partition(":")[0])
    return run.stage.base_known or all(_ROOT_BY.isdisjoint(one.wrappers) for one in run.commands)


def _comes_back(stage: Stage, run: Run, command: Command, folder: str) -> bool:
    """Whether something behind may make the folder again: a command that names it, a COPY, a volume."""
    later = [step for step in stage.all_steps if step.at > run.at]
    commands = [c for other in stage.all_runs for c in other.commands if (other.at, c.start) > (run.at, command.start)]
    return (
        any(c.name in _MAKES and folder in str(c) for c in commands)
        or any(folder in step.instruction.value for step in later if step.instruction.keyword in ("COPY", "ADD"))
        or any(put.path == folder or within(put.path, folder) for put in stage.files.puts if put.step.at > run.at)
        or any(folder in i.value for i in stage.instructions if i.keyword in ("VOLUME", "WORKDIR"))
    )


def _is_mounted(change: DockerfileChange, folder: str) -> bool:
    """Whether a compose file mounts something there."""
    return any(folder in (*build.mounts, *build.memory) for build in change.repository.builds_of(change.path))


def _problem(
    change: DockerfileChange, stage: Stage, run: Run, command: Command, word: ShellWord, folder: str
) -> Problem:
    """Say less of `/var/tmp`, which is for what has to outlive a restart: few programs look for it first."""
    of_all = folder == "/tmp"  # noqa: S108 - a word of the file
    who = "Programs that need a temporary file then fail" if of_all else "What puts temporary files there then fails"
    return Problem(
        word.span,
        f"{stage.label} ships without {quote(folder)}: {quote(str(command), 60)} deletes the folder itself, and "
        f"nothing makes it again. {who}, and nobody but root can make the folder. Delete what is in it: "
        f"{quote(f'rm -rf {folder}/*')}.",
        Confidence.LIKELY,
        doubt="who runs the container may mount something there",
        instruction=run.instruction,
        stage=stage.key,
        key=folder,
        decision=f"contents of {folder}",
        mends_alike=True,
        minor=not of_all,
        fix=_contents(change, command, word, folder),
    )


def _contents(change: DockerfileChange, command: Command, word: ShellWord, folder: str) -> Fix | None:
    """Name what is in the folder; without `-f` the command would stop where that is nothing."""
    plain = word.text.rstrip("/") == folder and command.has("-f", "--force")
    return fix("Delete what is in it", replace(change.source, word.span, f"{folder}/*")) if plain else None
