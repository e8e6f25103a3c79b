"""See ssh_host_unknown.md."""

import re
from collections.abc import Iterator

from rules.api import Category, Command, Confidence, DockerfileChange, Problem, Run, Severity, Stage, quote, rule
from rules.packages.scripts import runs_script_before

_KNOWS = re.compile(
    r"known_hosts|ssh-keyscan|StrictHostKeyChecking|CheckHostIP|accept-new|KnownHosts|ssh_config|/etc/ssh\b|\.ssh\b",
    re.IGNORECASE,
)
"""What gives the host's key, or has ssh take any."""
_OVER_SSH = ("git", "go", "npm", "pnpm", "yarn", "pip", "pip3", "uv", "bundle", "composer", "ssh", "scp", "rsync")
"""Programs that fetch over ssh with OpenSSH; Cargo has the keys of GitHub built in (its changelog, 1.66.1)."""
_ADDRESS = re.compile(r"\bgit@|\bssh://|\bgit\+ssh:")
"""What says that something is fetched over ssh."""
_HOST = re.compile(r"\bgit@([\w.-]+)|\bssh://(?:[\w.-]+@)?([\w.-]+)")
_PLACES = ("/etc/ssh/ssh_known_hosts", "/root/.ssh/known_hosts")
_FETCHES = frozenset(
    "clone fetch pull submodule ls-remote mod get install ci i sync download update require add".split()
)


@rule(
    "ssh-host-unknown",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    keywords=("RUN",),
    mentions=("type=ssh",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A RUN fetches over ssh, and nothing gives the key of the host."""
    if _KNOWS.search(change.after.code):
        return
    for stage in change.stages:
        for run in stage.runs:
            mount = next((mount for mount in run.mounts if mount.type == "ssh"), None)
            command = next(filter(_fetches, run.calls(*_OVER_SSH)), None) if mount is not None else None
            if command is not None and not command.conditional and not _has_no_ssh(stage):
                if not _goes_elsewhere(change, command) and not _may_be_told(run, command):
                    yield _problem(change, stage, run, command)
                return


def _fetches(command: Command) -> bool:
    if command.name in ("ssh", "scp", "rsync"):
        return True
    return any(word.value in _FETCHES for word in command.args[:2])


def _may_be_told(run: Run, command: Command) -> bool:
    """Whether a tree that is copied over the system, or a script that was not read, may bring the host's key."""
    above = (put for path in _PLACES for put in run.stage.files.covering(path) if put.step.at < run.at)
    copied = any(put.kind in ("context", "stage") and put.tree for put in above)
    return copied or runs_script_before(run, command.start)


def _goes_elsewhere(change: DockerfileChange, command: Command) -> bool:
    """Whether git is given an address of HTTPS, and nothing in the file writes one of ssh in its place."""
    https = any(word.value.startswith("https://") for word in command.args)
    return https and _ADDRESS.search(change.after.code) is None


def _has_no_ssh(stage: Stage) -> bool:
    """Whether the stage has no ssh to ask for a host: Alpine's git comes without."""
    installed = any("ssh" in item.name for item in stage.packages.present)
    return stage.runtime.distribution == "alpine" and not installed and stage.base_known


def _host(change: DockerfileChange) -> str:
    """Return the one host that the file names for ssh."""
    found = {first or second for first, second in _HOST.findall(change.after.code)}
    return found.pop() if len(found) == 1 else "<host>"


def _problem(change: DockerfileChange, stage: Stage, run: Run, command: Command) -> Problem:
    named = command.name in ("ssh", "scp", "rsync") or _ADDRESS.search(change.after.code) is not None
    sure = named and stage.base_known
    return Problem(
        command.span,
        f"{stage.label} mounts the keys of an ssh agent for {quote(str(command), 60)}, and nothing in the file says "
        "which host to trust: there is no `known_hosts`. ssh asks nobody during a build, and stops with “Host key "
        "verification failed”. Put the host's published key into `/etc/ssh/ssh_known_hosts` in a step above, or, "
        f"where that is enough, `mkdir -p -m 0700 ~/.ssh && ssh-keyscan {_host(change)} >> ~/.ssh/known_hosts`.",
        Confidence.LIKELY if sure else Confidence.POSSIBLE,  # a manifest that is not read may name it
        doubt="the base image may know the host",
        instruction=run.instruction,
        stage=stage.key,
        key=command.name,
    )
