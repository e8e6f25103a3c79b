"""See secret_mount_world_readable.md."""

import re
from collections.abc import Iterator

from rules.api import Category, Confidence, DockerfileChange, Fix, Mount, Problem, Run, Severity, quote, replace, rule
from rules.secrets.tls.authorities import is_for_all
from rules.user.accounts.running import changes_user, name_of, runs_as_root
from rules.user.modes.granted import octal_bits

_BY_OTHERS = {"secret": 0o004, "ssh": 0o002}
"""What lets every account use it: a file is read; connecting to a socket takes leave to write to it (unix(7))."""
_DEFAULTS = {"secret": "0400", "ssh": "0600"}
_DROPS = frozenset({"apt", "apt-get", "aptitude"})
"""They fetch as `_apt`, which reads certificates and keys of clients."""


@rule(
    "secret-mount-world-readable",
    severity=Severity.WARNING,
    category=Category.SECURITY,
    keywords=("RUN",),
    mentions=("secret", "ssh"),
    aliases=("S6469",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A secret is mounted so that every account of the build can read it."""
    for stage in change.stages:
        for run in stage.runs:
            for mount in run.mounts:
                mode = mount.options.get("mode", "")
                bits = octal_bits(mode) if mount.type in _BY_OTHERS else None
                if bits is not None and bits & _BY_OTHERS[mount.type] and not _is_public(mount):
                    yield _problem(change, run, mount, mode)


def _is_public(mount: Mount) -> bool:
    """Whether it is meant for all: a list of authorities, a public key; or no file, but a variable alone."""
    return mount.type == "secret" and (not mount.target or is_for_all(mount.target))


def _is_read_by_others(run: Run) -> bool:
    """Whether a command of the RUN works as another account, which may be the one that is to read it."""
    return any(changes_user(run, command) or command.name in _DROPS for command in run.commands)


def _problem(change: DockerfileChange, run: Run, mount: Mount, mode: str) -> Problem:
    others = _is_read_by_others(run)
    what, uses = ("the SSH socket", "use") if mount.type == "ssh" else ("the secret", "read")
    name = mount.options.get("id", mount.target)
    return Problem(
        mount.flag.span,
        f"{what}{f' {quote(name)}' if name else ''} is mounted with mode {quote(mode)}: while this `RUN` works, every "
        f"account can {uses} it, those of installed packages' scripts included. The default, {_DEFAULTS[mount.type]}, "
        "is for its owner alone; give it another owner with `uid=` if need be.",
        Confidence.POSSIBLE if others or runs_as_root(run) is False else Confidence.CERTAIN,
        instruction=run.instruction,
        stage=run.stage.key,
        key=mount.options.get("id", ""),
        fix=_fix(change, run, mount) if not others else None,
    )


def _fix(change: DockerfileChange, run: Run, mount: Mount) -> Fix | None:
    """Leave the mode to the owner; where the RUN is another account's than root's, that is to be the owner."""
    mode = re.compile(rf"mode=([\"']?){re.escape(mount.options['mode'])}\1")
    owner = f"mode={_DEFAULTS[mount.type]}"
    if runs_as_root(run) is not True and "uid" not in mount.options:
        uid = run.stage.users.uid_of(name_of(run.user.value or ""))
        if uid is None or not uid.isdecimal():
            return None
        owner = f"uid={uid},{owner}"
    text = mode.sub(owner, change.source.cut(mount.flag.value_span))
    uses = "use" if mount.type == "ssh" else "read"
    return Fix(f"Let the owner alone {uses} it", (replace(change.source, mount.flag.value_span, text),))
