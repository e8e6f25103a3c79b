"""Which commands the systems of base images have, and which packages bring the others.

Sources: the file lists of the packages in `debian:*-slim` (packages.debian.org), `busybox --list` of Alpine 3.20, and
the package lists of each distribution. Only what is the same in all supported releases is listed.
"""

from __future__ import annotations

import re

from rules.facts.distributions import DEBIAN_FAMILY, REDHAT_FAMILY
from rules.facts.packages import plain_name


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


POSIX = _words(
    """[ awk basename cat chgrp chmod chown chroot cmp comm cp cut date dd df diff dirname du echo env expr false
    find fold getopt grep egrep fgrep groups gunzip gzip head hostname id install kill link ln login ls md5sum mkdir
    mkfifo mknod mktemp more mount mountpoint mv nice nl nohup nproc od passwd paste pidof printenv printf pwd readlink
    realpath rev rm rmdir sed seq setsid sh sha1sum sha256sum sha512sum shuf sleep sort split stat stty su sync tac
    tail tar tee test timeout touch tr true truncate tty umount uname uniq unlink wc which whoami xargs yes zcat"""
)
"""Commands of both `debian:*-slim` and Alpine."""

DEBIAN = POSIX | _words(
    """apt apt-cache apt-config apt-get apt-mark arch b2sum base32 base64 bash cksum clear csplit dash dpkg dpkg-deb
    dpkg-divert dpkg-query dpkg-statoverride factor fmt getconf getent gpasswd groupadd groupdel groupmod hostid iconv
    invoke-rc.d ionice join ldconfig ldd locale localedef logger logname lsblk mawk newusers nsenter numfmt pathchk
    perl prlimit run-parts runuser savelog script sdiff service setpriv sha224sum sha384sum shred start-stop-daemon
    stdbuf taskset tput tsort unshare update-alternatives update-rc.d useradd userdel usermod users vdir whereis who
    chage chfn chpasswd chsh flock"""
)
"""Commands of `debian:*-slim` and of Ubuntu's base image."""

UBUNTU = DEBIAN | _words("free pgrep pkill pmap ps pwdx sysctl tload top uptime vmstat w watch")
"""Commands of Ubuntu's base image, which has Debian's `procps` besides (docker-library/repo-info, `repos/ubuntu`)."""

BUSYBOX = POSIX | _words(
    """add-shell addgroup adduser arch arp arping ash base64 bc blkid bunzip2 bzcat bzip2 chattr chpasswd cksum clear
    cpio crond crontab delgroup deluser dmesg dos2unix expand factor fallocate flock free fsync fuser hexdump
    ifconfig init ionice ip killall last less logger losetup lsattr lsof lzma mesg mkpasswd nc netstat nologin nsenter
    nslookup pgrep ping ping6 pkill pmap ps pstree renice reset route run-parts sendmail setpriv sha3sum shred
    strings sum sysctl syslogd time top traceroute tree udhcpc unexpand unix2dos unshare unxz unzip uptime usleep
    uudecode uuencode vi watch wget who xxd xzcat"""
)
"""Applets of BusyBox as Alpine configures it."""

ALPINE = BUSYBOX | _words("apk getconf getent iconv ldconfig ldd")
REDHAT = _words("[ bash basename cat chmod chown cp cut date dirname echo env false grep head id ln ls mkdir mktemp")
REDHAT |= _words("mv printf pwd readlink rm rmdir sed sh sha256sum sleep sort stat tail tee test touch tr true uname")
"""Commands that also the smallest images of the Red Hat family have (ubi-micro)."""

NOT_IN_DEBIAN = _words(
    """apk arping bind curl dig dumb-init fc-cache gcc g++ git gosu ifconfig ip jq lsof make microdnf dnf nano nc netcat
    netstat nslookup ping pkill pgrep ps setcap sqlite3 ss su-exec sudo supervisord telnet tini top traceroute unzip vi
    vim wget xz yum"""
)
"""Commands that `debian:*-slim` does not have, nor Ubuntu's base image but for those above, and that people expect."""

NOT_IN_ALPINE = _words(
    """apt apt-get bash curl dig dnf dpkg dumb-init fc-cache g++ gcc git gosu groupadd jq make microdnf nano perl setcap
    sqlite3 su-exec sudo supervisord tini useradd usermod vim yum"""
)
"""Commands that Alpine's base image does not have, and that people expect."""

FOREIGN = _words(
    """alembic apache2-foreground bun bundle bunx caddy cargo celery composer conda corepack deno django-admin dotnet
    erl flask gem go gradle granian gunicorn hypercorn java javac mamba micromamba mix mvn mysqladmin nest next
    nginx node nodemon npm npx pdm pg_isready php php-fpm pip pip3 pipenv pipx pm2 pnpm poetry psql pypy3 pytest
    python python3 rails rake redis-cli ruby rustc s6-svscan serve tox ts-node tsx uv uvicorn uvx vite
    waitress-serve yarn"""
)
"""Programs that no base image has but those that are made for them."""

OF_LANGUAGE = {
    "python": _words("python python3 pip pip3 pydoc3 python3-config idle3"),
    "node": _words("node nodejs npm npx"),
    "go": _words("go gofmt"),
    "ruby": _words("ruby gem bundle bundler irb rake erb"),
    "php": _words("php phpize php-config pecl docker-php-ext-install docker-php-ext-enable"),
    "rust": _words("cargo rustc rustup rustdoc"),
    "perl": _words("perl cpan cpanm"),
    "java": _words("java keytool"),
    "erlang": _words("erl erlc escript rebar3"),
    "elixir": _words("elixir elixirc mix iex erl"),
    "dotnet": _words("dotnet"),
    "swift": _words("swift swiftc"),
    "julia": _words("julia"),
    "r": _words("R Rscript"),
    "haskell": _words("ghc cabal stack runghc"),
    "dart": _words("dart"),
    "deno": _words("deno"),
    "bun": _words("bun bunx"),
}
"""Commands that come with the official image of a language."""

OF_IMAGE = {
    "postgres": _words("psql pg_isready pg_dump pg_restore pg_ctl initdb createdb gosu"),
    "redis": _words("redis-server redis-cli redis-benchmark"),
    "valkey/valkey": _words("valkey-server valkey-cli"),
    "mysql": _words("mysql mysqld mysqladmin mysqldump"),
    "mongo": _words("mongod"),
    "nginx": _words("nginx"),
    "nginxinc/nginx-unprivileged": _words("nginx"),
    "httpd": _words("httpd apachectl ab"),
    "caddy": _words("caddy"),
    "haproxy": _words("haproxy"),
    "traefik": _words("traefik"),
    "rabbitmq": _words("rabbitmq-server rabbitmqctl rabbitmq-diagnostics rabbitmq-plugins"),
    "memcached": _words("memcached"),
    "maven": _words("mvn"),
    "gradle": _words("gradle"),
    "composer": _words("composer git unzip"),
    "docker": _words("docker"),
    "phusion/baseimage": _words("curl killall less my_init nano pstree python3 setuser vim wget"),
    **dict.fromkeys(
        (
            *(f"quay.io/jupyter/{name}-notebook" for name in ("base", "minimal", "scipy")),
            "quay.io/jupyter/docker-stacks-foundation",
            "condaforge/miniforge3",
            "continuumio/miniconda3",
        ),
        _words("conda mamba pip pip3 python python3"),
    ),
}
"""Commands of images that are not made for a language (phusion's `utilities.sh`), or have one from conda."""

OF_TOOL = {
    "gnupg": _words("gpg gpg-agent gpgconf"),
    "openssh-client": _words("ssh scp sftp ssh-add ssh-agent ssh-keygen ssh-keyscan"),
    "procps": _words("ps top free pgrep pkill uptime vmstat watch w pmap sysctl"),
    "apk-tools": _words("apk"),
    "busybox": BUSYBOX | {"busybox"},
    "build-base": _words("gcc g++ cc c++ make ld ar as patch strip"),
    "build-essential": _words("gcc g++ cc c++ make ld ar as dpkg-buildpackage patch strip"),
    "gcc": _words("gcc cc"),
    "g++": _words("g++ c++"),
    "ca-certificates": _words("update-ca-certificates"),
    "tzdata": frozenset(),
}
"""Commands behind the package names that the table of images lists; any other name is its own command."""

_PROVIDES = OF_TOOL | {
    "adduser": _words("adduser addgroup deluser delgroup"),
    "apache2": _words("apache2 apache2ctl apachectl a2enmod"),
    "bind-tools": _words("dig host nslookup"),
    "bind-utils": _words("dig host nslookup"),
    "bind9-dnsutils": _words("dig nslookup nsupdate"),
    "bind9-host": _words("host"),
    "bsdmainutils": _words("hexdump column cal"),
    "coreutils": POSIX - _words("awk diff find grep gzip sed sh tar xargs which su login passwd mount umount"),
    "default-jdk": _words("java javac jar"),
    "default-jdk-headless": _words("java javac jar"),
    "default-jre": _words("java"),
    "default-jre-headless": _words("java"),
    "default-mysql-client": _words("mysql mysqldump mysqladmin"),
    "dnsutils": _words("dig nslookup nsupdate"),
    "findutils": _words("find xargs"),
    "fontconfig": _words("fc-cache fc-list fc-match fc-query fc-scan"),
    "gettext": _words("envsubst gettext msgfmt msgmerge xgettext"),
    "gettext-base": _words("envsubst gettext"),
    "gettext-envsubst": _words("envsubst"),
    "golang": _words("go gofmt"),
    "golang-go": _words("go gofmt"),
    "imagemagick": _words("convert identify mogrify magick"),
    "iproute2": _words("ip ss tc"),
    "iputils": _words("ping tracepath"),
    "iputils-ping": _words("ping"),
    "libcap": _words("setcap getcap"),
    "libcap-utils": _words("setcap getcap capsh"),
    "libcap2-bin": _words("setcap getcap capsh"),
    "lsb-release": _words("lsb_release"),
    "mariadb-client": _words("mysql mariadb mysqldump mysqladmin mariadb-admin"),
    "mysql-client": _words("mysql mysqldump mysqladmin"),
    "net-tools": _words("ifconfig netstat route arp"),
    "netcat": _words("nc netcat"),
    "netcat-openbsd": _words("nc netcat"),
    "netcat-traditional": _words("nc netcat"),
    "nodejs": _words("node nodejs"),
    "nmap-ncat": _words("nc ncat"),
    "openjdk": _words("java"),
    "openssh": _words("ssh scp sftp sshd ssh-keygen ssh-keyscan"),
    "openssh-clients": _words("ssh scp sftp ssh-keygen ssh-keyscan"),
    "openssh-server": _words("sshd"),
    "passwd": _words("useradd groupadd usermod userdel groupmod passwd chpasswd"),
    "php-cli": _words("php"),
    "postgresql-client": _words("psql pg_dump pg_restore pg_isready"),
    "procps-ng": _words("ps top free pgrep pkill uptime watch sysctl"),
    "python3-pip": _words("pip pip3"),
    "py3-pip": _words("pip pip3"),
    "python3-gunicorn": _words("gunicorn"),
    "redis": _words("redis-server redis-cli"),
    "redis-server": _words("redis-server redis-cli"),
    "redis-tools": _words("redis-cli redis-benchmark"),
    "ruby-full": _words("ruby gem irb"),
    "shadow": _words("useradd groupadd usermod userdel groupmod"),
    "shadow-utils": _words("useradd groupadd usermod userdel groupmod"),
    "sqlite": _words("sqlite3"),
    "supervisor": _words("supervisord supervisorctl"),
    "util-linux": _words("flock getopt lsblk mount nsenter setpriv setsid unshare"),
    "vim": _words("vim vi"),
    "vim-tiny": _words("vi"),
    "xz-utils": _words("xz unxz xzcat"),
}
_PATTERNS = (
    (re.compile(r"openjdk-?\d+-jdk(?:-headless)?|java-[\d.]+-openjdk-devel"), _words("java javac jar")),
    (re.compile(r"openjdk-?\d+(?:-jre)?(?:-headless)?|java-[\d.]+-openjdk.*"), _words("java")),
    (
        re.compile(r"(?:dotnet|aspnetcore)-?\d+-(?:runtime|sdk)|(?:dotnet|aspnetcore)-(?:runtime|sdk)-[\d.]+"),
        _words("dotnet"),
    ),
    (re.compile(r"nodejs-(?:current|lts|\d+)|nodejs\d+"), _words("node")),
    (re.compile(r"s6-overlay.*"), _words("s6-svscan s6-setuidgid with-contenv")),
    (re.compile(r"php\d*(?:\.\d+)?(?:-cli)?"), _words("php")),
    (re.compile(r"postgresql-?(?:client-)?\d+(?:-client)?"), _words("psql pg_dump pg_isready")),
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
    "ps": {"debian": "procps", "redhat": "procps-ng"},
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
_SAME_NAME = _words(
    "bash curl git jq make gcc perl python3 sudo tini tar unzip wget zip rsync openssl file less nano vim"
)
_SAME_NAME |= _words("dumb-init gosu su-exec ffmpeg tree patch htop socat strace")
_MISSING_PACKAGE = {
    "alpine": _words("gosu"),
    "debian": _words("su-exec"),
    "redhat": _words("tini dumb-init gosu su-exec"),
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
