"""See sudo_without_password.md."""

from collections.abc import Iterator

from rules.api import (
    Category,
    Command,
    Confidence,
    DockerfileChange,
    Problem,
    Run,
    Severity,
    Stage,
    quote,
    rule,
)
from rules.user.accounts.running import runtime_user
from rules.user.accounts.sudo_rights import granted_to, grants
from rules.user.layers import place
from rules.user.root.by_design import is_built_upon_or_worked_in


@rule(
    "sudo-without-password",
    severity=Severity.WARNING,
    category=Category.SECURITY,
    keywords=("RUN",),
    mentions=("nopasswd",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """The container's account can become root with `sudo`, without a password."""
    for stage, was in change.shipped():
        user = runtime_user(stage)
        if user is None or is_built_upon_or_worked_in(stage) or _lacks_sudo(stage):
            continue
        found = next(granted_to(stage, user), None)
        if found is not None:
            yield _problem(stage, was, user, *found)


def _lacks_sudo(stage: Stage) -> bool:
    """Whether nothing brings `sudo` itself, which the base images that are known leave out: the line has no effect."""
    known = stage.facts is not None and not stage.files.has_unreadable_run
    return known and not stage.packages.has("sudo") and not any(put.path.endswith("/sudo") for put in stage.files.puts)


def _is_lost(was: Stage | None) -> bool:
    """Whether the image kept its account from being root before: neither did root run it, nor was there such a line."""
    return was is not None and runtime_user(was) is not None and not grants(was)


def _problem(stage: Stage, was: Stage | None, user: str, run: Run, command: Command, who: str) -> Problem:
    return Problem(
        place(run, command),
        f"{stage.label} runs as {quote(user)}, and {quote(str(command), 80)} lets {quote(who)} run every command as "
        "root without a password. Whoever gets into the program is root in the container, as if there were no "
        "`USER`. Do as root what needs it while the image is built, or name the one command that the account may run.",
        Confidence.LIKELY if _is_lost(was) else Confidence.POSSIBLE,
        doubt="the image may be made for people to work in",
        stage=stage.key,
        instruction=run.instruction,
        key=who,
    )
