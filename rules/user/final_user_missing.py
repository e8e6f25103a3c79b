"""See final_user_missing.md."""

import re
from collections.abc import Iterator

from rules.api import (
    ROOT_NAMES,
    Category,
    Confidence,
    DockerfileChange,
    Origin,
    Problem,
    Severity,
    Stage,
    quote,
    rule,
)
from rules.user.account_choice import Choice, choose, switch, works_in_roots_home
from rules.user.root_by_design import (
    HANDING_OVER,
    drops_privileges,
    is_for_developers,
    is_no_service,
    is_root_by_convention,
    serves_openly,
    unread_scripts,
)
from rules.user.start_scripts import start_scripts

_WRITES = re.compile(
    r"""(?mx)^\s*(?:(?:if|then|else|do|!)\s+)*(?:
        (?:mkdir|chown|chmod|mv|cp|ln|rm|touch|unlink|install|sed\s+-i|useradd|adduser|usermod|groupmod)\s[^\n|;&]*
        (?<=[\s"'])["']?(?:/(?!tmp/|dev/|proc/)\w|\$\{?[A-Z])
        |[^\n#]*>>?\s*["']?/(?!tmp/|dev/|proc/)\w
    )"""
)
"""A line of a script that makes or changes files where only root may, by and large."""


@rule(
    "final-user-missing",
    severity=Severity.WARNING,
    category=Category.SECURITY,
    keywords=("FROM",),
    aliases=("DS-0002", "CKV_DOCKER_3", "S6471"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """The image that ships never leaves root."""
    for stage, was in change.shipped():
        user = stage.image.user
        serves = not is_no_service(stage) or (was is not None and not is_no_service(was))
        if user.instruction is not None or not serves or is_for_developers(stage):
            continue
        root = stage.users.final_is_root if user.origin is not Origin.UNKNOWN else is_root_by_convention(stage)
        if root and not drops_privileges(change, stage):
            yield from _judge(change, stage)


def _judge(change: DockerfileChange, stage: Stage) -> Iterator[Problem]:
    """Leave out an image that makes an account and starts through a script of its own: the script switches to it."""
    scripts = unread_scripts(change, stage)
    if scripts and any(account.name not in ROOT_NAMES for account in stage.users.created):
        return
    writing = next((s.name for s in start_scripts(change, stage) if s.text and _WRITES.search(s.text)), None)
    choice = choose(stage) if writing is None else None
    base = quote(stage.root.base_text or "its base")
    way_out = f" {HANDING_OVER}" if scripts else _way_out(stage, choice, writing)
    hedge = f", unless {quote(scripts[0])} gives it up" if scripts else ""
    copied_from = stage.root.is_scratch and not serves_openly(stage)
    sure = stage.image.start_command and not scripts
    likely = Confidence.CERTAIN if sure else Confidence.LIKELY
    reason = (
        f"{quote(scripts[0])} was not read"
        if scripts
        else "the image may be there for others to copy its files"
        if copied_from and stage.image.start_command
        else "nothing in the file says what the container starts"
    )
    yield Problem(
        stage.from_.span,
        f"{stage.label} runs as root{hedge}: no `USER` is set, and {base} does not set one either. "
        f"Whoever breaks into the process owns the container's files, and an escape starts from root.{way_out}",
        Confidence.POSSIBLE if copied_from else likely,
        doubt=reason,
        stage=stage.key,
        key="user",
        fix=switch(stage, choice) if not scripts else None,
    )


def _way_out(stage: Stage, choice: Choice | None, writing: str | None) -> str:
    """Name the account to switch to; `writing` is a start script that changes files as root."""
    if writing is not None:
        return f" {quote(writing)} changes files as root. {HANDING_OVER}"
    if choice is None:
        return ""
    if works_in_roots_home(stage):
        return " Let it work outside `/root`, which is closed to others, and switch to an account of its own."
    return f" Switch to {quote(choice.user)} before the start command: {choice.why}."
