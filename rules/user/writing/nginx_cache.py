"""The folder in which the official image's nginx makes its own at the start, given to the account before a change."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.api import Confidence, Note, Problem, folders_of, quote, within
from rules.user.owners.ownership import access

if TYPE_CHECKING:
    from rules.api import DockerfileChange, Stage
    from rules.user.writing.closed_folders import Accounts

_CACHE = "/var/cache/nginx"
"""Root's in `nginx`; every start makes `client_temp` and four others below it, unless the settings name other folders
(the image's documentation, "Running nginx as a non-root user")."""
_ELSEWHERE = "_temp_path"
"""How the settings' names end that send those folders elsewhere (`client_body_temp_path`)."""


def lost_cache_of_nginx(change: DockerfileChange, stage: Stage, was: Stage, accounts: Accounts) -> Problem | None:
    """Return the problem where an image of nginx keeps its account, and loses what gave it that folder."""
    user = stage.image.user.instruction
    if user is None or not all(_starts_nginx(one) for one in (stage, was)) or not accounts.same:
        return None
    before = access(was, _CACHE, accounts.before)
    if before.writable is not True or before.decided_by is None or _is_touched(stage):
        return None
    texts = (change.repository.text(path) or "" for path in change.repository.files)
    if any(_ELSEWHERE in text for text in texts):
        return None
    return Problem(
        user.span,
        f"{stage.label} runs nginx as {quote(accounts.user)}, and {quote(_CACHE)} is root's again: what gave it away "
        "before this change has gone. nginx makes its folders for temporary files there when it starts, and ends with "
        f"“permission denied”. Give it to {quote(accounts.user)} with `chown` above this line, or start from "
        "`nginxinc/nginx-unprivileged`.",
        Confidence.LIKELY,
        doubt="a configuration that was not read may name other folders",
        instruction=user,
        stage=stage.key,
        key=_CACHE,
        notes=(Note(before.decided_by.instruction.span, "given to it here", before=True),),
    )


def _starts_nginx(stage: Stage) -> bool:
    """Whether it is the official image, which starts nginx by itself or by what the file says."""
    starts = [setting.value for setting in stage.image.start_command if setting.value is not None]
    official = stage.facts is not None and stage.facts.name == "nginx"
    return official and any("nginx" in word for start in starts for word in start.words)


def _is_touched(stage: Stage) -> bool:
    """Whether something may give the folder away, or mounts another one there."""
    rows = stage.files.attribute_changes
    if stage.files.has_unreadable_run or stage.files.covering(_CACHE) or stage.files.opaque_commands:
        return True
    if any(row.path is None or row.path in folders_of(_CACHE) or within(row.path, _CACHE) for row in rows):
        return True
    return any(within(_CACHE, volume.value or "/") for volume in stage.image.volumes)
