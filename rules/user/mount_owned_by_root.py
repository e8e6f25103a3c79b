"""See mount_owned_by_root.md."""

import re
from collections.abc import Iterator

from rules.api import (
    BY_ARGUMENT,
    Category,
    Command,
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
    outcome_of_failure,
    quote,
    rule,
    within,
)
from rules.model.shell_scope import filled
from rules.user.accounts.running import changes_user, is_of_argument, may_be_in_root_group, name_of, runs_as_root
from rules.user.modes.granted import octal_bits

_OWNED = {"cache": "0755", "secret": "0400", "ssh": "0600"}
"""The mode of what a mount brings, unless it says another (reference, "RUN --mount")."""

_SPARING = {"pip": "pip", "pip3": "pip", "composer": "Composer", "yarn": "Yarn"}
"""Programs that go on without a cache which they cannot write."""

_FAILING = frozenset("bun bundle cargo dotnet go gradle gradlew mvn mvnw npm npx pnpm uv".split())
"""Programs that stop when they cannot write into their cache."""

_BERRY = re.compile(r"--immutable\b|/berry\b|\.yarn/cache\b")
"""What tells Yarn 2 and later, which stop (“EACCES: permission denied, copyfile”), from its first line."""

_HARMLESS = frozenset({"cd", "echo", "export", "mkdir", "set", "test", "true", "[", "corepack", "rm", "ls"})
_OF_HOME = re.compile(r"(/.*?)?/\.(?:cache|npm|local|m2|nuget|composer|ivy2|cargo)(?:/|\Z)")
"""Caches that programs keep in the home of whoever runs them."""

_WRITE, _READ = 0o2, 0o4
"""Connecting to a socket takes leave to write to it (unix(7))."""


@rule(
    "mount-owned-by-root",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    keywords=("RUN",),
    mentions=("cache", "secret", "ssh"),
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
    if _is_open(run, mount) or not _users(run):
        return False
    if mount.type == "cache":
        used = bool(mount.target) and not _is_elsewhere(run, mount.target) and not _keeps_none(run)
        return used and not _is_given(run.stage.model, mount)
    return mount.type == "ssh" or (
        bool(mount.target) and (mount.target in run.instruction.whole_value or _is_settings(mount.target))
    )


def _is_open(run: Run, mount: Mount) -> bool:
    """Whether the mode lets the user in who does not own it, or nobody may write there anyhow."""
    if mount.type == "cache" and {"ro", "readonly"} & set(mount.options):
        return True
    mode, need = mount.options.get("mode", _OWNED[mount.type]), _READ if mount.type == "secret" else _WRITE
    bits = octal_bits(mode) or 0
    return bool(bits & need or (may_be_in_root_group(run.user.value or "") and bits >> 3 & need))


_SETTINGS = re.compile(
    r"/(?:\.npmrc|\.yarnrc(?:\.yml)?|\.netrc|\.pypirc|pip\.conf|\.git-credentials|auth\.json|settings\.xml|\.m2/.*)\Z"
)
"""Files of credentials that a package manager looks for by itself."""


def _is_settings(target: str) -> bool:
    return _SETTINGS.search(target) is not None


def _uid(stage: Stage, name: str) -> str | None:
    return name if name.isdecimal() else stage.users.uid_of(name)


def _is_elsewhere(run: Run, target: str) -> bool:
    """Whether the user's programs look elsewhere for a cache: below root's home, or in that of somebody else."""
    if within(target, "/root"):
        return True
    match = _OF_HOME.match(target)
    if match is None or (match[1] or "").endswith("/node_modules"):
        return False
    home = _home(run.stage, name_of(run.user.value or ""))
    named = target in run.instruction.whole_value or any(
        setting.value and setting.value != "/" and within(target, setting.value)
        for name, setting in run.stage.image.env.items()
        if name not in ("PATH", "PWD")
    )
    return home is not None and (match[1] or "") != home and not named


def _home(stage: Stage, user: str) -> str | None:
    """Return the home of an account, as `HOME` or its making says; `None` for one of the base image's."""
    told = stage.image.env.get("HOME")
    if told is not None:
        return told.value.rstrip("/") if told.value else None
    account = next((one for one in stage.users.created if user in (one.name, one.uid)), None)
    if account is None:
        return "/home/node" if _uid(stage, user) == _uid(stage, "node") is not None else None
    option = account.command.option(
        "-d", "--home", "--home-dir", *(("-h",) if account.command.name == "adduser" else ())
    )
    home = filled(account.run, account.command, option) if option else f"/home/{account.name}"
    return home.rstrip("/") if home else None


def _keeps_none(run: Run) -> bool:
    """Whether pip alone would use a cache, and is told to keep none."""
    told = run.stage.image.env.get("PIP_NO_CACHE_DIR")
    off = "--no-cache-dir" in run.instruction.whole_value or (
        told is not None and told.value not in ("0", "off", "false")
    )
    return off and all(_SPARING.get(name) == "pip" for name in _users(run))


def _using(run: Run, mount: Mount | None = None) -> list[Command]:
    """The commands that may use a mount: those that name it, else all that run as the user and do more than look."""
    used = [c for c in run.commands if c.name and c.name not in _HARMLESS and not changes_user(run, c)]
    named = [c for c in used if mount is not None and mount.target and any(mount.target in w.value for w in c.words)]
    return named or used


def _users(run: Run, mount: Mount | None = None) -> tuple[str, ...]:
    """The names of their programs; of `python -m pip` that of the module."""
    return tuple(dict.fromkeys("pip" if _is_pip(c) else c.name for c in _using(run, mount)))


def _is_pip(command: Command) -> bool:
    words = [word.value for word in command.args[:2]]
    return command.name.startswith("python") and words == ["-m", "pip"]


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
    programs = _users(run, mount)
    caught = all(outcome_of_failure(run, command) == "caught" for command in _using(run, mount))
    sparing = all(name in _SPARING for name in programs) and not ("yarn" in programs and _is_berrys(run))
    spared = mount.type == "cache" and (caught or sparing)
    by_argument = is_of_argument(stage, run.user)
    doubt = "another tag of the base image may run as root" if run.user.origin is Origin.BASE else ""
    doubt = BY_ARGUMENT if by_argument else doubt
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
        fix=_fix(run, mount, uid) if not by_argument else None,
    )


def _is_berrys(run: Run) -> bool:
    return _BERRY.search(run.instruction.text) is not None


def _what(mount: Mount) -> str:
    if mount.type == "ssh":
        return "the SSH socket that it mounts"
    what = "the cache that is mounted at" if mount.type == "cache" else "the secret at"
    return f"{what} {quote(mount.target)}"


def _outcome(mount: Mount, programs: tuple[str, ...], *, spared: bool) -> str:
    if mount.type != "cache":
        used = "used" if mount.type == "ssh" else "read"
        return f"It may not be {used}: the step stops with “permission denied”, or goes on without it."
    if spared:
        program = _SPARING.get(programs[0], quote(programs[0]))
        return f"{program} cannot write there and goes on without a cache."
    program = next((name for name in programs if name in _FAILING), programs[0])
    return f"{quote(program)} cannot write there: the step stops with “permission denied”."


def _fix(run: Run, mount: Mount, uid: str | None) -> Fix | None:
    if uid is None or "uid" in mount.options or '"' in (mount.flag.value or ""):
        return None
    edit = insert(run.instruction.source, mount.flag.value_span.end, f",uid={uid}")
    return Fix("Give the mount to the user", (edit,))
