"""Which commands the systems of base images have; `rules.facts.command_packages` knows what brings the others.

Sources: the file lists of the packages in `debian:*-slim` (packages.debian.org), `busybox --list` of Alpine 3.20, and
the package lists of each distribution. Only what is the same in all supported releases is listed.
"""

from __future__ import annotations


def words(text: str) -> frozenset[str]:
    """Return the words of a text: a table of names that is read at a glance."""
    return frozenset(text.split())


POSIX = words(
    """[ awk basename cat chgrp chmod chown chroot cmp comm cp cut date dd df diff dirname du echo env expr false
    find fold getopt grep egrep fgrep groups gunzip gzip head hostname id install kill link ln login ls md5sum mkdir
    mkfifo mknod mktemp more mount mountpoint mv nice nl nohup nproc od passwd paste pidof printenv printf pwd readlink
    realpath rev rm rmdir sed seq setsid sh sha1sum sha256sum sha512sum shuf sleep sort split stat stty su sync tac
    tail tar tee test timeout touch tr true truncate tty umount uname uniq unlink wc which whoami xargs yes zcat"""
)
"""Commands of both `debian:*-slim` and Alpine."""

DEBIAN = POSIX | words(
    """apt apt-cache apt-config apt-get apt-mark arch b2sum base32 base64 bash cksum clear csplit dash dpkg dpkg-deb
    dpkg-divert dpkg-query dpkg-statoverride factor fmt getconf getent gpasswd groupadd groupdel groupmod hostid iconv
    invoke-rc.d ionice join ldconfig ldd locale localedef logger logname lsblk mawk newusers nsenter numfmt pathchk
    perl prlimit run-parts runuser savelog script sdiff service setpriv sha224sum sha384sum shred start-stop-daemon
    stdbuf taskset tput tsort unshare update-alternatives update-rc.d useradd userdel usermod users vdir whereis who
    chage chfn chpasswd chsh flock"""
)
"""Commands of `debian:*-slim` and of Ubuntu's base image."""

UBUNTU = DEBIAN | words("free pgrep pkill pmap ps pwdx sysctl tload top uptime vmstat w watch")
"""Commands of Ubuntu's base image, which has Debian's `procps` besides (docker-library/repo-info, `repos/ubuntu`)."""

BUSYBOX = POSIX | words(
    """add-shell addgroup adduser arch arp arping ash base64 bc blkid bunzip2 bzcat bzip2 chattr chpasswd cksum clear
    cpio crond crontab delgroup deluser dmesg dos2unix expand factor fallocate flock free fsync fuser hexdump
    ifconfig init ionice ip killall last less logger losetup lsattr lsof lzma mesg mkpasswd nc netstat nologin nsenter
    nslookup pgrep ping ping6 pkill pmap ps pstree renice reset route run-parts sendmail setpriv sha3sum shred
    strings sum sysctl syslogd time top traceroute tree udhcpc unexpand unix2dos unshare unxz unzip uptime usleep
    uudecode uuencode vi watch wget who xxd xzcat"""
)
"""Applets of BusyBox as Alpine configures it."""

ALPINE = BUSYBOX | words("apk getconf getent iconv ldconfig ldd")
REDHAT = words("[ bash basename cat chmod chown cp cut date dirname echo env false grep head id ln ls mkdir mktemp")
REDHAT |= words("mv printf pwd readlink rm rmdir sed sh sha256sum sleep sort stat tail tee test touch tr true uname")
"""Commands that also the smallest images of the Red Hat family have (ubi-micro)."""

NOT_IN_DEBIAN = words(
    """apk arping bind curl dig dumb-init fc-cache gcc g++ git gosu ifconfig ip jq lsof make microdnf dnf nano nc netcat
    netstat nslookup ping pkill pgrep ps setcap sqlite3 ss su-exec sudo supervisord telnet tini top traceroute unzip vi
    vim wget xz yum"""
)
"""Commands that `debian:*-slim` does not have, nor Ubuntu's base image but for those above, and that people expect."""

NOT_IN_ALPINE = words(
    """apt apt-get bash curl dig dnf dpkg dumb-init fc-cache g++ gcc git gosu groupadd jq make microdnf nano perl setcap
    sqlite3 su-exec sudo supervisord tini useradd usermod vim yum"""
)
"""Commands that Alpine's base image does not have, and that people expect."""

FOREIGN = words(
    """alembic apache2-foreground bun bundle bunx caddy cargo celery composer conda corepack deno django-admin dotnet
    erl flask gem go gradle granian gunicorn hypercorn java javac mamba micromamba mix mvn mysqladmin nest next
    nginx node nodemon npm npx pdm pg_isready php php-fpm pip pip3 pipenv pipx pm2 pnpm poetry psql pypy3 pytest
    python python3 rails rake redis-cli ruby rustc s6-svscan serve tox ts-node tsx uv uvicorn uvx vite
    waitress-serve yarn"""
)
"""Programs that no base image has but those that are made for them."""

OF_LANGUAGE = {
    "python": words("python python3 pip pip3 pydoc3 python3-config idle3"),
    "node": words("node nodejs npm npx"),
    "go": words("go gofmt"),
    "ruby": words("ruby gem bundle bundler irb rake erb"),
    "php": words("php phpize php-config pecl docker-php-ext-install docker-php-ext-enable"),
    "rust": words("cargo rustc rustup rustdoc"),
    "perl": words("perl cpan cpanm"),
    "java": words("java keytool"),
    "erlang": words("erl erlc escript rebar3"),
    "elixir": words("elixir elixirc mix iex erl"),
    "dotnet": words("dotnet"),
    "swift": words("swift swiftc"),
    "julia": words("julia"),
    "r": words("R Rscript"),
    "haskell": words("ghc cabal stack runghc"),
    "dart": words("dart"),
    "deno": words("deno"),
    "bun": words("bun bunx"),
}
"""Commands that come with the official image of a language."""

OF_IMAGE = {
    "postgres": words("psql pg_isready pg_dump pg_restore pg_ctl initdb createdb gosu"),
    "redis": words("redis-server redis-cli redis-benchmark"),
    "valkey/valkey": words("valkey-server valkey-cli"),
    "mysql": words("mysql mysqld mysqladmin mysqldump"),
    "mongo": words("mongod"),
    "nginx": words("nginx"),
    "nginxinc/nginx-unprivileged": words("nginx"),
    "httpd": words("httpd apachectl ab"),
    "caddy": words("caddy"),
    "haproxy": words("haproxy"),
    "traefik": words("traefik"),
    "rabbitmq": words("rabbitmq-server rabbitmqctl rabbitmq-diagnostics rabbitmq-plugins"),
    "memcached": words("memcached"),
    "maven": words("mvn"),
    "gradle": words("gradle"),
    "composer": words("composer git unzip"),
    "docker": words("docker"),
    "phusion/baseimage": words("curl killall less my_init nano pstree python3 setuser vim wget"),
    **dict.fromkeys(
        (
            *(f"quay.io/jupyter/{name}-notebook" for name in ("base", "minimal", "scipy")),
            "quay.io/jupyter/docker-stacks-foundation",
            "condaforge/miniforge3",
            "continuumio/miniconda3",
        ),
        words("conda mamba pip pip3 python python3"),
    ),
}
"""Commands of images that are not made for a language (phusion's `utilities.sh`), or have one from conda."""

OF_TOOL = {
    "gnupg": words("gpg gpg-agent gpgconf"),
    "openssh-client": words("ssh scp sftp ssh-add ssh-agent ssh-keygen ssh-keyscan"),
    "procps": words("ps top free pgrep pkill uptime vmstat watch w pmap sysctl"),
    "apk-tools": words("apk"),
    "busybox": BUSYBOX | {"busybox"},
    "build-base": words("gcc g++ cc c++ make ld ar as patch strip"),
    "build-essential": words("gcc g++ cc c++ make ld ar as dpkg-buildpackage patch strip"),
    "gcc": words("gcc cc"),
    "g++": words("g++ c++"),
    "ca-certificates": words("update-ca-certificates"),
    "tzdata": frozenset(),
}
"""Commands behind the package names that the table of images lists; any other name is its own command."""
