"""Images that start as root on purpose: they give it up themselves, or exist to be built upon or run as a tool."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rules.brought import text_at
from rules.facts.names import LAMBDA
from rules.model.audience import (
    is_development_file,
    is_development_name,
    is_production_name,
    is_workplace_base,
    near_folders,
    runs_tests,
)
from rules.model.settings import PROMPTS, Origin, Setting, Start
from rules.model.steps import Copy
from rules.user.root.asked import loads_bpf
from rules.user.root.docker_actions import is_action
from rules.user.root.droppers import AS_OTHER, DROPPERS, script_that_drops
from rules.user.root.for_callers import ASKING, serves_openly
from rules.user.root.own_programs import starts_own_program
from rules.user.root.read_scripts import are_read
from rules.user.root.start_scripts import StartScript, is_followed, start_scripts
from rules.user.root.stepping_down import starts_by_init_of_base, starts_through_base

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.change import DockerfileChange
    from rules.model.stage import Stage

_CALLED_BY_NAME = frozenset({"gosu", "su-exec", "setuser", "setuidgid", "chpst", "fixuid"})
"""Those of them that do nothing but for who calls them; others are started by an init, or are servers."""
_TOLD = re.compile(r"\s-u\s*(?!root\b|0\b)[a-z_]\w+(?![\w./])")
"""A server that is told whom to become: `memcached -u nobody`. A path is none: `python -u bin/srv.py`."""

_SETTINGS = re.compile(r"\buwsgi\b[^\n|;&]*?([\w.-]+\.(?:ini|ya?ml|xml|json))\b")
_TELLS_UID = re.compile(r"(?m)^[ \t]*(?:uid\s*[:=]|<uid>)")
_INITS = ("/init", "/sbin/init", "/sbin/my_init", "/lib/systemd/systemd", "/usr/sbin/init", "/usr/lib/systemd/systemd")
_INIT = re.compile(r"/\S*/init(?=\s|$)")
_RAW = frozenset(
    "nmap masscan zmap hping3 arp-scan arping tcpdump tshark dumpcap iftop nethogs mtr traceroute bpftrace perf".split()
)
"""Programs that open raw sockets or look into the kernel, which takes root."""
_FOR_ALL_FILES = frozenset(
    "backup restic borg borgmatic duplicity kopia rclone rsync rsnapshot velero clamscan rkhunter chkrootkit lynis "
    "aide".split()
)
"""Programs that keep copies of files, or look through them, whosever they are."""
_DAEMONS = re.compile(
    r"nginx|openresty|angie|httpd(?:-foreground)?|apache2?(?:ctl|-foreground)?|php-fpm[\d.]*|crond?|supervisord|sshd|"
    r"postfix|master|jupyterhub|dovecot|named|smbd|vsftpd|dnsmasq|squid|haproxy|openvpn|chronyd|ntpd|systemd|runsvdir|unbound|freeradius|radiusd"
)
"""Servers whose first process is root's and whose work is done by others; each has a setting for whom."""

_TOOL_NAMES = frozenset(
    "base builder build ci tools toolchain sdk devcontainer export artifact artifacts binaries cli".split()
)
_EMPTY_NAMES = frozenset({"base", "build", "builder"})
"""Names that even the stage which ships may have, where it was the first to be written."""
_FOLDERS = frozenset({".devcontainer", "base", "builder", "toolchain"})
_PROMPTS = PROMPTS | frozenset("ruby fish pwsh clojure clj lein scala groovy ipython pypy repl".split())
_WRAPPERS = frozenset({"tini", "dumb-init", "catatonit", "env", "exec", "--", "-g", "-s"})
_BUILD_TOOLS = frozenset("mvn gradle sbt ant lein mill bazel make cmake cargo go dotnet msbuild stack cabal".split())
"""Programs that build, or tell how, without arguments: the image is there to be worked with."""
_MOUNTING = ("davfs2", "fuse", "fuse3", "gcsfuse", "s3fs", "s3fs-fuse", "sshfs")
"""Packages of programs that mount file systems: that takes `CAP_SYS_ADMIN`, which only root's processes are given."""
_NETWORK = frozenset(
    "buildah cri-o docker-ce docker.io iptables keepalived libreswan nftables openvpn podman strongswan "
    "wireguard-tools xl2tpd".split()
)
"""Packages of programs that change the host's network or run containers, which takes root."""

_MAKES_WAY = re.compile(r"^(?:/(?:usr/)?bin/)?(?:ba|da|a)?sh -c exec ")


def drops_privileges(change: DockerfileChange, stage: Stage) -> bool:
    """Tell whether the start command, a package, a script or the base's own entrypoint gives up root, or needs it."""
    return needs_root(change, stage) or gives_up_root(change, stage)


def needs_root(change: DockerfileChange, stage: Stage) -> bool:
    """Tell whether what the image is for takes root: it stays root then, and nobody is asked to change that."""
    facts = stage.facts
    return (
        (facts is not None and facts.name == "docker")
        or is_action(change)
        or stage.packages.has(*_NETWORK, *_MOUNTING)
        or "get.docker.com" in stage.model.code
        or loads_bpf(change, stage)
        or not (_RAW | _FOR_ALL_FILES).isdisjoint(_programs(change, stage))
    )


def gives_up_root(change: DockerfileChange, stage: Stage) -> bool:
    """Tell whether what starts becomes another user by itself, or is started as one by its platform."""
    facts = stage.facts
    if facts is not None and (
        (facts.drops_privileges and starts_through_base(stage))
        or facts.name.startswith(LAMBDA)
        or facts.unprivileged_workers
    ):
        return True
    starts = _starts(stage)
    by_init = bool(starts) and (starts[0].startswith(_INITS) or _INIT.match(starts[0]) is not None)
    if by_init or starts_by_init_of_base(stage):
        return True
    if any(map(_DAEMONS.fullmatch, _programs(change, stage))):
        return True
    line = stage.image.start_line()
    if any(said.search(line) for said in (DROPPERS, AS_OTHER, _TOLD)) or _prepares_a_drop(change, stage):
        return True
    if any(_TELLS_UID.search(file.text) for file in _server_settings(change, stage) if file.text is not None):
        return True
    return script_that_drops(change, stage) is not None


def _starts(stage: Stage) -> list[str]:
    commands = stage.image.start_command
    return [_MAKES_WAY.sub("", setting.value.text) for setting in commands if setting.value is not None]


def _programs(change: DockerfileChange, stage: Stage) -> list[str]:
    """Name the programs that a start command, or the last line of its script, may run."""
    scripts = [script.code for script in start_scripts(change, stage) if script.text is not None]
    programs = [word.rsplit("/", 1)[-1] for start in _starts(stage) for word in start.split()[:3]]
    programs += [setting.value.commands[-1].name for setting in _written_for_a_shell(stage) if setting.value]
    return [*programs, *map(_last_program, scripts)]


def _server_settings(change: DockerfileChange, stage: Stage) -> Iterator[StartScript]:
    """Yield the settings that a uWSGI server is started with: they may say whom it becomes."""
    texts = [setting.value.text for setting in stage.image.start_command if setting.value is not None]
    texts += [script.code for script in start_scripts(change, stage)]
    for name in dict.fromkeys(name for text in texts for name in _SETTINGS.findall(text)):
        yield StartScript(name, text_at(change, stage, name))


def _last_program(script: str) -> str:
    """Name what a start script ends in."""
    words = next((line.split() for line in reversed(script.splitlines()) if line.strip()), [])
    program = next((word for word in words if word != "exec"), "")
    return program.rsplit("/", 1)[-1]


def _written_for_a_shell(stage: Stage) -> list[Setting[Start]]:
    """The start commands that a shell reads, and that hold a command: the last of them is what goes on running."""
    starts = stage.image.start_command
    return [s for s in starts if s.value is not None and s.value.form == "shell" and s.value.commands]


def _prepares_a_drop(change: DockerfileChange, stage: Stage) -> bool:
    """Whether a step installs, fetches or writes something that switches users.

    A program that has to be called by its name does nothing where all scripts were read and none calls it.
    """
    steps = list(stage.done_steps)
    for step in stage.done_steps:
        if isinstance(step, Copy) and step.from_stage is not None:
            steps += step.from_stage.done_steps
    if DROPPERS.search(stage.model.code) is None:
        return False
    named = {
        name
        for step in steps
        if step.instruction.keyword in ("RUN", "COPY", "ADD", "ENV")
        for name in DROPPERS.findall(f"{step.instruction}\n{step.instruction.whole_value}")
    }
    return bool(named) and not (named <= _CALLED_BY_NAME and are_read(change, stage))


HANDING_OVER = "Let it hand over with `gosu` or `su-exec`, or start it as an ordinary account."
"""The way out where a start script was not read: it may need root before it starts the program."""


def is_root_by_convention(stage: Stage) -> bool:
    """Tell whether an image that the tables do not list runs as root: distroless ones do unless the tag says not."""
    reference = stage.root.reference
    if reference is None or not reference.familiar.startswith("gcr.io/distroless/"):
        return False
    return "nonroot" not in (reference.tag or ("unknown nonroot" if reference.digest else "latest"))


_SOURCES = re.compile(r"^[ \t]*(?:\.|source)[ \t]+(?!\S*/(?:etc/|activate\b|\.?env\b))\S", re.MULTILINE)
"""A line that runs another file in the same shell; settings and a virtual environment are none that give up root."""


def unread_scripts(change: DockerfileChange, stage: Stage) -> tuple[str, ...]:
    """Return the names of start scripts, and of a server's settings, whose text is not known: they may give up root.

    A script that takes commands from another file (`. lib.sh`) is known in part only. One behind which a shell goes on
    gives up nothing for what follows.
    """
    files = (*start_scripts(change, stage), *_server_settings(change, stage))
    unread = (file.name for file in files if file.text is None or _SOURCES.search(file.text))
    return tuple(name for name in unread if not is_followed(stage, name))


def is_no_service(stage: Stage) -> bool:
    """Tell whether the image is a base, a tool, a prompt or a set of files rather than something that serves."""
    return is_built_upon_or_worked_in(stage) or _starts_nothing(stage)


def is_built_upon_or_worked_in(stage: Stage) -> bool:
    """Tell whether a name, or ONBUILD, says that the image is built upon or worked in, not run in production.

    So it may stay root. What developers get besides (`rules.purpose`) does not count: sources that are mounted over the
    program, or a server with a reloader, say nothing of who else runs the image.
    """
    name = stage.name or ""
    folder = next(reversed(near_folders(stage.model.path)), "")
    return bool(
        stage.image.onbuild
        or is_to_work_in(stage)
        or (not _TOOL_NAMES.isdisjoint(name.split("-")) and not _serves_as_last(stage))
        or folder in _FOLDERS
        or folder.endswith("-base")
        or stage.runtime.is_windows
    )


def is_to_work_in(stage: Stage) -> bool:
    """Tell whether a name or the base says that people develop in the container: it has no production.

    A stage that is called by its production says more than the folder of the file: `ci/Dockerfile` builds that image.
    """
    for_production = is_production_name(stage.name) and stage.name != "runtime"  # which a test has as well
    placed = is_development_file(stage.model.path) and not for_production
    return placed or is_development_name(stage.name or "") or is_workplace_base(stage.root.base_text)


def _serves_as_last(stage: Stage) -> bool:
    """Whether a stage called `base` or `build` is the last one and serves, or starts what another stage built.

    The only stage of a file, with an ENTRYPOINT of its own, or called `base` with the project's program, is there for
    nobody else to build upon; a `build` that starts a script is built with.
    """
    if not stage.is_last or stage.name not in _EMPTY_NAMES or not stage.image.start_in_file:
        return False
    own = stage.image.entrypoint.set_in_file or (stage.name == "base" and starts_own_program(stage))
    if len(stage.model.stages) == 1 and own:
        return True
    built_elsewhere = any(copy.from_stage is not None for copy in stage.copies)
    return serves_openly(stage) or (built_elsewhere and starts_own_program(stage))


def _starts_nothing(stage: Stage) -> bool:
    """Whether it starts a prompt, prints its usage, or says nothing of how it starts and what it serves."""
    image = stage.image
    start = _last(image.cmd) or _last(image.entrypoint)
    if image.cmd.set_in_file or image.entrypoint.set_in_file:
        return start is not None and _is_tool(start)
    if start is not None and not _is_tool(start):
        return False
    return not serves_openly(stage)


def _last(setting: Setting[Start]) -> Start | None:
    return setting.value if setting.value and setting.origin is not Origin.UNKNOWN else None


def _is_tool(start: Start) -> bool:
    """Whether a command opens a shell or a language's prompt, asks for help, or only keeps the container up."""
    said = start.text.split()
    words = [word for word in said if word.rsplit("/", 1)[-1] not in _WRAPPERS]
    while words and len(words) < len(said) and words[0].startswith("-"):
        words = words[1:]  # an init's own options
    if not words:
        return True
    if words[0].rsplit("/", 1)[-1] in ("sh", "bash") and words[1:2] == ["-c"]:
        words = words[2:]
    if not words or "--repl" in words:
        return True
    name, rest = words[0].rsplit("/", 1)[-1], words[1:]
    if runs_tests(start.text) or (name in _BUILD_TOOLS and not rest):
        return True
    if name in _PROMPTS or name.rstrip("0123456789.") in _PROMPTS:
        return all(word.startswith("-") or word == "repl" for word in rest)
    if words[0] in ASKING or (len(rest) == 1 and rest[0] in ASKING):
        return True
    return " ".join([name, *rest]) in ("sleep infinity", "tail -f /dev/null", "true")
