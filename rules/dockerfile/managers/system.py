"""Managers of operating-system packages: apt, apk, dnf and kin, zypper, pacman, brew.

From the manual pages apt-get(8), apt(8), aptitude(8), add-apt-repository(1), apk(8), dnf(8), yum(8), zypper(8),
pacman(8) and brew(1).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rules.dockerfile.managers.calls import Manager, Package
from rules.dockerfile.managers.options import OptionTable
from rules.dockerfile.managers.specs import special, version_split
from rules.dockerfile.managers.traits import trait

if TYPE_CHECKING:
    from rules.dockerfile.managers.calls import Action
    from rules.dockerfile.managers.options import Options
    from rules.dockerfile.shell.words import ShellWord

_APT_SUFFIX = re.compile(r":(?:[a-z0-9]+|\$\{?\w+\}?)$|[+-]$")
_APT_VERSION = re.compile(r"[=/]")
_APK_VERSION = re.compile(r"[=~<>@]")
_RPM_ARCHITECTURE = re.compile(r"\.(?:x86_64|aarch64|noarch|i[36]86|ppc64le|s390x|armv7hl)$")
_RPM_VERSION = re.compile(
    r"(?P<name>.+?)(?P<version>-(?:\d+:)?(?:\d[\w~^+]*(?:\.[\w.~^+*]*|\*)|\d*\$[^-]*|\*)(?:-[\d$][^-]*)?)$"
)
_RPM_VERSION_VARIABLE = re.compile(
    r"(?P<name>[\w.+-]+?)(?P<version>-\$\{?\w*(?:version|ver|release)\w*\}?(?:-.*)?)", re.IGNORECASE
)
_RPM_RELATION = re.compile(r"\s*[<>=]")


def _apt_package(word: ShellWord) -> Package | None:
    """`name=version`, `name/release`, `name:arch`, `name-` (remove), `task^`, `./file.deb`."""
    value = word.value
    found = special(word, (".deb",))
    if found is not None:
        return found
    if value.endswith("^"):
        return Package(value[:-1], None, word, "group")
    if value.endswith("-") and value[:1].isalnum():
        return None  # removed
    name, version = version_split(value, _APT_VERSION)
    return Package(_APT_SUFFIX.sub("", name) if len(name) > 1 and not name.endswith("++") else name, version, word)


def _apk_package(word: ShellWord) -> Package:
    """`name=version`, `name~version`, `name@repository`, `.virtual`, `!name`."""
    value = word.value
    if value[:1] == "." and value[1:2].isalpha() and not value.endswith(".apk"):
        return Package(value, None, word, "group")
    found = special(word, (".apk",))
    return found if found is not None else Package(*version_split(value, _APK_VERSION), word)


def _rpm_package(word: ShellWord) -> Package:
    """`name-version-release.arch`, `@group`, a path that some package provides, a file or URL of one."""
    value = word.value
    if value[:1] == "@":
        return Package(value[1:], None, word, "group")
    versioned = _RPM_VERSION_VARIABLE.fullmatch(value)
    if versioned:
        return Package(versioned["name"], versioned["version"], word)
    found = special(word, (".rpm",))
    if found is not None:
        return found
    relation = _RPM_RELATION.search(value)
    if relation:
        return Package(value[: relation.start()], value[relation.start() :].strip(), word)
    bare = _RPM_ARCHITECTURE.sub("", value)
    match = _RPM_VERSION.fullmatch(bare)
    if match is None:
        name, colon, stream = bare.partition(":")  # a module and its stream: `nodejs:22`
        return Package(name, f":{stream}" if colon and stream else None, word)
    return Package(match["name"], match["version"], word)


_DEB_ACTIONS: dict[str, Action] = {
    **dict.fromkeys(("install", "reinstall", "build-dep", "satisfy"), "install"),
    "update": "update",
    **dict.fromkeys(("upgrade", "dist-upgrade", "full-upgrade", "safe-upgrade", "dselect-upgrade"), "upgrade"),
    **dict.fromkeys(("remove", "purge", "autoremove", "autopurge", "auto-remove"), "remove"),
    **dict.fromkeys(("clean", "autoclean", "auto-clean", "distclean", "dist-clean"), "clean"),
    **dict.fromkeys(("download", "source"), "download"),
}
_APT_YES = "1 true yes on with enable"
_APT_NO = "0 false no off without disable"
"""What apt takes for yes and for no (apt-pkg/contrib/strutl.cc, `StringToBool`)."""


def _settings(name: str, values: str) -> str:
    """Return the options that set one of apt's settings to any of some values."""
    return " ".join(f"--option={name}={value}" for value in values.split())


APT = Manager(
    "apt",
    OptionTable(
        "-y --yes --assume-yes, -q --quiet, -f --fix-broken, -m --ignore-missing --fix-missing, -d --download-only,"
        " -s --simulate --just-print --recon --no-act --dry-run, -u --show-upgraded, -V --verbose-versions,"
        " -R --without-recommends --no-install-recommends",
        "-o --option, -t --target-release --default-release, -c --config-file, -a --host-architecture,"
        " -P --build-profiles, -S --snapshot",
    ),
    _DEB_ACTIONS,
    _apt_package,
    assume_yes=trait(
        f"--assume-yes --force-yes --quiet=2 {_settings('apt::get::assume-yes', _APT_YES)}", repeated="--quiet"
    ),
    no_recommends=trait(f"--no-install-recommends {_settings('apt::install-recommends', _APT_NO)}"),
)
_FETCHES_NOTHING = frozenset({"--no-update", "--remove", "--list", "--dry-run", "--help"})


def _archive_action(options: Options) -> Action:
    """`add-apt-repository` ends with `apt-get update`, from Ubuntu 18.04 and Debian 12 on, unless told otherwise."""
    return "other" if options.uses.keys() & _FETCHES_NOTHING else "update"


APT_ARCHIVE = Manager(
    "apt",
    OptionTable(
        "-y --yes --assume-yes, -n --no-update, -u --update, -r --remove, -s --enable-source, -d --debug,"
        " -m --massive-debug, -l --login, -L --list, -h --help, --dry-run",
        "-c --component, -p --pocket, -P --ppa, -C --cloud, -U --uri, -S --sourceslist, -k --keyserver",
    ),
    {},
    lambda _word: None,
    flag_action=_archive_action,
    assume_yes=trait("--assume-yes"),
)
APK = Manager(
    "apk",
    OptionTable(
        "-q --quiet, -U --update --update-cache, -u --upgrade, -l --latest, -f --force, -i --interactive,"
        " -v --verbose, --no-cache, -s --simulate, -a --available",
        "-t --virtual, -X --repository, -p --root, --wait, --keys-dir, --repositories-file, --cache-dir,"
        " --cache-max-age, --arch, --progress-fd, --timeout, -o --output",
    ),
    {
        **dict.fromkeys(("add", "fix"), "install"),
        "del": "remove",
        "update": "update",
        "upgrade": "upgrade",
        "fetch": "download",
        "cache clean": "clean",
        "cache purge": "clean",
        "cache download": "download",
    },
    _apk_package,
    groups=frozenset({"cache"}),
    no_packages=frozenset({"cache clean", "cache purge"}),
    no_cache=trait("--no-cache"),
)
_RPM_OPTIONS = OptionTable(
    "-y --assumeyes, -q --quiet, -C --cacheonly, -v --verbose, -b --best, --nogpgcheck, --nobest, --nodocs,"
    " --allowerasing, --skip-broken, --noplugins, --refresh, --downloadonly",
    "-c --config, --enablerepo --enable-repo, --disablerepo --disable-repo, --repo --repoid, --setopt, -x --exclude"
    " --excludepkgs, --releasever, --installroot, -d --debuglevel, -e --errorlevel, --downloaddir, --destdir,"
    " --forcearch, --advisory, --comment, --repofrompath, -R --randomwait, --rpmverbosity, --disableplugin,"
    " --enableplugin",
)
_RPM_ACTIONS: dict[str, Action] = {
    **dict.fromkeys(
        ("install", "in", "localinstall", "reinstall", "groupinstall", "group install", "groups install"), "install"
    ),
    **dict.fromkeys(("module install", "install-n", "install-na", "install-nevra", "swap", "downgrade"), "install"),
    **dict.fromkeys(("builddep", "build-dep"), "install"),
    **dict.fromkeys(("makecache", "check-update"), "update"),
    **dict.fromkeys(
        ("update", "upgrade", "up", "distro-sync", "distrosync", "dsync", "update-minimal", "upgrade-minimal"),
        "upgrade",
    ),
    **dict.fromkeys(("remove", "erase", "rm", "autoremove", "groupremove", "group remove"), "remove"),
    **dict.fromkeys(("clean", "clean all"), "clean"),
    "download": "download",
}


def _rpm_manager(name: str) -> Manager:
    return Manager(
        name,
        _RPM_OPTIONS,
        _RPM_ACTIONS,
        _rpm_package,
        groups=frozenset({"group", "groups", "module"}),
        no_packages=frozenset({"clean"}),
        assume_yes=trait(
            "--assumeyes --setopt=assumeyes=1 --setopt=assumeyes=true --setopt=assumeyes=yes", always=name == "microdnf"
        ),
        no_recommends=trait("--setopt=install_weak_deps=false --setopt=install_weak_deps=0"),
    )


DNF, YUM, MICRODNF, TDNF = map(_rpm_manager, ("dnf", "yum", "microdnf", "tdnf"))
ZYPPER = Manager(
    "zypper",
    OptionTable(
        "-n --non-interactive, -q --quiet, -y --no-confirm, -l --auto-agree-with-licenses, --no-recommends,"
        " --gpg-auto-import-keys, --no-gpg-checks, -f --force, -a --all",
        "-t --type, -r --repo, --from, -R --root, --installroot, -c --config, -D --reposd-dir, -p --plus-repo",
    ),
    {
        **dict.fromkeys(("install", "in", "source-install", "si"), "install"),
        **dict.fromkeys(("refresh", "ref"), "update"),
        **dict.fromkeys(("update", "up", "dist-upgrade", "dup", "patch"), "upgrade"),
        **dict.fromkeys(("remove", "rm"), "remove"),
        **dict.fromkeys(("clean", "cc"), "clean"),
        "download": "download",
    },
    _rpm_package,
    no_packages=frozenset({"clean", "cc", "refresh", "ref", "patch"}),
    assume_yes=trait("--non-interactive --no-confirm"),
    no_recommends=trait("--no-recommends"),
)


def _pacman_action(options: Options) -> Action:
    uses = options.uses
    if "--remove" in uses:
        return "remove"
    if "--sync" in uses and "--clean" in uses:
        return "clean"
    if "--sync" in uses and uses.keys().isdisjoint(_PACMAN_SHOWS):
        without_packages: Action = "upgrade" if "--sysupgrade" in uses else "update"
        return "download" if "--downloadonly" in uses else "install" if options.operands else without_packages
    return "install" if "--upgrade" in uses else "other"


_PACMAN_SHOWS = frozenset({"--search", "--info", "--list", "--groups", "--print"})
"""With `--sync` what only tells of packages."""

PACMAN = Manager(
    "pacman",
    OptionTable(
        "-S --sync, -U --upgrade, -R --remove, -Q --query, -D --database, -F --files, -T --deptest, -y --refresh,"
        " -u --sysupgrade, -c --clean, -w --downloadonly, -s --search, -i --info, -l --list, -g --groups, -p --print,"
        " -n --nosave, -q --quiet, --noconfirm, --needed",
        "-b --dbpath, -r --root, --sysroot, --arch, --cachedir, --hookdir, --gpgdir, --logfile, --config, --color,"
        " --ignore, --ignoregroup, --overwrite, --assume-installed, --print-format",
    ),
    {},
    lambda word: (
        special(word, (".pkg.tar.zst", ".pkg.tar.xz")) or Package(*version_split(word.value, _APK_VERSION), word)
    ),
    flag_action=_pacman_action,
    assume_yes=trait("--noconfirm"),
)
BREW = Manager(
    "brew",
    OptionTable("-q --quiet, -v --verbose, -f --force", ""),
    {"install": "install", "uninstall": "remove", "update": "update", "upgrade": "upgrade", "cleanup": "clean"},
    lambda word: special(word, ()) or Package(*version_split(word.value, re.compile("@")), word),
)
