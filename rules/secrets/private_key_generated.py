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
    is_development_file,
    quote,
    rule,
    within,
)
from rules.copying.deletions import deleted_behind
from rules.facts.distributions import DEBIAN_FAMILY
from rules.model.audience import is_development_name, is_development_start
from rules.model.work_folders import path_of
from rules.user.start_scripts import scripts_in_turn

_HOST_KEYS = "/etc/ssh/ssh_host_rsa_key"
"""One of the files that `ssh-keygen -A` writes (OpenSSH, ssh-keygen(1))."""
_GENERATES_AT_START = re.compile(r"\b(?:openssl|ssh-keygen|keytool|dpkg-reconfigure|certtool|dropbearkey)\b")
_NO_NEW_KEY = ("-l", "-y", "-R", "-F", "-H", "-e", "-i", "-s", "-p", "-c", "-K", "-k", "-Q", "-B", "-r")
"""Options of `ssh-keygen` that read or edit what is there."""
_ENCRYPTS = re.compile(r"-(?:aes\d*\S*|des3?|camellia\S*|aria\S*|passout|cipher)\Z")
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
    mentions=("openssl", "ssh-keygen", "keytool", "openssh-server"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A RUN makes a private key, and the image that ships keeps it."""
    if is_development_file(change.path):
        return
    for stage in change.stages:
        for run in stage.runs:
            found = next((key for key in _keys(run) if _stays(stage, key)), None) if not run.deferred else None
            holder = _holder(change, stage, found) if found is not None else None
            if found is not None and holder is not None and not _is_made_anew(change, holder):
                yield _problem(stage, found)


def _keys(run: Run) -> Iterator[_Key]:
    """Yield the keys that a RUN makes, where their path is known."""
    for command in run.commands:
        file, what = _made(command)
        path = path_of(run, command, file) if file is not None else None
        if path is not None and not run.is_mounted(path) and "$" not in path:
            trusted_by_nobody = what == _SELF_SIGNED or _signs_itself(run.stage, path)
            what = _SELF_SIGNED if trusted_by_nobody else what
            yield _Key(run, command, path, what, shared=trusted_by_nobody or bool(_CLIENT.search(path)))
    for call in run.package_calls if _makes_host_keys(run.stage) else ():
        if call.action == "install" and any(package.name == "openssh-server" for package in call.packages):
            yield _Key(run, call.command, _HOST_KEYS, _HOST_KEYS_BY_PACKAGE, shared=False)


_SELF_SIGNED = "a self-signed certificate and its key"
_HOST_KEYS_BY_PACKAGE = "installs `openssh-server`, which makes SSH host keys"


def _made(command: Command) -> tuple[str | None, str]:
    """Return the file that a command writes a new private key to, and what it is."""
    if command.name == "openssl":
        return _by_openssl(command)
    if command.name == "ssh-keygen":
        if command.has("-A"):
            return _HOST_KEYS, "SSH host keys"
        file = command.option("-f")
        host = file is not None and "ssh_host" in file
        return (None if command.has(*_NO_NEW_KEY) else file), "an SSH host key" if host else "an SSH key"
    if command.name == "keytool" and command.has("-genkeypair", "-genkey"):
        return command.option("-keystore"), "a key pair"
    return None, ""


def _by_openssl(command: Command) -> tuple[str | None, str]:
    """Read `openssl` (its manual: genrsa, genpkey, ecparam, req); a key with a passphrase is left alone."""
    words = [word.value for word in command.args]
    verb = words[0] if words else ""
    if any(_ENCRYPTS.match(word) for word in words):
        return None, ""
    if verb == "req":
        new = "-newkey" in words or ("-x509" in words and "-key" not in words)
        what = _SELF_SIGNED if "-x509" in words else "a private key"
        return (command.option("-keyout") if new else None), what
    if verb in ("genrsa", "genpkey", "gendsa") or (verb in ("ecparam", "dsaparam") and "-genkey" in words):
        written = next((r.target.value for r in command.redirects if r.operator == ">" and r.target is not None), None)
        return command.option("-out", "--out") or written, "a private key"
    return None, ""


def _signs_itself(stage: Stage, path: str) -> bool:
    """Whether a certificate is signed with the key that it is for: `req -x509 -key k`, `x509 -req -signkey k`."""
    name = posixpath.basename(path)
    calls = (command for run in stage.runs for command in run.calls("openssl"))
    signing = (c.option("-signkey") or (c.option("-key") if c.has("-x509") else None) for c in calls)
    return any(posixpath.basename(key) == name for key in signing if key)


def _makes_host_keys(stage: Stage) -> bool:
    """Whether the package of the SSH server makes keys (its postinst, Debian), and an image starts that server."""
    lines = (other.image.start_line() for other in stage.model.stages if stage in other.chain)
    family = stage.runtime.distribution in DEBIAN_FAMILY
    return family and any(re.search(r"\bsshd\b|\bservice ssh\b", line) for line in lines)


def _stays(stage: Stage, key: _Key) -> bool:
    """Whether nothing deletes the key again: it is no matter what becomes of one that nobody uses."""
    at = key.run.at, key.command.start
    if deleted_behind(stage, key.path, at) is not None or stage.files.is_deleted(key.path):
        return False
    if key.path == _HOST_KEYS:
        return not any("ssh_host" in deletion.path for deletion in stage.files.deletions)
    name = posixpath.basename(key.path)
    later = (one for one in key.run.calls("mv", "shred") if one.start > key.command.start)
    return not any(name in str(command) for command in later)


def _holder(change: DockerfileChange, stage: Stage, key: _Key) -> Stage | None:
    """Return the stage whose image ships the key: one upon the stage, or one that copies the key out of it."""
    for other in change.after.shipped:
        if is_development_name(other.name) or is_development_start(other.image.start_line()):
            continue
        if stage in other.chain:
            return other
        copies = (copy for copy in other.all_copies if copy.from_stage is not None and stage in copy.from_stage.chain)
        for copy in copies:
            paths = (copy.source_path(source) for source in copy.sources)
            if any(path is not None and within(key.path, path) and path != "/" for path in paths):
                return other
    return None


def _is_made_anew(change: DockerfileChange, stage: Stage) -> bool:
    """Whether a start script makes keys by itself."""
    line = stage.image.start_line()
    return any(_GENERATES_AT_START.search(text) for text in (line, *(s.code for s in scripts_in_turn(change, stage))))


def _problem(stage: Stage, key: _Key) -> Problem:
    place = posixpath.dirname(key.path) if key.path == _HOST_KEYS else key.path
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
