"""See mount_not_owned.md."""

import re
from collections.abc import Iterator

from rules.api import (
    Category,
    Confidence,
    DockerfileChange,
    Fix,
    Mount,
    Origin,
    Problem,
    Run,
    Severity,
    insert,
    quote,
    rule,
)
from rules.user.accounts import changes_user, name_of, runs_as_root

_OCTAL = re.compile(r"[0-7]{1,5}")
_GROUP = 0o070
_NEEDED = {"secret": 0o4, "ssh": 0o2, "cache": 0o3}
"""The bits for others without which a mount is closed to them: read a file, connect to a socket, make files."""
_GOES_ON = frozenset({"pip", "pipx", "poetry"})
"""Package managers that warn of a cache that they may not write, and do without it."""


@rule(
    "mount-not-owned",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    keywords=("RUN",),
    mentions=("type=cache", "type=secret", "type=ssh"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A RUN that is not root's mounts a cache, a secret or an SSH agent that belongs to root."""
    for stage in change.stages:
        if stage.runtime.is_windows:
            continue
        for run in stage.runs:
            if run.deferred or runs_as_root(run) is not False:
                continue
            if any(changes_user(run, command) for command in run.commands):
                continue
            for mount in run.mounts:
                owner = _closed_by(run, mount)
                if owner is not None:
                    yield _problem(run, mount, owner)


def _closed_by(run: Run, mount: Mount) -> str | None:
    """Return the uid whose mount it is, where the account of the RUN is another and the mode shuts it out.

    Without options a cache is 0:0 with mode 0755, a secret 0400 and an SSH socket 0600 (Dockerfile reference, "RUN
    --mount").
    """
    options = mount.options
    needed = _NEEDED.get(mount.type)
    if needed is None or (mount.type == "cache" and "from" in options):
        return None
    if mount.type == "secret" and "env" in options and "target" not in options:
        return None  # a variable, and no file
    owner, mode = options.get("uid", "0"), options.get("mode", "0")
    if not owner.isdecimal() or not _OCTAL.fullmatch(mode):
        return None
    bits = int(mode, 8)
    if bits & _GROUP or bits & needed == needed:
        return None
    uid = run.stage.users.uid_of(name_of(run.user.value or ""))
    if not owner.strip("0"):
        return "0"
    return owner if uid is not None and uid.isdecimal() and uid.lstrip("0") != owner.lstrip("0") else None


def _problem(run: Run, mount: Mount, owner: str) -> Problem:
    user = name_of(run.user.value or "")
    whose = "root" if owner == "0" else f"uid {owner}"
    managers = {call.manager for call in run.package_calls}
    mild = mount.type == "cache" and bool(managers) and managers <= _GOES_ON
    uid = run.stage.users.uid_of(user)
    number = uid if uid is not None and uid.isdecimal() else None
    option = f"`uid={number}`" if number else f"`uid=` with the number of {quote(user)}"
    exact = run.stage.facts is not None and run.stage.facts.exact
    sure = run.user.origin is not Origin.BASE or exact
    return Problem(
        mount.flag.span,
        f"{run.stage.label} mounts {_what(mount)} for a `RUN` of {quote(user)}, and it belongs to {whose}"
        f"{_mode(mount)}. {_then(mount, mild=mild)}. Give the mount {option}.",
        Confidence.LIKELY if sure else Confidence.POSSIBLE,
        doubt="a program may do without it" if mount.type == "cache" else "the step may not read it itself",
        stage=run.stage.key,
        key=f"{mount.type} {mount.options.get('id', '') or mount.target}",
        instruction=run.instruction,
        severity=Severity.WARNING if mild else None,
        fix=_fix(run, mount, number),
    )


def _what(mount: Mount) -> str:
    if mount.type == "ssh":
        return "the SSH agent"
    if mount.type == "cache":
        return f"the cache {quote(mount.target)}"
    return f"the secret {quote(mount.options.get('id') or mount.target)}"


def _mode(mount: Mount) -> str:
    if "mode" in mount.options:
        return f" with mode {quote(mount.options['mode'])}"
    return {"secret": ", who alone may read it (mode 0400)", "ssh": " (mode 0600)"}.get(mount.type, " (mode 0755)")


def _then(mount: Mount, *, mild: bool) -> str:
    if mild:
        return "It stays empty: each build downloads everything again, with a warning"
    if mount.type == "cache":
        return "The first program that writes there ends in “permission denied”, and the build with it"
    if mount.type == "ssh":
        return "`git` and `ssh` get no key from it, and the build ends in “Permission denied (publickey)”"
    return "Reading it ends in “permission denied”, and the build with it"


def _fix(run: Run, mount: Mount, number: str | None) -> Fix | None:
    """Add the number; one that is there names another account, for whatever reason."""
    if number is None or "uid" in mount.options:
        return None
    source, end = run.instruction.source, mount.flag.value_span.end
    quoted = source.text[end - 1 : end] in ("'", '"')
    return Fix(f"Mount it for uid {number}", (insert(source, end - quoted, f",uid={number}"),))
