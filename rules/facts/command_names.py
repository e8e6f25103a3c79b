"""Commands whose names no package has, though people hand them to a package manager: it stops at them.

Checked against `Packages` and `Contents` of Debian 11 to 13 and unstable and of Ubuntu 20.04 to 26.04, main to
multiverse, on 23 November 2026: none of the names is a package there or provided by one, and each package is in all of
them. Alpine's are few: what the APKBUILDs of procps-ng, bind, psmisc, shadow and their like in alpinelinux/aports name.
"""

from __future__ import annotations

from typing import NamedTuple

from rules.facts.commands import words
from rules.facts.distributions import release_numbers

_KNOWN_SINCE = {"debian": "11", "ubuntu": "20.04", "alpine": "3.12"}
"""The first releases that were looked at."""
_DEBIAN = {
    "apache2": "apachectl apache2ctl a2enmod",
    "apache2-dev": "apxs",
    "apache2-utils": "ab htpasswd",
    "automake": "aclocal",
    "bind9-dnsutils": "dig nslookup nsupdate",
    "binutils": "ld nm objdump readelf strings",
    "bridge-utils": "brctl",
    "bundler": "bundle",
    "cabal-install": "cabal",
    "cifs-utils": "mount.cifs",
    "cron": "crontab",
    "default-jdk-headless": "javac jar jshell",
    "default-jre-headless": "java keytool",
    "default-mysql-client": "mysql mysqladmin mysqldump",
    "dpkg-dev": "dpkg-buildpackage",
    "e2fsprogs": "e2fsck mkfs.ext4 resize2fs tune2fs",
    "ffmpeg": "ffprobe",
    "fontconfig": "fc-cache fc-list fc-match",
    "gcc": "cc",
    "gettext": "msgfmt xgettext",
    "ghostscript": "gs",
    "golang-go": "go gofmt",
    "graphviz": "dot",
    "imagemagick": "convert identify mogrify",
    "inotify-tools": "inotifywait inotifywatch",
    "iproute2": "ip ss tc",
    "iputils-ping": "ping6",
    "iputils-tracepath": "tracepath",
    "kmod": "insmod lsmod modprobe",
    "krb5-user": "klist",
    "ldap-utils": "ldapadd ldapsearch ldapwhoami",
    "leiningen": "lein",
    "libcap2-bin": "getcap setcap",
    "libtool": "libtoolize",
    "libxml2-utils": "xmllint",
    "locales": "locale-gen",
    "mailutils": "mail",
    "maven": "mvn",
    "mercurial": "hg",
    "mesa-utils": "glxinfo",
    "moreutils": "sponge",
    "net-tools": "arp ifconfig netstat route",
    "netcat-openbsd": "nc",
    "nftables": "nft",
    "ninja-build": "ninja",
    "nodejs": "node",
    "npm": "npx",
    "openssh-client": "scp sftp ssh-agent ssh-keygen ssh-keyscan",
    "openssh-server": "sshd",
    "pciutils": "lspci",
    "poppler-utils": "pdfinfo pdftoppm pdftotext",
    "postgresql-client": "psql",
    "procps": "free pgrep pkill pmap ps slabtop sysctl top uptime vmstat",
    "protobuf-compiler": "protoc",
    "psmisc": "fuser killall pstree",
    "python3-pip": "pip3",
    "qemu-utils": "qemu-img",
    "redis-tools": "redis-cli",
    "sharutils": "uudecode uuencode",
    "squashfs-tools": "mksquashfs unsquashfs",
    "subversion": "svn",
    "supervisor": "supervisorctl supervisord",
    "sysstat": "iostat mpstat pidstat sar",
    "tesseract-ocr": "tesseract",
    "texlive-latex-base": "latex pdflatex",
    "texlive-xetex": "xelatex",
    "usbutils": "lsusb",
    "uuid-runtime": "uuidgen",
    "vim": "vi",
    "whois": "mkpasswd",
    "x11-utils": "xdpyinfo",
    "x11-xserver-utils": "xrandr",
    "xvfb": "xvfb-run",
    "xz-utils": "unxz xz xzcat",
}
_DEBIAN_BASE = {
    "bsdutils": "logger renice script",
    "coreutils": """base64 basename cut date dd df dirname du head id ls md5sum mktemp nohup nproc pwd readlink realpath
        seq sha1sum sha256sum sha512sum shuf sleep sort stat stdbuf tac tail tee timeout tr truncate uname uniq wc
        whoami""",
    "diffutils": "cmp diff",
    "findutils": "find xargs",
    "grep": "egrep fgrep",
    "gzip": "gunzip zcat zgrep",
    "libc-bin": "getconf iconv ldconfig ldd",
    "ncurses-bin": "clear tput",
    "passwd": "chpasswd gpasswd groupadd groupmod useradd userdel usermod",
    "sysvinit-utils": "pidof",
    "util-linux": "blkid flock getopt lsblk lscpu more nsenter setpriv setsid su unshare",
}
"""What every image of Debian and Ubuntu has; without `rm`, `mkdir` and their like, in front of which people forget an
operator."""
_ALPINE = {
    "bind-tools": "dig nslookup",
    "net-tools": "ifconfig netstat",
    "postgresql-client": "psql",
    "procps": "pgrep pkill ps top",
    "psmisc": "killall",
    "redis": "redis-cli",
    "shadow": "groupadd useradd usermod",
    "supervisor": "supervisord",
}
_ALPINE_BASE = {"busybox": "find xargs"}


class Brought(NamedTuple):
    """What brings a command that no package is called by.

    Attributes:
        package: The package.
        there: Whether every image of the distribution has it.
    """

    package: str
    there: bool


def _by_command(*tables: tuple[dict[str, str], bool]) -> dict[str, Brought]:
    return {
        name: Brought(package, there)
        for table, there in tables
        for package, names in table.items()
        for name in words(names)
    }


_OF_DEBIAN = _by_command((_DEBIAN, False), (_DEBIAN_BASE, True))
_TABLES = {
    "debian": _OF_DEBIAN,
    "ubuntu": _OF_DEBIAN,
    "alpine": _by_command((_ALPINE, False), (_ALPINE_BASE, True)),
}


def only_a_command(name: str, distro: str | None, numbers: tuple[int, ...]) -> Brought | None:
    """Return what brings a command, where no package of the release has its name or provides it.

    Args:
        name: Such as `ps`; `ping` is none, for two packages provide that name.
        distro: As in `ImageFacts.distro`; `debian`, `ubuntu` and `alpine` are known.
        numbers: The release's, as in `Release.numbers`.
    """
    since = _KNOWN_SINCE.get(distro or "")
    if since is None or numbers < release_numbers(since):
        return None
    return _TABLES[distro or ""].get(name)
