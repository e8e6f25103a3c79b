"""See private_key_generated.md."""

import posixpath
import re
from collections.abc import Iterator
from typing import NamedTuple

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
    within,
)
from rules.brought import texts_brought
from rules.copying.deletions import deleted_behind
from rules.facts.distributions import DEBIAN_FAMILY
from rules.model.audience import is_development_name, is_development_path, is_development_start
from rules.model.lineage import built_upon
from rules.model.work_folders import path_of
from rules.secrets.made_keys import HOST_KEYS, MAKERS, SELF_SIGNED, made_by
from rules.user.root.start_scripts import scripts_in_turn

_GENERATES_AT_START = re.compile(r"\b(?:openssl|ssh-keygen|keytool|dpkg-reconfigure|certtool|dropbearkey)\b")
_STARTS_SERVER = re.compile(r"\bsshd\b|\b(?:service|init\.d/)[ ]?ssh\b")
_OTHER_HOST_KEY = re.compile(r"(?<![#\w])HostKey[ \t=]+(?!/etc/ssh/)|\bsshd\b[^\n;&|]{0,200} -h\b")
"""What tells the SSH server to take a key from elsewhere (sshd_config(5), sshd(8))."""
_CLIENT = re.compile(r"/id_\w+\Z")


class _Key(NamedTuple):
    """A private key that a command of a RUN makes.

    Attributes:
        run: The RUN.
        command: The command.
        path: Where the key is kept, absolute.
        what: What is made, for the message.
        shared: Whether hosts of a cluster may be meant to have the same, or nobody trusts it but for a trial.
    """

    run: Run
    command: Command
    path: str
    what: str
    shared: bool


@rule(
    "private-key-generated",
    severity=Severity.WARNING,
    category=Category.SECURITY,
    keywords=("RUN",),
    mentions=(*MAKERS, "openssh-server"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A RUN makes a private key, and the image that ships keeps it."""
    if change.is_for_developers:
        return
    for stage in change.stages:
        for run in stage.runs:
            keys = _keys(change, run) if not run.deferred else ()
            found = next((key for key in keys if _stays(stage, key)), None)
            holder = _holder(change, stage, found) if found is not None else None
            if found is not None and holder is not None and not _is_replaced(change, holder, found):
                yield _problem(stage, found)


def _keys(change: DockerfileChange, run: Run) -> Iterator[_Key]:
    """Yield the keys that a RUN makes, where their path is known."""
    for command in run.calls(*MAKERS):
        made = made_by(command)
        path = path_of(run, command, made.file) if made is not None else None
        if made is None or path is None or "$" in path or run.is_mounted(path):
            continue
        if not is_development_path(path) and not _is_left_to_build(run, command):
            trusted_by_nobody = made.what == SELF_SIGNED or _signs_itself(run.stage, path)
            what = SELF_SIGNED if trusted_by_nobody else made.what
            yield _Key(run, command, path, what, shared=trusted_by_nobody or bool(_CLIENT.search(path)))
    for call in run.package_calls if _makes_host_keys(change, run.stage) else ():
        if call.action == "install" and any(package.name == "openssh-server" for package in call.packages):
            yield _Key(run, call.command, HOST_KEYS, _HOST_KEYS_BY_PACKAGE, shared=False)


_HOST_KEYS_BY_PACKAGE = "installs `openssh-server`, which makes SSH host keys"


def _is_left_to_build(run: Run, command: Command) -> bool:
    """Whether a condition with a variable of the build decides: such an image may never be the one that ships."""
    above = (str(one) for one in run.calls("[", "[[", "test") if one.start < command.start)
    return command.conditional and any(run.scope.decided_by_argument(text) for text in above)


def _signs_itself(stage: Stage, path: str) -> bool:
    """Whether a certificate is signed with the key that it is for: `req -x509 -key k`, `x509 -req -signkey k`."""
    name = posixpath.basename(path)
    calls = (command for run in stage.runs for command in run.calls("openssl"))
    signing = (c.option("-signkey") or (c.option("-key") if c.has("-x509") else None) for c in calls)
    return any(posixpath.basename(key) == name for key in signing if key)


def _makes_host_keys(change: DockerfileChange, stage: Stage) -> bool:
    """Whether the package of the SSH server makes keys (its postinst, Debian), and an image starts that server."""
    if stage.runtime.distribution not in DEBIAN_FAMILY:
        return False
    holders = built_upon(stage)
    lines = [other.image.start_line() for other in holders]
    codes = (script.code for other in holders for script in scripts_in_turn(change, other))
    return any(_STARTS_SERVER.search(text) for text in (*lines, *codes))


def _stays(stage: Stage, key: _Key) -> bool:
    """Whether nothing deletes the key again: it is no matter what becomes of one that nobody uses."""
    at = key.run.at, key.command.start
    if deleted_behind(stage, key.path, at) is not None or stage.files.is_deleted(key.path):
        return False
    if key.path == HOST_KEYS:
        return not any("ssh_host" in deletion.path for deletion in stage.files.deletions)
    name = posixpath.basename(key.path)
    later = (one for one in key.run.calls("mv", "shred") if one.start > key.command.start)
    return not any(name in str(command) for command in later)


def _holder(change: DockerfileChange, stage: Stage, key: _Key) -> Stage | None:
    """Return the stage whose image ships the key: one upon the stage, or one that copies the key out of it."""
    for other in change.after.shipped:
        if is_development_name(other.name) or is_development_start(other.image.start_line()):
            continue
        if not _stays(other, key):
            continue
        if stage in other.chain:
            return other
        copies = (copy for copy in other.all_copies if copy.from_stage is not None and stage in copy.from_stage.chain)
        for copy in copies:
            paths = (copy.source_path(source) for source in copy.sources)
            if any(path is not None and within(key.path, path) for path in paths):
                return other
    return None


def _is_replaced(change: DockerfileChange, stage: Stage, key: _Key) -> bool:
    """Whether a start script, or one that a supervisor runs, makes keys by itself, or the server takes others.

    So it is where a compose file mounts something over the place.
    """
    mounts = (mount for build in change.repository.builds_of(change.path) for mount in build.mounts)
    if any(within(key.path, mount) for mount in mounts):
        return True
    scripts = (script.code for script in scripts_in_turn(change, stage))
    texts = (stage.image.start_line(), *scripts, *texts_brought(change, stage))
    if any(_GENERATES_AT_START.search(text) for text in texts):
        return True
    return key.path == HOST_KEYS and any(_OTHER_HOST_KEY.search(text) for text in (*texts, stage.model.code))


def _problem(stage: Stage, key: _Key) -> Problem:
    place = posixpath.dirname(key.path) if key.path == HOST_KEYS else key.path
    making = key.what if key.what == _HOST_KEYS_BY_PACKAGE else f"makes {key.what}"
    return Problem(
        key.command.span,
        f"{stage.label} {making} during the build: what lies in {quote(place)} is part of the image. Every container "
        "of it has the same key, and whoever can pull the image can read it. Make it when the container first starts, "
        "or mount it there.",
        Confidence.POSSIBLE if key.shared else Confidence.LIKELY,
        doubt="it may serve trials, or machines that are meant to share it" if key.shared else "it may serve trials",
        instruction=key.run.instruction,
        stage=stage.key,
        key=key.path,
    )
