"""Which packages bring the commands that a base image lacks.

Sources: the file lists of the packages (packages.debian.org, pkgs.alpinelinux.org, packages.fedoraproject.org).
"""

from __future__ import annotations

import re

from rules.facts.commands import OF_TOOL, POSIX, words
from rules.facts.distributions import DEBIAN_FAMILY, REDHAT_FAMILY
from rules.facts.packages import plain_name

_PROVIDES = OF_TOOL | {
    "adduser": words("adduser addgroup deluser delgroup"),
    "apache2": words("apache2 apache2ctl apachectl a2enmod"),
    "bind-tools": words("dig host nslookup"),
    "bind-utils": words("dig host nslookup"),
    "bind9-dnsutils": words("dig nslookup nsupdate"),
    "bind9-host": words("host"),
    "bsdmainutils": words("hexdump column cal"),
    "coreutils": POSIX - words("awk diff find grep gzip sed sh tar xargs which su login passwd mount umount"),
    "default-jdk": words("java javac jar"),
    "default-jdk-headless": words("java javac jar"),
    "default-jre": words("java"),
    "default-jre-headless": words("java"),
    "default-mysql-client": words("mysql mysqldump mysqladmin"),
    "dnsutils": words("dig nslookup nsupdate"),
    "findutils": words("find xargs"),
    "fontconfig": words("fc-cache fc-list fc-match fc-query fc-scan"),
    "gettext": words("envsubst gettext msgfmt msgmerge xgettext"),
    "gettext-base": words("envsubst gettext"),
    "gettext-envsubst": words("envsubst"),
    "ghostscript": words("gs ps2pdf"),
    "golang": words("go gofmt"),
    "golang-go": words("go gofmt"),
    "graphviz": words("dot neato"),
    "imagemagick": words("convert identify mogrify magick"),
    "iproute2": words("ip ss tc"),
    "iputils": words("ping tracepath"),
    "iputils-ping": words("ping"),
    "libcap": words("setcap getcap"),
    "libcap-utils": words("setcap getcap capsh"),
    "libcap2-bin": words("setcap getcap capsh"),
    "libimage-exiftool-perl": words("exiftool"),
    "locales": words("locale-gen update-locale"),
    "lsb-release": words("lsb_release"),
    "mariadb-client": words("mysql mariadb mysqldump mysqladmin mariadb-admin"),
    "mysql-client": words("mysql mysqldump mysqladmin"),
    "net-tools": words("ifconfig netstat route arp"),
    "netcat": words("nc netcat"),
    "netcat-openbsd": words("nc netcat"),
    "netcat-traditional": words("nc netcat"),
    "nodejs": words("node nodejs"),
    "nmap-ncat": words("nc ncat"),
    "openjdk": words("java"),
    "openssh": words("ssh scp sftp sshd ssh-keygen ssh-keyscan"),
    "openssh-clients": words("ssh scp sftp ssh-keygen ssh-keyscan"),
    "openssh-server": words("sshd"),
    "passwd": words("useradd groupadd usermod userdel groupmod passwd chpasswd"),
    "php-cli": words("php"),
    "poppler-utils": words("pdftotext pdftoppm pdftocairo pdfinfo pdfimages pdfunite pdfseparate"),
    "postgresql-client": words("psql pg_dump pg_restore pg_isready"),
    "procps-ng": words("ps top free pgrep pkill uptime watch sysctl"),
    "psmisc": words("killall fuser pstree"),
    "python3-pip": words("pip pip3"),
    "py3-pip": words("pip pip3"),
    "python3-gunicorn": words("gunicorn"),
    "redis": words("redis-server redis-cli"),
    "redis-server": words("redis-server redis-cli"),
    "redis-tools": words("redis-cli redis-benchmark"),
    "ruby-full": words("ruby gem irb"),
    "shadow": words("useradd groupadd usermod userdel groupmod"),
    "shadow-utils": words("useradd groupadd usermod userdel groupmod"),
    "sqlite": words("sqlite3"),
    "supervisor": words("supervisord supervisorctl"),
    "tesseract-ocr": words("tesseract"),
    "util-linux": words("flock getopt lsblk mount nsenter setpriv setsid unshare"),
    "vim": words("vim vi"),
    "vim-tiny": words("vi"),
    "xvfb": words("Xvfb xvfb-run"),
    "xz-utils": words("xz unxz xzcat"),
}
_PATTERNS = (
    (re.compile(r"openjdk-?\d+-jdk(?:-headless)?|java-[\d.]+-openjdk-devel"), words("java javac jar")),
    (re.compile(r"openjdk-?\d+(?:-jre)?(?:-headless)?|java-[\d.]+-openjdk.*"), words("java")),
    (
        re.compile(r"(?:dotnet|aspnetcore)-?\d+-(?:runtime|sdk)|(?:dotnet|aspnetcore)-(?:runtime|sdk)-[\d.]+"),
        words("dotnet"),
    ),
    (re.compile(r"nodejs-(?:current|lts|\d+)|nodejs\d+"), words("node")),
    (re.compile(r"s6-overlay.*"), words("s6-svscan s6-setuidgid with-contenv")),
    (re.compile(r"php\d*(?:\.\d+)?(?:-cli)?"), words("php")),
    (re.compile(r"postgresql-?(?:client-)?\d+(?:-client)?"), words("psql pg_dump pg_isready")),
)
_BY_DISTRO: dict[str, dict[str, str]] = {
    "dig": {"debian": "dnsutils", "alpine": "bind-tools", "redhat": "bind-utils"},
    "nslookup": {"debian": "dnsutils", "redhat": "bind-utils"},
    "cron": {"debian": "cron"},
    "crond": {"redhat": "cronie"},
    "envsubst": {"debian": "gettext-base", "alpine": "gettext-envsubst", "redhat": "gettext"},
    "fc-cache": dict.fromkeys(("debian", "alpine", "redhat"), "fontconfig"),
    "gpg": {"debian": "gnupg", "alpine": "gnupg", "redhat": "gnupg2"},
    "ip": {"debian": "iproute2", "redhat": "iproute"},
    "killall": {"debian": "psmisc", "redhat": "psmisc"},
    **{name: {"debian": "default-mysql-client", "alpine": "mysql-client"} for name in ("mysql", "mysqladmin")},
    "nc": {"debian": "netcat-openbsd", "redhat": "nmap-ncat"},
    "netstat": {"debian": "net-tools", "redhat": "net-tools"},
    "node": {"debian": "nodejs", "alpine": "nodejs", "redhat": "nodejs"},
    **{
        name: {"debian": "postgresql-client", "alpine": "postgresql-client", "redhat": "postgresql"}
        for name in ("pg_dump", "pg_isready", "pg_restore", "psql")
    },
    "ping": {"debian": "iputils-ping", "redhat": "iputils"},
    **{name: {"debian": "python3-pip", "alpine": "py3-pip", "redhat": "python3-pip"} for name in ("pip", "pip3")},
    **{name: {"debian": "procps", "redhat": "procps-ng"} for name in ("ps", "pgrep", "pkill", "top", "free", "watch")},
    "python": {"debian": "python-is-python3", "alpine": "python3", "redhat": "python-unversioned-command"},
    "redis-cli": {"debian": "redis-tools", "alpine": "redis", "redhat": "redis"},
    "setcap": {"debian": "libcap2-bin", "alpine": "libcap", "redhat": "libcap"},
    "ssh": {"debian": "openssh-client", "alpine": "openssh-client", "redhat": "openssh-clients"},
    "sqlite3": {"debian": "sqlite3", "alpine": "sqlite", "redhat": "sqlite"},
    "sshd": {"debian": "openssh-server", "alpine": "openssh-server", "redhat": "openssh-server"},
    "supervisord": {"debian": "supervisor", "alpine": "supervisor", "redhat": "supervisor"},
    "useradd": {"debian": "passwd", "alpine": "shadow", "redhat": "shadow-utils"},
    "adduser": {"debian": "adduser"},
    "xz": {"debian": "xz-utils", "alpine": "xz", "redhat": "xz"},
}
_SAME_NAME = words(
    "bash curl git jq make gcc perl python3 sudo tini tar unzip wget zip rsync openssl file less nano vim"
)
_SAME_NAME |= words("dumb-init gosu su-exec ffmpeg tree patch htop socat strace")
_MISSING_PACKAGE = {
    "alpine": words("gosu"),
    "debian": words("su-exec"),
    "redhat": words("tini dumb-init gosu su-exec"),
}


def provides(package: str) -> frozenset[str]:
    """Return the commands that a package of any distribution brings, as far as they are known.

    A package that is not in the table is taken for the command of its own name.
    """
    name = plain_name(package)
    known = _PROVIDES.get(name)
    if known is not None:
        return known | {name}
    for pattern, commands in _PATTERNS:
        if pattern.fullmatch(name):
            return commands | {name}
    return frozenset({name})


def package_of_command(command: str, distro: str) -> str | None:
    """Return the package that brings a command on a distribution.

    Args:
        command: Such as `dig`.
        distro: As in `ImageFacts.distro`.

    Returns:
        The package's name, or `None` where it is not known or the distribution has none.
    """
    family = _family(distro)
    if command in _BY_DISTRO:
        return _BY_DISTRO[command].get(family)
    known = family in {"debian", "redhat", "alpine"} and command in _SAME_NAME
    return command if known and command not in _MISSING_PACKAGE.get(family, ()) else None


def is_unpackaged(command: str, distro: str) -> bool:
    """Tell whether a distribution is known to have no package of a command that others have."""
    return command in _MISSING_PACKAGE.get(_family(distro), ())


def _family(distro: str) -> str:
    return "debian" if distro in DEBIAN_FAMILY else "redhat" if distro in REDHAT_FAMILY else distro
