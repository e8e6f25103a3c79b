"""See sudo_in_run.md."""

import re
from collections.abc import Iterator

from rules.api import (
    Category,
    Command,
    Confidence,
    DockerfileChange,
    Edit,
    Fix,
    Problem,
    Run,
    Severity,
    ShellWord,
    Stage,
    delete_word,
    fix,
    quote,
    rule,
)
from rules.purpose import is_made_for_developers
from rules.user.accounts.running import runs_as_root, runtime_user
from rules.user.accounts.sudo_rights import granted_to, withdrawn_behind
from rules.user.layers import place, shipped_runs
from rules.user.root.by_design import is_no_service

_HARMLESS_OPTIONS = frozenset({"-E", "-H", "-n", "-EH", "-HE", "--preserve-env", "--set-home", "--non-interactive"})
_AS_ANOTHER = re.compile(r"(?P<option>-[A-Zabeiknrs]*[ug]|--user|--group)=?(?P<value>.*)")
"""The options that name an account or a group, alone or behind others: `-iu app` (sudo(8))."""


@rule(
    "sudo-in-run",
    severity=Severity.WARNING,
    category=Category.SECURITY,
    keywords=("RUN",),
    mentions=("sudo",),
    aliases=("DL3004", "DS-0010", "CKV2_DOCKER_1", "DF010", "DKL-DI-0001"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A step of the build calls `sudo`."""
    for stage, run in shipped_runs(change):
        calls = [command for command in run.commands if _sudo_words(command) and _to_root(command)]
        calls = [command for command in calls if not _is_for_both(run, command)]
        if calls:
            yield _problem(change, stage, run, calls)


def _sudo_words(command: Command) -> tuple[ShellWord, ...]:
    """Return the word `sudo` with the words behind it; empty when the command is not called through it."""
    if "sudo" not in command.wrappers and command.name != "sudo":
        return ()
    words = command.words
    start = next((i for i, word in enumerate(words) if word.value.rsplit("/", 1)[-1] == "sudo"), None)
    return words[start:] if start is not None else ()


def _is_for_both(run: Run, command: Command) -> bool:
    """Whether a test for the user's number decides on it: the step is written for root and for others."""
    return command.conditional and any(
        other.name in ("id", "whoami") and other.start < command.start for other in run.commands
    )


def _to_root(command: Command) -> bool:
    """Whether it asks for root: `sudo -u app` runs a step as an ordinary user, which root may do; so does `-g`."""
    words = [word.value for word in _sudo_words(command)][1:]
    for index, word in enumerate(words):
        if not word.startswith("-") or word == "--":
            break
        match = _AS_ANOTHER.fullmatch(word)
        if match is not None:
            value = match["value"] or next(iter(words[index + 1 :]), "")
            return match["option"].endswith(("u", "user")) and value in ("root", "#0")
    return True


def _problem(change: DockerfileChange, stage: Stage, run: Run, calls: list[Command]) -> Problem:
    command = calls[0]
    root = runs_as_root(run)
    withdrawn = withdrawn_behind(stage, run, calls[-1]) if root is False else None
    what, then = _told(stage, run, withdrawn, root=root)
    sure = Confidence.LIKELY if root is None else Confidence.CERTAIN
    return Problem(
        place(run, command),
        f"{stage.label} calls `sudo`{what}: {quote(str(command))}. {then}",
        Confidence.POSSIBLE if withdrawn is not None or _is_meant(change, stage, root=root) else sure,
        decision=then,
        mends_alike=bool(root),
        doubt=_doubt(withdrawn, root=root),
        stage=stage.key,
        instruction=run.instruction,
        fix=_fix(run, calls) if root else None,
    )


def _doubt(withdrawn: Command | None, *, root: bool | None) -> str:
    if withdrawn is not None:
        return "the right to use it ends with the build"
    return "the user that the base image sets is not known" if root is None else "people may work in the container"


def _told(stage: Stage, run: Run, withdrawn: Command | None, *, root: bool | None) -> tuple[str, str]:
    """Say what `sudo` is called for, and what comes of it."""
    if root:
        return " in a step that already runs as root", (
            "It changes nothing, needs a package that most base images leave out, and ships a way to root with it. "
            "Leave the word out."
        )
    between = f"between `USER root` and {quote(f'USER {run.user.value}')}"
    if withdrawn is not None:
        return " to become root", (
            f"{quote(str(withdrawn), 80)} takes the right to it away again; a step of its own {between} needs neither."
        )
    if root is False:
        return " to become root", (
            "For that to work without a password, the image has to ship `sudo` and a rule that lets the account use "
            f"it, so whoever breaks into the process is root one command later. Run it in a step of its own {between}."
        )
    return "", (
        f"Where {quote(stage.root.base_text or 'the base')} runs as root it changes nothing; where it does not, a step "
        "of its own below `USER root` does the same without `sudo` and the right to use it."
    )


def _is_meant(change: DockerfileChange, stage: Stage, *, root: bool | None) -> bool:
    """Whether people, or agents in their place, work in the container, or its account has `sudo` at run time anyway.

    Of the last, `sudo-without-password` asks. A base that is not known may bring `sudo` for its own account.
    """
    if root is None:
        return not stage.packages.has("sudo")
    user = runtime_user(stage)
    granted = user is not None and next(granted_to(stage, user), None) is not None
    return not root and (granted or is_no_service(stage) or is_made_for_developers(change, stage))


def _fix(run: Run, calls: list[Command]) -> Fix | None:
    """Delete the word, with options that mean nothing without it."""
    if run.instruction.exec_form is not None:
        return None
    return fix("Leave out sudo", *(edit for command in calls for edit in _deleted(command)))


def _deleted(command: Command) -> list[Edit | None]:
    words = _sudo_words(command)
    gone = [words[0]]
    for word in words[1:]:
        if not word.value.startswith("-"):
            break
        if word.value not in _HARMLESS_OPTIONS:
            return [None]
        gone.append(word)
    if len(gone) == len(words):
        return [None]
    source, behind = command.source, words[len(gone)].start
    if source.text[gone[-1].end : behind].strip(" "):
        return [delete_word(source, source.span(gone[0].start, gone[-1].end))]
    return [Edit(source.span(gone[0].start, behind), "")]
