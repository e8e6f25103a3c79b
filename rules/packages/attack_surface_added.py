"""See attack_surface_added.md."""

import posixpath
import re
from collections.abc import Iterator

from rules.api import (
    Category,
    Confidence,
    DockerfileChange,
    Installed,
    Problem,
    Severity,
    Stage,
    comments_on,
    once,
    quote,
    rule,
)
from rules.brought import texts_brought
from rules.facts.command_packages import provides
from rules.matching.delegated import installs_by_script
from rules.purpose import is_for_development
from rules.quoting import listed
from rules.user.root.by_design import drops_privileges
from rules.user.root.start_scripts import scripts_in_turn
from rules.user.writing.volumes_before import as_it_was

_ENGINES = "steers a container engine"
_TRACES = "reads the memory of other processes"
_SSH = 22
_RISKS = {
    **dict.fromkeys(("sudo", "doas"), "runs as root whoever calls it, so that a flaw in it makes any account root"),
    **dict.fromkeys(("openssh-server", "dropbear", "openssh"), "is a second door with its own keys and patches"),
    **dict.fromkeys(
        ("telnet", "telnetd", "inetutils-telnetd", "rsh-server", "vsftpd", "xinetd"), "speaks in clear text"
    ),
    **dict.fromkeys(
        ("nmap", "ncat", "nmap-ncat", "masscan", "hping3", "tcpdump", "tshark", "arp-scan"), "maps the network around"
    ),
    **dict.fromkeys(("netcat", "netcat-openbsd", "netcat-traditional", "nc", "socat"), "opens a shell to the outside"),
    **dict.fromkeys(("gdb", "strace", "ltrace"), _TRACES),
    **dict.fromkeys(("docker.io", "docker-ce", "docker-cli", "docker-ce-cli", "podman"), _ENGINES),
}
"""Package to what it gives to somebody who has got in.

A flaw in `sudo` asks for no rule that allows anything: CVE-2021-3156 was open to every account, listed or not.
"""

_FOR_ROOT = frozenset({"sudo", "doas"})
"""Packages that give nothing to somebody who is root already."""
_NEVER_CALLED = frozenset(
    "openssh-server dropbear telnetd inetutils-telnetd rsh-server vsftpd xinetd gdb strace ltrace".split()
)
"""Servers, and what watches a program from outside: no program calls them for its own work, as it may `ssh`."""
_PURPOSES = {
    "openssh": {"tunnel", "tunnels"},
    "sudo": {"root", "sudoers"},
    "gdb": {"debug", "debugger", "debugging"},
    "strace": {"debug", "debugging", "trace", "tracing"},
    "netcat": {"wait", "port", "ports"},
    "nmap": {"scan", "scanner", "scanning", "port", "ports"},
}
"""What the comment on an install says of a tool that is meant, besides its name and its programs."""
_BESIDE_ENGINES = re.compile(r"(?:docker|podman)-(?:cli-)?(?:compose|buildx|remote)[\w-]*|buildah|skopeo|nerdctl")
"""What an image has besides whose work is with containers."""
_WORDS = re.compile(r"[\w.+-]+")
_PARTS = re.compile(r"[\s\"',;&|()\[\]]+")
_EVERYWHERE = frozenset("sudo doas docker podman".split())
"""Programs that workflows and Make files call on the machine which builds."""
_SETTINGS = {
    "sudo": "/etc/sudoers",
    "doas": "/etc/doas",
    "openssh": "/etc/ssh/",
    "dropbear": "/etc/dropbear",
    "vsftpd": "/etc/vsftpd",
    "xinetd": "/etc/xinetd",
}
"""Where these read what they are to do (their manuals)."""
_MEMBERS = ("usermod", "useradd", "adduser", "addgroup", "gpasswd")


@rule(
    "attack-surface-added",
    severity=Severity.INFO,
    category=Category.SECURITY,
    default="info",
    compares=True,
    keywords=("RUN",),
    mentions=tuple(sorted(_RISKS)),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """The change brings a tool into a shipped image that helps whoever breaks in."""
    for stage, was in change.shipped():
        if was is None or _is_new_ground(stage, was) or is_for_development(change, stage):
            continue
        had = {item.name for item in was.packages.installed}
        gained = [item for item in stage.packages.present if item.name in _RISKS and not _was_given(item.name, had)]
        words = _words_of_scripts(change, stage) if gained else frozenset()
        gained = [
            item
            for item in gained
            if not (
                item.call.command.conditional or _is_used(change, stage, item, words) or _is_there_anyway(stage, item)
            )
            and not (item.name in _FOR_ROOT and _stays_root(change, stage))
        ]
        if gained:
            yield _problem(change, stage, was, gained)


def _is_new_ground(stage: Stage, was: Stage) -> bool:
    """Whether the image had another base before, of which nobody knows what it brought."""
    return stage.root.base_text != was.root.base_text and not was.base_known


def _was_given(name: str, had: set[str]) -> bool:
    """Whether a package before the change gave the same: one tool has several packages, and they change their names."""
    kin = {other for other in _RISKS if _RISKS[other] == _RISKS[name] or not provides(other).isdisjoint(provides(name))}
    return name in had or not kin.isdisjoint(had)


def _is_there_anyway(stage: Stage, item: Installed) -> bool:
    """Whether it adds nothing: BusyBox, and so Alpine, comes with a `nc` of its own."""
    alpine = stage.runtime.distribution == "alpine" or (item.manager == "apk" and stage.root.is_scratch)
    return alpine and item.name in ("netcat-openbsd", "netcat", "nc")


def _stays_root(change: DockerfileChange, stage: Stage) -> bool:
    """Whether what starts is root, and remains it."""
    return stage.users.final_is_root is True and not drops_privileges(change, stage)


def _is_used(change: DockerfileChange, stage: Stage, item: Installed, words: frozenset[str]) -> bool:
    """Whether a RUN, the start command, the health check or a script calls it, so that it is there for a reason.

    So it is where a variable of the image is about it, `ENABLE_SSH`, a switch for whoever starts a container, and
    where the image is called after it.
    """
    commands = provides(item.name)
    beside = (other.name for other in stage.packages.present)
    if _RISKS[item.name] == _ENGINES and any(map(_BESIDE_ENGINES.fullmatch, beside)):
        return True
    if _is_service(item.name, words) or _is_allowed(change, stage, item):
        return True
    if not commands.isdisjoint(words | _words_of_variables(stage)) or _is_set_up(stage, item.name):
        return True
    if any(
        command.name in commands or set(command.wrappers) & commands
        for run in stage.done_runs
        for command in run.commands
    ):
        return True
    probe = stage.image.healthcheck.instruction
    builds = change.repository.builds_of(change.path)
    lines = [stage.image.start_line(), probe.value if probe is not None else ""]
    lines += [line for build in builds for line in (build.command, build.probe)]
    called = {word.rsplit("/", 1)[-1] for line in lines for word in _PARTS.split(line)}
    called |= set(posixpath.dirname(change.path).split("/"))
    return not commands.isdisjoint(called) or not commands.isdisjoint(_words_of_manifests(change) - _EVERYWHERE)


def _is_service(name: str, words: frozenset[str]) -> bool:
    """Whether a script starts it by its service's name, as Debian's `service ssh start` does."""
    return name == "openssh-server" and "ssh" in words and not words.isdisjoint({"service", "init.d"})


def _is_allowed(change: DockerfileChange, stage: Stage, item: Installed) -> bool:
    """Whether the file opens its port, or a compose file gives a container what it asks for.

    That is the right to trace processes (`SYS_PTRACE`), and the socket of the container engine.
    """
    if item.name in ("openssh-server", "dropbear", "openssh"):
        return any(port.number == _SSH for port in stage.image.ports)
    if _RISKS[item.name] == _ENGINES:
        mounts = [mount for build in change.repository.builds_of(change.path) for mount in build.mounts]
        return any(mount.endswith((".sock", "/containerd")) for mount in mounts)
    return _RISKS[item.name] == _TRACES and "SYS_PTRACE" in _words_of_manifests(change)


@once
def _words_of_manifests(change: DockerfileChange) -> frozenset[str]:
    """The words of the files that start containers: a probe of Kubernetes may call a program of the image."""
    texts = (
        change.repository.text(path) or ""
        for path in change.repository.files
        if path.endswith((".yaml", ".yml")) and not path.startswith(".")
    )
    return frozenset(word for text in texts for word in _PARTS.split(text))


def _is_set_up(stage: Stage, name: str) -> bool:
    """Whether the file gives it its settings, or puts an account into the group that it asks for."""
    folder = next((folder for tool, folder in _SETTINGS.items() if name.startswith(tool)), None)
    written = "sudoers" if name == "sudo" else folder
    if written is not None and any(written in run.instruction.whole_value for run in stage.done_runs):
        return True
    if folder is not None and any(f"{put.path}/".startswith(folder) for put in stage.files.puts):
        return True
    members = (command for run in stage.done_runs for command in run.calls(*_MEMBERS))
    named = {part for command in members for word in command.args for part in word.value.split(",")}
    return name in _FOR_ROOT and not named.isdisjoint({"sudo", "wheel"})


def _words_of_variables(stage: Stage) -> set[str]:
    """Return the words in the names of the image's own variables, and the daemons that they may mean: `sshd`."""
    parts = {part for name, own in stage.image.env.items() if own.set_in_file for part in name.lower().split("_")}
    return parts | {f"{part}d" for part in parts}


def _words_of_scripts(change: DockerfileChange, stage: Stage) -> frozenset[str]:
    """Return the words of the scripts and settings that the image holds, as far as they were read."""
    texts = [script.text for script in scripts_in_turn(change, stage) if script.text is not None]
    return frozenset(word for text in (*texts, *texts_brought(change, stage)) for word in _WORDS.findall(text))


def _unread(change: DockerfileChange, stage: Stage) -> str | None:
    """Return the name of a script that the container starts through, or that this one names, and was not read."""
    return next((script.name for script in scripts_in_turn(change, stage) if script.text is None), None)


def _is_explained(item: Installed) -> bool:
    """Whether a comment on the install names the tool, one of its programs or what it is for."""
    meant = (words for tool, words in _PURPOSES.items() if item.name.startswith(tool))
    said = _WORDS.findall(comments_on(item.run).lower())
    return not provides(item.name).union({item.name}, *meant).isdisjoint(said)


def _problem(change: DockerfileChange, stage: Stage, was: Stage, gained: list[Installed]) -> Problem:
    names = tuple(dict.fromkeys(item.name for item in gained))
    reasons = listed([f"{quote(name)} {_RISKS[name]}" for name in names])
    installed = installs_by_script(as_it_was(change), was)
    new = "No line of the file installed it" if installed else "It was not there"
    unread = _unread(change, stage)
    doubt = _doubt(gained, installed=installed, unread=unread)
    called = "in this file calls it" if unread is None else f"that was read calls it; {quote(unread)} may"
    return Problem(
        gained[0].call.command.span,
        f"{stage.label} gains what helps somebody who has broken in: {reasons}. {new} before this change, and nothing "
        f"{called}. Install it in a debugging image instead, or attach one when needed.",
        Confidence.LIKELY if doubt is None else Confidence.POSSIBLE,
        doubt=doubt or "a script that was not read may start it",
        stage=stage.key,
        key=" ".join(names),
    )


def _doubt(gained: list[Installed], *, installed: bool, unread: str | None) -> str | None:
    """Say why the tools may be meant; `None` where nothing speaks for it."""
    if installed:
        return "a script may have installed it before"
    if unread is not None:
        return "a script that was not read may call it"
    if all(map(_is_explained, gained)):
        return "a comment on the install says that it is meant"
    if not any(item.name in _NEVER_CALLED for item in gained):
        return "the program itself may call it"
    return None
