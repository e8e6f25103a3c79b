"""What a process that lost root may trip over, as far as the Dockerfile and its scripts show it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from rules.dockerfile.shell.script import parse
from rules.dockerfile.source import Source
from rules.facts.command_packages import provides
from rules.model.puts import within
from rules.model.search_path import path_folders
from rules.quoting import first_few, quote
from rules.user.accounts.running import runs_as_root
from rules.user.owners.ownership import access
from rules.user.root.by_design import drops_privileges
from rules.user.root.start_scripts import start_scripts
from rules.user.writing.closed_folders import install_in
from rules.user.writing.reach import ROOTS_HOME, is_roots_home_closed
from rules.user.writing.volumes_before import as_it_was, volumes_with_roots_files

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.change import DockerfileChange
    from rules.model.stage import Stage

__all__ = ["Item", "checklist", "gave_root_up", "home", "script", "servers"]

_PRIVILEGED = 1024
_SHOWN = 3
_LOOKED_AT = 20
"""Folders below the working directory whose owner is asked for."""
_WRITTEN_BY = {
    "nginx": ("/var/cache/nginx", "/var/log/nginx", "/var/lib/nginx", "/run/nginx.pid"),
    "apache2": ("/var/log/apache2", "/var/run/apache2", "/var/lock/apache2"),
    "httpd": ("/var/log/httpd", "/run/httpd"),
    "php-fpm": ("/run/php", "/var/log/php-fpm.log"),
    "supervisord": ("/run/supervisord.pid", "/var/log/supervisor"),
    "redis-server": ("/var/lib/redis", "/var/log/redis", "/run/redis"),
    "mysqld": ("/var/lib/mysql", "/run/mysqld"),
    "postgres": ("/var/lib/postgresql", "/run/postgresql"),
    "haproxy": ("/var/lib/haproxy", "/run/haproxy"),
    "squid": ("/var/cache/squid", "/var/log/squid", "/run/squid.pid"),
    "memcached": ("/run/memcached",),
    "dovecot": ("/run/dovecot", "/var/lib/dovecot"),
    "postfix": ("/var/spool/postfix", "/var/lib/postfix"),
}
"""Folders and pid files that servers write in the packages of Debian and Alpine."""

_PHP = frozenset({"php", "wordpress", "drupal", "joomla", "nextcloud", "matomo", "phpmyadmin"})
_READY = {
    "apache2": _PHP,
    "php-fpm": _PHP,
    "redis-server": frozenset({"redis"}),
    "mysqld": frozenset({"mysql", "mariadb", "percona"}),
    "postgres": frozenset({"postgres"}),
    "haproxy": frozenset({"haproxy"}),
    "memcached": frozenset({"memcached"}),
}
"""Official images whose program logs to standard output and whose folders its account, or everyone, may write."""
_OFFICIAL = {
    ("nginx", "nginx"): ("/var/cache/nginx", "/run/nginx.pid"),
    ("httpd", "httpd"): ("/usr/local/apache2/logs",),
    ("caddy", "caddy"): ("/data/caddy", "/config/caddy"),
}
"""What a program writes in the official image, by image and program, where that differs from the distributions."""

_ROOT_ONLY = frozenset({"cron", "crond", "sshd", "rsyslogd", "dockerd", "containerd", "openvpn", "wg-quick", "dnsmasq"})
_NEEDS_ROOT = frozenset(
    "adduser apk apt apt-get chgrp chown dnf groupadd groupmod gosu iptables ldconfig mount service setpriv su-exec "
    "sysctl update-ca-certificates useradd usermod yum".split()
)
_ASKS_WHO = re.compile(
    r"\bid\s+-(?:u|un|nu)\b(?!\s+[\w\"$])|\$\{?E?UID\}?[\"']?\s*(?:-eq|-ne|!?==?)|\bwhoami\b|"
    r"\(\([ \t]*!?[ \t]*\$?\{?E?UID\b"
)
"""How a script finds out whether it is root."""
_LOCAL = f"{ROOTS_HOME}/.local"
_ROOTS_HOME = re.compile(r"(?:^|[:=\s\"'])(/root/[\w./-]*)")


class Item(NamedTuple):
    """One thing to look at.

    Attributes:
        text: Half a sentence, without a full stop.
        concrete: Whether it is known to fail when the process needs it, rather than a reminder.
    """

    text: str
    concrete: bool


def checklist(change: DockerfileChange, stage: Stage, was: Stage, user: str) -> tuple[Item, ...]:
    """Return what to look at when a stage begins to run as an account, the weightiest first."""
    workers = was.facts is not None and was.facts.unprivileged_workers
    handed_over = gave_root_up(change, was) and not workers  # then the volumes are another account's
    prepared = stage.image.user.instruction is None  # the base image's own user, for whom it was made
    found = (
        *(_runs(stage) if prepared else ()),
        *(() if handed_over else _volumes(volumes_with_roots_files(change, stage, was))),
        *(() if prepared else servers(stage, user)),
        *home(stage),
        *_installs(stage),
        *script(change, stage),
        *_workdir(stage, user),
        *_ports(stage),
    )
    return tuple(sorted(found, key=lambda item: not item.concrete))


def gave_root_up(change: DockerfileChange, was: Stage) -> bool:
    """Tell whether the image gave root up as it started: by the scripts of that time, which the change may alter."""
    return drops_privileges(as_it_was(change), was) or drops_privileges(change, was)


def _runs(stage: Stage) -> Iterator[Item]:
    lines = [str(run.instruction.line) for run in stage.done_runs]
    if lines:
        yield Item(f"each `RUN` (line {lines[0]}) runs as that user too, without `USER root` above it", concrete=True)


def _volumes(paths: list[str]) -> Iterator[Item]:
    if paths:
        yield Item(
            f"volumes from before ({first_few(paths, _SHOWN)}) hold files of root, whatever the image says",
            concrete=True,
        )


def servers(stage: Stage, user: str) -> Iterator[Item]:
    """Yield the servers among what starts that write to folders of root's."""
    image = stage.facts.name if stage.facts is not None else ""
    for program in _programs(stage):
        if image in _READY.get(program, ()):
            continue
        if program in _ROOT_ONLY:
            yield Item(f"`{program}` needs root to do its work", concrete=True)
        written = _OFFICIAL.get((image, program), _WRITTEN_BY.get(program, ()))
        closed = [path for path in written if access(stage, path, user).writable is not True]
        if closed:
            yield Item(f"`{program}` writes to {first_few(closed, _SHOWN)}", concrete=True)


def _programs(stage: Stage) -> tuple[str, ...]:
    """Return the servers that the container starts, also those behind a supervisor: installed and known to write."""
    started = [s.value.program for s in stage.image.start_command if s.value is not None]
    supervised = "supervisord" in started
    known = dict.fromkeys((*_WRITTEN_BY, *_ROOT_ONLY, *(program for _, program in _OFFICIAL)))
    installed = {name for item in stage.packages.present for name in (item.name, *provides(item.name))}
    found = [name for name in known if any(program.startswith(name) for program in started)]
    found += [name for name in known if supervised and name in installed]
    return tuple(dict.fromkeys(found))


def home(stage: Stage) -> Iterator[Item]:
    """Root's home is closed to others: a folder on the `PATH`, settings that are copied there, a folder to work in.

    What lies in its `.local`, copied from a stage, may be a build's alone; `root-home-needed` knows what is needed of
    it.
    """
    values = [setting.value or "" for setting in stage.image.env.values()]
    values += path_folders(stage) or ()
    values += [setting.value.text for setting in stage.image.start_command if setting.value is not None]
    values += [stage.image.workdir.value or ""]
    paths = [match[1].rstrip("/") for value in values for match in _ROOTS_HOME.finditer(value)]
    paths += [
        put.path
        for put in stage.files.puts
        if put.kind not in ("run", "workdir") and within(put.path, ROOTS_HOME)
        if put.kind not in ("stage", "image") or not within(put.path, _LOCAL)
    ]
    if paths and is_roots_home_closed(stage):
        yield Item(f"root's home is closed to others ({first_few(list(dict.fromkeys(paths)), _SHOWN)})", concrete=True)


def _installs(stage: Stage) -> Iterator[Item]:
    """`pip` turns to the account's home where it may not write; the programs there are not on the `PATH`."""
    on_path = ".local/bin" in (stage.image.env["PATH"].value or "") if "PATH" in stage.image.env else False
    if on_path or stage.facts is None or stage.facts.name != "python" or "VIRTUAL_ENV" in stage.image.env:
        return
    for run in stage.done_runs:
        for call in run.package_calls if runs_as_root(run) is False else ():
            if (
                call.manager == "pip"
                and call.action == "install"
                and not call.has("--user", "--target", "-t", "--prefix")
            ):
                what = f"`{call.program} {call.verb.rpartition(' ')[2]}` (line {call.command.line})"
                yield Item(
                    f"{what} now installs into that user's home, and `~/.local/bin` is not on the `PATH`", concrete=True
                )
                return


def script(change: DockerfileChange, stage: Stage) -> Iterator[Item]:
    """The entrypoint's script, where it was read or is written in place, may do what only root may."""
    for name, text in start_scripts(change, stage):
        if text is None:
            yield Item(
                f"whatever `{name}` does that only root may (`chown`, `mkdir` in system folders)", concrete=False
            )
            continue
        dropper = _surely_drops(name, text)
        if dropper is not None:
            what = f"{quote(dropper[0])} (line {dropper[1]})"
            yield Item(f"`{name}` hands over with {what}, which only root may: the container ends there", concrete=True)
            continue
        needing = sorted(_called(name, text) & _NEEDS_ROOT)
        if needing:
            yield Item(f"`{name}` calls {first_few(needing, _SHOWN)}", concrete=True)


_AS_ROOT = frozenset({"sudo", "doas"})
_HAND_OVER = frozenset({"gosu", "su-exec", "runuser", "chpst", "setuidgid"})
"""Programs that become another account, which only root may, also where it is the one that it is (`setgroups`)."""


def _surely_drops(name: str, text: str) -> tuple[str, int] | None:
    """Return the program, and its line, with which a script gives up root whoever runs it."""
    script = parse(text, Source(name, text), 0, dialect="bash", joined=False)
    if script.errors or _ASKS_WHO.search(text):
        return None
    for command in script.commands:
        if command.nested or command.conditional or command.before == "||" or command.after == "||":
            continue
        dropper = next((each for each in (*command.wrappers, command.name) if each in _HAND_OVER), None)
        if dropper is not None:
            return dropper, command.line
    return None


def _called(name: str, text: str) -> set[str]:
    """Return the programs that a script calls, those among them that start others; none where it is not understood.

    Of a script that asks who it is, those in a branch are left out: they are for root. So are those under `sudo`, which
    makes them root's whoever calls them.
    """
    script = parse(text, Source(name, text), 0, dialect="bash", joined=False)
    if script.errors:
        return set()
    asks = _ASKS_WHO.search(text) is not None
    commands = [
        command
        for command in script.commands
        if not (asks and command.conditional) and _AS_ROOT.isdisjoint(command.wrappers)
    ]
    return {program for command in commands for program in (command.name, *command.wrappers)}


def _workdir(stage: Stage, user: str) -> Iterator[Item]:
    path = stage.image.workdir.value
    if path and path != "/" and not within(path, ROOTS_HOME) and access(stage, path, user).writable is False:
        install = install_in(stage, path)
        if install is None and not _is_given_a_part(stage, path, user):
            yield Item(f"the working directory {quote(path)} belongs to root", concrete=False)
        elif install is not None:
            call = f"{quote(str(install), 40)} (line {install.line})"
            yield Item(f"{call} now runs as that user, and {quote(path)} belongs to root", concrete=True)


def _is_given_a_part(stage: Stage, path: str, user: str) -> bool:
    """Whether the account owns something below a folder: who has chosen that has thought of what it writes there.

    So it is in Next.js's own example: `/app` is root's, and `/app/.next`, where the server writes, is not.
    """
    below = dict.fromkeys(put.path for put in stage.files.puts if put.path != path and within(put.path, path))
    return any(access(stage, one, user).writable is True for one in list(below)[:_LOOKED_AT])


def _ports(stage: Stage) -> Iterator[Item]:
    own = [port for port in stage.image.ports if port.instruction is not None]
    low = [str(p.number) for p in own or stage.image.ports if p.number is not None and p.number < _PRIVILEGED]
    if low:
        ports = f"port {first_few(low, _SHOWN)} is" if len(low) == 1 else f"ports {first_few(low, _SHOWN)} are"
        yield Item(f"{ports} below 1024, which some runtimes keep for root", concrete=False)
