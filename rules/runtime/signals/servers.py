"""Servers that stop gracefully on a signal of their own."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, NamedTuple

from rules.api import Origin
from rules.runtime.signals.daemons import is_busybox_httpd
from rules.runtime.starts.instructions import behind_init, is_script_entrypoint, reads_code
from rules.runtime.starts.text import behind_exec

if TYPE_CHECKING:
    from rules.api import Setting, Stage, Start

_SYSTEMD = ("SIGRTMIN+3", "systemd then powers the container off in order")
_NGINX = ("SIGQUIT", "the server then finishes the requests under way")
_WANTED = {
    "nginx": _NGINX,
    "openresty": _NGINX,
    "php-fpm": (
        "SIGQUIT",
        "the pool then finishes the requests under way, in the time of `process_control_timeout` (0 unless set)",
    ),
    "apache2": ("SIGWINCH", "the server then finishes the requests under way"),
    "httpd": ("SIGWINCH", "the server then finishes the requests under way"),
    "httpd-foreground": ("SIGWINCH", "the server then finishes the requests under way"),
    "apache2-foreground": ("SIGWINCH", "the server then finishes the requests under way"),
    "haproxy": ("SIGUSR1", "the server then takes no new connections and ends with the last one"),
    "systemd": _SYSTEMD,
}
_INIT_PATHS = frozenset({"/sbin/init", "/usr/sbin/init", "/lib/systemd/systemd", "/usr/lib/systemd/systemd"})
_PHP_FPM = re.compile(r"php-?fpm[\d.]*\Z")
_ENDS_AT_ONCE = frozenset({"-t", "-T", "-v", "-V", "-h", "-s"})
"""Options of nginx with which it serves nothing (`nginx -h`)."""


class Server(NamedTuple):
    """A server that is process 1.

    Attributes:
        name: Its name.
        signal: On which signal it finishes what it does, and ends.
        why: What it does then, a clause.
        setting: What starts it.
    """

    name: str
    signal: str
    why: str
    setting: Setting[Start]


def server_of(stage: Stage) -> Server | None:
    """Return the server that is process 1, when this stage chose it or the signal that it gets."""
    start = _process_1(stage)
    name = _program(stage, start) if start is not None else None
    wanted = _WANTED.get(name or "")
    return Server(name, *wanted, start) if name is not None and wanted is not None and start is not None else None


def _program(stage: Stage, start: Setting[Start]) -> str | None:
    if not start.value:
        return None
    if Origin.HERE not in (start.origin, stage.image.stopsignal.origin):
        return None
    words = _behind_shell(start.value)
    if not words or (posixpath.basename(words[0]) in ("nginx", "openresty") and not _ENDS_AT_ONCE.isdisjoint(words)):
        return None
    if is_busybox_httpd(words):
        return None
    if words[0] in _INIT_PATHS:
        facts = stage.facts
        return None if facts is not None and facts.distro == "alpine" else "systemd"
    name = posixpath.basename(words[0])
    return "php-fpm" if _PHP_FPM.match(name) else name


def _behind_shell(start: Start) -> tuple[str, ...]:
    """Return the words of what gets the signal: behind an init, or where the shell makes way by `exec`."""
    if start.form == "exec" and not reads_code(start.words):
        return behind_init(start.words)
    return behind_exec(start)


def _process_1(stage: Stage) -> Setting[Start] | None:
    """Return the setting that says what runs: behind the start script of a base that we know, CMD."""
    image, facts = stage.image, stage.facts
    written = image.entrypoint.value
    if facts is not None and written is not None and written.words == facts.entrypoint and is_script_entrypoint(stage):
        return image.cmd  # the official images' scripts end in `exec "$@"`
    if written and written.form == "exec" and not behind_init(written.words):
        return image.cmd  # `tini --` passes on what it gets
    return image.entrypoint or image.cmd
