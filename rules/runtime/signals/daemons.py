"""Programs that go into the background and leave who started them: from their manuals, or by an option of theirs."""

from __future__ import annotations

import posixpath
import re
from itertools import pairwise
from typing import NamedTuple


class Daemon(NamedTuple):
    """A program that goes into the background.

    Attributes:
        name: The program.
        foreground: What keeps it in the foreground, an imperative clause.
    """

    name: str
    foreground: str


class _Stays(NamedTuple):
    """What keeps a program in the foreground that goes into the background by itself.

    Attributes:
        letters: Options of one letter that do, or with which it serves nothing.
        words: Options and arguments that do, or with which it serves nothing.
        advice: What to write.
    """

    letters: str
    words: frozenset[str]
    advice: str


_APACHE = _Stays(
    "XtvVlLSMh",
    frozenset("-DFOREGROUND FOREGROUND -DNO_DETACH NO_DETACH configtest status fullstatus stop".split()),
    "write `-D FOREGROUND`",
)
_APACHECTL = _APACHE._replace(advice="write `apachectl -D FOREGROUND`")
_BUSYBOX_HTTPD = _Stays("fidem", frozenset(), "write `httpd -f`")
_OF_BUSYBOX = re.compile(r"-[ifv]*[pur].*|-[ifv]{2,}")
"""Options of BusyBox's httpd that Apache's does not have (busybox, networking/httpd.c; httpd(8))."""
_BY_ITSELF = {
    "sshd": _Stays("DdtTGV", frozenset(), "write `/usr/sbin/sshd -D`"),  # which refuses to start by its name alone
    "cron": _Stays("f", frozenset(), "write `cron -f`"),
    "crond": _Stays("fnd", frozenset({"--foreground"}), "write `crond -f`"),
    "rsyslogd": _Stays("nNv", frozenset(), "write `rsyslogd -n`"),
    "lighttpd": _Stays("DtvVphi1", frozenset(), "write `lighttpd -D`"),
    "squid": _Stays("NzkvX", frozenset({"--foreground"}), "write `squid -N`"),
    "varnishd": _Stays("FdCVx", frozenset(), "write `varnishd -F`"),
    "named": _Stays("fgvV", frozenset(), "write `named -f`"),
    "dnsmasq": _Stays(
        "kdv", frozenset({"--keep-in-foreground", "--no-daemon", "--test"}), "write `dnsmasq --keep-in-foreground`"
    ),
    "httpd": _APACHE,
    "apache2": _APACHE,
    "apachectl": _APACHECTL,
    "apache2ctl": _APACHECTL,
}
_BY_OPTION: dict[str, tuple[str, frozenset[str]]] = {
    "gunicorn": ("D", frozenset({"--daemon"})),
    "uwsgi": ("d", frozenset({"--daemonize", "--daemonize2"})),
    "memcached": ("d", frozenset({"--daemon"})),
    "mongod": ("", frozenset({"--fork"})),
    "haproxy": ("D", frozenset()),
    "mysqld": ("", frozenset({"--daemonize"})),
    "php-fpm": ("D", frozenset({"--daemonize"})),
    "unicorn": ("D", frozenset({"--daemonize"})),
    "celery": ("D", frozenset({"--detach", "multi"})),
    "kafka-server-start.sh": ("", frozenset({"-daemon"})),
    "pm2": ("", frozenset({"start", "restart", "reload"})),
    "catalina.sh": ("", frozenset({"start"})),
    "zkServer.sh": ("", frozenset({"start"})),
    "pg_ctl": ("", frozenset({"start"})),
    "postfix": ("", frozenset({"start"})),
}
_INSTEAD = {
    "pm2": "write `pm2-runtime`",
    "catalina.sh": "write `catalina.sh run`",
    "zkServer.sh": "write `zkServer.sh start-foreground`",
    "pg_ctl": "start `postgres` itself",
    "postfix": "write `postfix start-fg`",
    "celery": "write `celery worker`",
}
_STAYS_ALL_THE_SAME = frozenset({"--no-daemon", "--attach", "--nodaemonize", "-F"})
_STARTING = frozenset({"start", "restart"})
_VERSION = re.compile(r"-?[\d.]+\Z")
NGINX = Daemon("nginx", "write `nginx -g 'daemon off;'`")
SUPERVISORD = Daemon("supervisord", "write `supervisord -n`, or `nodaemon=true` into its configuration")
PHP_FPM = re.compile(r"php-fpm\d[\d.]*")
"""The name of a distribution's own, with its version: its configuration leaves `daemonize = yes` as it is (php-fpm(8)).

The official image's `php-fpm` has a configuration that says `no`.
"""
_FPM = _Stays("Ftvimh", frozenset({"--nodaemonize"}), "give it `-F`")
_STAYS_WITH_NODAEMON = frozenset({"--nodaemon", "--version", "--help"})
_NGINX_SERVES_NOTHING = frozenset({"-t", "-T", "-v", "-V", "-h", "-s", "-?"})


def background(words: tuple[str, ...]) -> Daemon | None:
    """Return the daemon that a command starts and leaves; `None` for anything that stays, as far as is known.

    Args:
        words: The program and its arguments.
    """
    if not words:
        return None
    path, args = words[0], words[1:]
    name = posixpath.basename(path)
    if name in ("nginx", "openresty"):
        quiet = not _NGINX_SERVES_NOTHING.isdisjoint(args) or any("daemon" in word for word in args)
        return None if quiet else NGINX
    if name == "supervisord":
        return None if _has_letter(args, "nvh") or not _STAYS_WITH_NODAEMON.isdisjoint(args) else SUPERVISORD
    service = _service(path, name, args)
    if service is not None:
        return Daemon(service, "start the program itself, in the foreground")
    program = name if name in _BY_ITSELF or name in _BY_OPTION else _VERSION.sub("", name)
    stays = _BUSYBOX_HTTPD if is_busybox_httpd(words) else _FPM if PHP_FPM.fullmatch(name) else _BY_ITSELF.get(program)
    if stays is not None:
        kept = _has_letter(args, stays.letters) or not stays.words.isdisjoint(args)
        return None if kept else Daemon(name, stays.advice)
    return Daemon(name, _INSTEAD.get(program, "leave that option out")) if _is_told(program, args) else None


def is_busybox_httpd(words: tuple[str, ...]) -> bool:
    """Tell whether `httpd` is called as BusyBox's, not as Apache's: `httpd -f -p 8080 -h /www`.

    `-f` has a file behind it for Apache, and nothing for BusyBox; `-h` a folder for BusyBox, and nothing for Apache.
    """
    if posixpath.basename(words[0]) != "httpd":
        return False
    return any(
        _OF_BUSYBOX.fullmatch(word)
        or (word == "-f" and (not behind or behind.startswith("-")))
        or (word == "-h" and behind and not behind.startswith("-"))
        for word, behind in pairwise((*words[1:], ""))
    )


def _service(path: str, name: str, args: tuple[str, ...]) -> str | None:
    """Return what a service manager is told to start."""
    if posixpath.dirname(path) == "/etc/init.d":
        return name if args[:1] and args[0] in _STARTING else None
    if name in ("service", "rc-service", "invoke-rc.d"):
        return args[0] if args[1:] and args[1] in _STARTING else None
    if name == "systemctl":
        return args[1] if args[1:] and args[0] in _STARTING else None
    return None


def _is_told(program: str, args: tuple[str, ...]) -> bool:
    if program == "redis-server":
        return ("--daemonize", "yes") in pairwise(args)
    letters, options = _BY_OPTION.get(program, ("", frozenset()))
    told = any(word.partition("=")[0] in options for word in args) or _has_letter(args, letters)
    return told and _STAYS_ALL_THE_SAME.isdisjoint(args)


def _has_letter(args: tuple[str, ...], letters: str) -> bool:
    """Whether an option of one letter is given, alone or in front of others: `-De`."""
    return any(word[:1] == "-" and word[1:2] != "-" and not set(word[1:3]).isdisjoint(letters) for word in args)
