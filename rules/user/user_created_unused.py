"""See user_created_unused.md."""

import re
from collections.abc import Iterator

from rules.api import (
    ROOT_NAMES,
    Account,
    Category,
    Command,
    Confidence,
    Copy,
    DockerfileChange,
    Problem,
    Run,
    Severity,
    Stage,
    Start,
    is_root_name,
    quote,
    rule,
)
from rules.dockerfile.shell.nested import SHELLS
from rules.user.accounts.choice import switch, switch_to
from rules.user.accounts.running import is_root
from rules.user.accounts.sudo_rights import grants
from rules.user.layers import place
from rules.user.root.asked import (
    ELSEWHERE_UNKNOWN,
    root_may_be_meant,
    run_as_root,
    started_so,
)
from rules.user.root.by_design import drops_privileges, is_no_service, unread_scripts
from rules.user.root.for_callers import opens_home
from rules.user.root.own_programs import is_own
from rules.user.writing.hindrances import hindrances, in_its_way

_LOCAL_USER = re.compile(
    r"\bNew-LocalUser\s+(?:-Name\s+)?[\"']?([\w.-]+)|\bnet\s+user\s+([\w.-]+)\s.*?/add\b", re.IGNORECASE
)


@rule(
    "user-created-unused",
    severity=Severity.WARNING,
    category=Category.SECURITY,
    keywords=("RUN",),
    mentions=("useradd", "adduser", "localuser", "net"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """An account is made and the image runs as root all the same."""
    for stage in change.after.shipped:
        if stage.runtime.is_windows:
            yield from _check_windows(stage)
        elif is_root(stage, stage.image.user) and not drops_privileges(change, stage) and not is_no_service(stage):
            unused = [account for account in stage.users.created if not _is_used(stage, account)]
            unused = [account for account in unused if not _becomes_root(stage, account)]
            if unused and not unread_scripts(change, stage) and not opens_home(stage):
                yield _problem(change, stage, unused[-1])


def _is_used(stage: Stage, account: Account) -> bool:
    """Whether anything but its making speaks of it: a chown, a COPY, a command, or a program of its name."""
    name = account.name
    if name in ROOT_NAMES or is_root_name(stage.users.uid_of(name) or ""):
        return True
    started = [s.value for s in stage.image.start_command if s.value]
    if any(one.program.startswith(name) and not is_own(stage, one) for one in started):
        return True  # a daemon that switches to the account of its name
    word = _spoken_of(stage, account)
    for step in stage.done_steps:
        instruction = step.instruction
        if isinstance(step, Run):
            others = [command for command in step.commands if command.name not in _MAKERS and not _is_script(command)]
            if any(word.search(one.value) for command in others for one in command.words):
                return True
        elif isinstance(step, Copy):
            if word.search(step.option("chown") or ""):
                return True
        elif instruction.keyword in ("ENV", "VOLUME") and word.search(str(instruction)):
            return True
    return any(word.search(_without_modules(_told(stage, one))) for one in started)


def _becomes_root(stage: Stage, account: Account) -> bool:
    """Whether the account runs everything as root without a password: as that account nothing is safer."""
    return any(who in (account.name, "ALL") for _, _, who in grants(stage))


def _is_script(command: Command) -> bool:
    """Tell `sh -c "…"`, whose commands follow one by one."""
    return command.name in SHELLS and command.has("-c")


def _told(stage: Stage, start: Start) -> str:
    """The start command, without the program's own name where it is the project's."""
    return " ".join(start.text.split()[1:]) if is_own(stage, start) else start.text


def _without_modules(start: str) -> str:
    """Leave out `app:main`, which names a module and what is in it, unless a `chown` gives such a word a meaning."""
    return start if "chown" in start else " ".join(word for word in start.split() if ":" not in word)


def _spoken_of(stage: Stage, account: Account) -> re.Pattern[str]:
    """Match the account where it is meant: its name as a word, not `/app` or `app.py`, or its number as an owner's."""
    name = rf"(?<![\w./-]){re.escape(account.name)}(?![\w./-])"
    uid = stage.users.uid_of(account.name)
    return re.compile(rf"{name}|^{uid}(?:$|:)" if uid is not None and uid.isdecimal() else name)


_MAKERS = frozenset(
    {"useradd", "adduser", "groupadd", "addgroup", "usermod", "groupmod", "passwd", "chpasswd", "echo", "mkdir"}
)


def _problem(change: DockerfileChange, stage: Stage, account: Account) -> Problem:
    user = stage.image.user
    left = "no `USER` follows" if user.instruction is None else f"the last `USER` is {quote(user.value or '')}"
    choice = switch_to(stage, account)
    hindrance = hindrances(change, stage, account.name)
    sure = Confidence.CERTAIN if stage.image.start_command else Confidence.LIKELY
    said = started_so(change, stage)
    return Problem(
        place(account.run, account.command),
        f"{stage.label} makes the account {quote(account.name)} and runs as root all the same: {left}. Whoever "
        "breaks into the process owns the container's files, and an escape starts from root. Put "
        f"{quote(f'USER {choice.name}' if choice.edits else choice.line)} above the start command."
        f"{in_its_way(hindrance)}{f' {said}' if said else ''}",
        Confidence.POSSIBLE if said or run_as_root(change, stage) else sure,
        doubt=ELSEWHERE_UNKNOWN if said else root_may_be_meant(stage),
        stage=stage.key,
        instruction=account.run.instruction,
        key=account.name,
        fix=switch(stage, choice) if user.instruction is None and hindrance is None else None,
    )


def _check_windows(stage: Stage) -> Iterator[Problem]:
    """PowerShell is not read; the one command that makes an account is looked for by its name."""
    if any(step.instruction.keyword == "USER" for step in stage.done_steps):
        return
    for run in stage.done_runs:
        match = _LOCAL_USER.search(run.instruction.whole_value)
        name = (match[1] or match[2]) if match is not None else ""
        if name and not _is_given_files(stage, name):
            yield Problem(
                run.instruction.span,
                f"{stage.label} makes the account {quote(name)} and runs as the administrator all the same: no `USER` "
                f"follows. Put {quote(f'USER {name}')} above the start command.",
                Confidence.LIKELY,
                doubt="PowerShell was searched for that command, not understood",
                stage=stage.key,
                key=name,
            )
            return


def _is_given_files(stage: Stage, name: str) -> bool:
    """Whether a RUN gives the account rights to files, or starts something as it."""
    program = r"\b(?:icacls|AccessRule|runas|schtasks|sc(?:\.exe)?|appcmd)\b"
    uses = re.compile(rf"{program}[^\n]*\b{re.escape(name)}\b", re.IGNORECASE)
    return any(uses.search(run.instruction.whole_value) for run in stage.done_runs)
