"""Programs that a build calls and that only come as a recommendation of what it installs."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, NamedTuple

from rules.facts.command_packages import provides
from rules.facts.packages import needed_by, only_recommended
from rules.facts.virtual_names import in_archive
from rules.lazily import once
from rules.packages.indexes.sources import adds_source_before

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.dockerfile.package_calls import PackageCall
    from rules.dockerfile.shell.script import Command
    from rules.model.stage import Stage
    from rules.model.steps import Run

NEED_CERTIFICATES = frozenset({"curl", "wget", "git", "nodejs"})
"""Packages that do half of their work without `ca-certificates`, and only recommend them."""
IN_FULL_IMAGES = frozenset(
    "autoconf automake bzip2 ca-certificates curl default-libmysqlclient-dev dpkg-dev file g++ gcc git gnupg "
    "imagemagick libbz2-dev libc6-dev libcurl4-openssl-dev libdb-dev libevent-dev libffi-dev libgdbm-dev "
    "libglib2.0-dev libgmp-dev libjpeg-dev libkrb5-dev liblzma-dev libmagickcore-dev libmagickwand-dev "
    "libmaxminddb-dev libncurses5-dev libncursesw5-dev libpng-dev libpq-dev libreadline-dev libsqlite3-dev "
    "libssl-dev libtool libwebp-dev libxml2-dev libxslt-dev libxslt1-dev libyaml-dev make mercurial netbase "
    "openssh-client patch procps subversion tzdata unzip wget xz-utils zlib1g-dev".split()
)
"""What `buildpack-deps` installs (its Dockerfiles): apt leaves it as it is, and adds nothing that it recommends."""
_PROGRAMS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("gcc", "cc"), ("build-essential", "gcc")),
    **dict.fromkeys(("g++", "c++"), ("build-essential", "g++")),
    "make": ("build-essential", "make"),
    "gpg": ("gnupg", "gpg"),
    **dict.fromkeys(("ssh", "scp", "sftp", "ssh-add", "ssh-agent", "ssh-keygen", "ssh-keyscan"), ("openssh-client",)),
    **dict.fromkeys(("xz", "unxz", "xzcat"), ("xz-utils",)),
    **dict.fromkeys(("bzip2", "bunzip2", "bzcat"), ("bzip2",)),
    **dict.fromkeys(("ip", "ss"), ("iproute2",)),
    **dict.fromkeys(("ifconfig", "netstat"), ("net-tools",)),
    **dict.fromkeys(("ps", "pgrep", "pkill", "top"), ("procps",)),
    **dict.fromkeys(("xauth", "xvfb-run"), ("xauth",)),
    **{
        name: (name,)
        for name in "curl dirmngr fakeroot file git gpg-agent iptables less patch python3 rsync sudo".split()
    },
    **{name: (name,) for name in ("unzip", "wget", "zip")},
    "fc-cache": ("fontconfig",),
    "gs": ("ghostscript",),
    "lsb_release": ("lsb-release",),
    "nft": ("nftables",),
    "node": ("nodejs",),
    "ping": ("iputils-ping",),
    "pkg-config": ("pkg-config", "pkgconf"),
}
"""By program the packages that bring it or what it works with, the usual one first (the packages' lists of files)."""
_ELSEWHERE: dict[str, str] = {
    **dict.fromkeys(("systemctl", "journalctl", "timedatectl", "hostnamectl", "loginctl", "localectl"), "systemd"),
    **dict.fromkeys(("dbus-launch", "dbus-daemon", "dbus-uuidgen", "dbus-run-session"), "dbus"),
    **dict.fromkeys(("add-apt-repository", "apt-add-repository"), "software-properties-common"),
    **dict.fromkeys(("killall", "fuser", "pstree"), "psmisc"),
    **dict.fromkeys(("java", "keytool"), "default-jre-headless"),
    "crontab": "cron",
    "dot": "graphviz",
    "fc-list": "fontconfig",
    "locale-gen": "locales",
    "psql": "postgresql-client",
    "mysql": "default-mysql-client",
    "ssl-cert-check": "ssl-cert",
    "update-ca-certificates": "ca-certificates",
    "xterm": "xterm",
}
"""Programs whose packages others recommend, and of which no table says which do (the packages' lists of files)."""
_COMPILING = frozenset({"configure", "cmake"})
"""What calls the compiler by itself."""
_UNPACKED = {".xz": "xz", ".txz": "xz", ".bz2": "bzip2", ".tbz2": "bzip2"}
"""What `tar` calls for an archive of that ending."""


class Missed(NamedTuple):
    """A program that would not be there without recommended packages.

    Attributes:
        package: What recommends it.
        wanted: The package that has it.
        line: Where it is needed.
    """

    package: str
    wanted: str
    line: int


def missed(stage: Stage, run: Run, call: PackageCall) -> tuple[Missed, ...]:
    """Return what a stage calls behind an install and has by its recommendation alone, each package once."""
    brought = {package.name: only_recommended(package.name) for package in call.packages}
    if not any(brought.values()):
        return ()
    missing: dict[str, Missed] = {}
    for program, wanted in _PROGRAMS.items():
        package, name = next(((one, n) for n in wanted for one, names in brought.items() if n in names), ("", ""))
        if not name or is_brought(stage, run, call, program, *wanted) or _is_there(stage, program, name):
            continue
        places = _calls(stage).get(program, [])
        behind = bisect_right(places, (run.at, call.command.end, 0))
        if behind < len(places):
            missing.setdefault(name, Missed(package, name, places[behind][2]))
    return tuple(missing.values())


def unexplained(stage: Stage, run: Run, call: PackageCall) -> Missed | None:
    """Return a program that a stage calls behind an install, and that no package which it names is known to bring.

    Returns:
        With the program's name as `package`; `None` also where a file that is copied, or the base image, may be it.
    """
    here = (run.at, call.command.end, 0)
    for program, wanted in _ELSEWHERE.items():
        places = _calls(stage).get(program, [])
        behind = bisect_right(places, here)
        if behind == len(places) or _is_named(stage, program, wanted) or _is_there(stage, program, wanted):
            continue
        if not is_brought(stage, run, call, wanted):
            return Missed(program, wanted, places[behind][2])
    return None


def _is_named(stage: Stage, program: str, wanted: str) -> bool:
    """Whether a package is named that brings a program, or a file of its name is put somewhere."""
    if any(put.path.endswith(f"/{program}") for put in stage.files.puts):
        return True
    return any(item.name == wanted or program in provides(item.name) for item in stage.packages.installed)


def _is_there(stage: Stage, program: str, package: str) -> bool:
    facts = stage.facts
    if facts is None:
        return False
    return facts.has_tool(program) is True or bool(facts.full and package in IN_FULL_IMAGES)


def is_brought(stage: Stage, run: Run, call: PackageCall, *names: str) -> bool:
    """Tell whether one of these packages is there behind an install: named, or depended on by what is."""
    first, here = _first_brought(stage), (run.at, call.command.start)
    if any(name in first and first[name] <= here for name in names):
        return True
    along = _first_along(stage)
    return any(name in along and along[name] < here for name in names)


def is_called_behind(stage: Stage, run: Run, call: PackageCall, program: str) -> bool:
    """Tell whether a stage calls a program behind an install."""
    places = _calls(stage).get(program, [])
    return bisect_right(places, (run.at, call.command.end, 0)) < len(places)


@once
def _first_along(stage: Stage) -> dict[str, tuple[tuple[int, int], int]]:
    """By package the first install of the chain that brings it as a recommendation, and is asked to name it instead."""
    found: dict[str, tuple[tuple[int, int], int]] = {}
    for item in stage.packages.installed:
        if item.manager == "apt" and not item.call.no_recommends:
            along = () if adds_source_before(stage, item.run, item.call) else only_recommended(item.name)
            for name in along:
                if name != "ca-certificates" or in_archive(item.name) in NEED_CERTIFICATES:
                    found.setdefault(name, (item.run.at, item.call.command.start))
    return found


@once
def _first_brought(stage: Stage) -> dict[str, tuple[tuple[int, int], int]]:
    """By package the first install of the chain that brings it, with all that it depends on."""
    found: dict[str, tuple[tuple[int, int], int]] = {}
    for item in stage.packages.installed:
        pending = [item.name] if item.manager == "apt" else []
        while pending:
            name = pending.pop()
            if name not in found:
                found[name] = (item.run.at, item.call.command.start)
                pending += needed_by(name, stage.runtime.release)
    return found


@once
def _calls(stage: Stage) -> dict[str, list[tuple[tuple[int, int], int, int]]]:
    """By program the places where a stage calls it: step, place there, line. What it starts comes behind all others."""
    found: dict[str, list[tuple[tuple[int, int], int, int]]] = {}
    for run in stage.done_runs:
        for command in run.commands:
            for name in _programs(command):
                found.setdefault(name, []).append((run.at, command.start, command.line))
    image = stage.image
    for start in (setting.value for setting in (*image.start_command, image.healthcheck) if setting.set_in_file):
        for command in start.commands if start is not None else ():
            found.setdefault(command.name, []).append(((len(stage.model.stages), 0), command.start, command.line))
    return found


def _programs(command: Command) -> Iterator[str]:
    """Yield what a command calls: itself, and what it starts for its work."""
    yield command.name
    words = [word.value for word in command.args]
    if command.name in ("git", "hg") and any("git@" in word or "ssh://" in word for word in words):
        yield "ssh"
    elif command.name in _COMPILING:
        yield "gcc"
    elif command.name == "tar":
        yield from (program for ending, program in _UNPACKED.items() if any(word.endswith(ending) for word in words))
