"""See mount_owned_by_root.md."""

import re
from collections.abc import Iterator

from rules.api import (
    Category,
    Confidence,
    DockerfileChange,
    Fix,
    Model,
    Mount,
    Origin,
    Problem,
    Run,
    Severity,
    Stage,
    insert,
    once,
    quote,
    rule,
)
from rules.user.accounts import changes_user, name_of, runs_as_root

_OWNED = {"cache": "0755", "secret": "0400", "ssh": "0600"}
"""The mode of what a mount brings, unless it says another (reference, "RUN --mount")."""

_SPARING = {"pip": "pip", "pip3": "pip", "python": "pip", "python3": "pip", "composer": "Composer", "yarn": "Yarn"}
"""Programs that go on without a cache which they cannot write."""

_FAILING = frozenset("bun bundle cargo dotnet go gradle gradlew mvn mvnw npm npx pnpm uv".split())
"""Programs that stop when they cannot write into their cache."""

_HARMLESS = frozenset({"cd", "echo", "export", "mkdir", "set", "test", "true", "[", "corepack", "rm", "ls"})
_OTHERS_WRITE, _OTHERS_READ = re.compile("[2367]$"), re.compile("[4567]$")


@rule(
    "mount-owned-by-root",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    keywords=("RUN",),
    mentions=("type=cache", "type=secret", "type=ssh"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A RUN of an ordinary user has a cache, a secret or an SSH socket mounted that belongs to root."""
    for stage in change.stages:
        for run in stage.runs:
            if not run.instruction.flags or run.deferred or not run.is_read or runs_as_root(run) is not False:
                continue
            found = next((mount for mount in run.mounts if _is_shut(run, mount)), None)
            if found is not None and run.user.value is not None:
                yield _problem(stage, run, found, name_of(run.user.value))


def _is_shut(run: Run, mount: Mount) -> bool:
    """Whether the RUN's user may not use what the mount brings, and something in the RUN is there to use it."""
    options = mount.options
    if mount.type not in _OWNED or "$" in (mount.flag.value or "") or "from" in options or "gid" in options:
        return False
    owner = options.get("uid", "0")
    uid = _uid(run.stage, name_of(run.user.value or ""))
    if owner == uid or (owner != "0" and uid is None):
        return False
    reaches = _OTHERS_WRITE if mount.type == "cache" else _OTHERS_READ
    if reaches.search(options.get("mode", _OWNED[mount.type])) or not _users(run):
        return False
    if mount.type == "cache":
        # below /root nobody else's programs look for a cache, so they do not meet this one
        return bool(mount.target) and not mount.target.startswith("/root") and not _is_given(run.stage.model, mount)
    return mount.type == "ssh" or (
        bool(mount.target) and (mount.target in run.instruction.whole_value or _is_settings(mount.target))
    )


_SETTINGS = re.compile(
    r"/(?:\.npmrc|\.yarnrc(?:\.yml)?|\.netrc|\.pypirc|pip\.conf|\.git-credentials|auth\.json|settings\.xml|\.m2/.*)\Z"
)
"""Files of credentials that a package manager looks for by itself."""


def _is_settings(target: str) -> bool:
    return _SETTINGS.search(target) is not None


def _uid(stage: Stage, name: str) -> str | None:
    return name if name.isdecimal() else stage.users.uid_of(name)


def _users(run: Run) -> tuple[str, ...]:
    """The programs of the RUN that may use a mount: as its user, and not only to look whether it is there."""
    used = (c for c in run.commands if not changes_user(run, c))
    return tuple(dict.fromkeys(c.name for c in used if c.name and c.name not in _HARMLESS))


def _is_given(model: Model, mount: Mount) -> bool:
    """Whether another RUN gives the cache, which is the same one by its id, to somebody."""
    return mount.options.get("id", mount.target) in _given(model)


@once
def _given(model: Model) -> frozenset[str]:
    """The caches that a RUN changes the owner or the mode of."""
    return frozenset(
        mount.options.get("id", mount.target)
        for stage in model.stages
        for run in stage.runs
        if run.instruction.flags and run.calls("chown", "chmod", "install")
        for mount in run.mounts
        if mount.type == "cache"
    )


def _problem(stage: Stage, run: Run, mount: Mount, user: str) -> Problem:
    uid = _uid(stage, user)
    programs = _users(run)
    spared = mount.type == "cache" and all(name in _SPARING for name in programs)
    doubt = "another tag of the base image may run as root" if run.user.origin is Origin.BASE else ""
    if mount.type == "cache" and not spared and _FAILING.isdisjoint(programs):
        doubt = "the program may do without what is mounted"
    return Problem(
        mount.flag.span,
        f"{stage.label} runs this as {quote(user)}, and {_what(mount)} belongs to "
        f"{'root' if mount.options.get('uid', '0') == '0' else quote(mount.options['uid'])}, with mode "
        f"{mount.options.get('mode', _OWNED[mount.type])}. {_outcome(mount, programs, spared=spared)} "
        f"Give the mount the user's number: {quote(f'uid={uid}') if uid else '`uid=…`'}.",
        Confidence.LIKELY if doubt else Confidence.CERTAIN,
        doubt=doubt,
        instruction=run.instruction,
        stage=stage.key,
        key=f"{mount.type} {mount.target}",
        severity=Severity.WARNING if spared else None,
        fix=_fix(run, mount, uid),
    )


def _what(mount: Mount) -> str:
    if mount.type == "ssh":
        return "the SSH socket that it mounts"
    what = "the cache that is mounted at" if mount.type == "cache" else "the secret at"
    return f"{what} {quote(mount.target)}"


def _outcome(mount: Mount, programs: tuple[str, ...], *, spared: bool) -> str:
    if mount.type != "cache":
        return "It may not be read: the step stops with “permission denied”, or goes on without it."
    if spared:
        return f"{_SPARING[programs[0]]} cannot write there and goes on without a cache."
    program = next((name for name in programs if name in _FAILING), programs[0])
    return f"{quote(program)} cannot write there: the step stops with “permission denied”."


def _fix(run: Run, mount: Mount, uid: str | None) -> Fix | None:
    if uid is None or "uid" in mount.options or '"' in (mount.flag.value or ""):
        return None
    edit = insert(run.instruction.source, mount.flag.value_span.end, f",uid={uid}")
    return Fix("Give the mount to the user", (edit,))
