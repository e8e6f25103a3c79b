"""What becomes of SIGTERM in a program that is process 1 itself: the kernel drops what it has no handler for.

That is signal(7) of Linux in a namespace of processes of its own (pid_namespaces(7), "the init process"): the default
action, to end the program, is not taken for process 1. Measured with Node.js, Python, Perl
and `sleep`.
"""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from rules.runtime.languages.node_texts import HANDLER, texts_of_node
from rules.runtime.starts.instructions import INITS, SHELLS
from rules.runtime.starts.text import BUILTINS

if TYPE_CHECKING:
    from rules.change import DockerfileChange
    from rules.dockerfile.shell.command import Command
    from rules.model.stage import Stage

_VERSION = re.compile(r"-?[0-9]+(?:\.[0-9]+)*\Z")
_HANDLES = frozenset(
    "java ruby dotnet erl elixir mix iex beam.smp "
    "nginx openresty apache2 apache2ctl apachectl httpd php-fpm caddy frankenphp haproxy traefik squid varnishd "
    "gunicorn uvicorn hypercorn daphne celery puma unicorn thin bundle rails rake rackup jekyll sidekiq "
    "redis-server valkey-server postgres mysqld mariadbd mongod memcached etcd consul vault prometheus minio "
    "supervisord supervisor circusd sshd named dnsmasq rsyslogd".split()
)
"""Runtimes and servers that end on SIGTERM as process 1 as well: the runtimes of Java, Ruby, .NET, Go and Erlang have a
handler for it without the program's doing."""
_RUNNERS = frozenset({"npm", "npx", "yarn", "pnpm", "bun", "uv", "poetry", "pipenv", "flask"})
"""What starts a program of its own, which is spoken of elsewhere, or cannot be known."""


def handles_sigterm(change: DockerfileChange, stage: Stage, command: Command) -> bool:
    """Tell whether the text of the program that Node.js is to run was read, and sees to SIGTERM."""
    return any(HANDLER.search(text) for text in texts_of_node(change, stage, [command]))


def beside_way_out(change: DockerfileChange, stage: Stage, command: Command | None) -> str:
    """Say behind a way out that makes a program process 1 what else it needs, unless it is known to end on SIGTERM.

    Args:
        change: The change.
        stage: The stage that starts it.
        command: What starts it.
    """
    name = _VERSION.sub("", command.name) if command is not None else ""
    path = command.called if command is not None else ""
    if command is None or not name or posixpath.splitext(_VERSION.sub("", path))[1] or "$" in path:
        return ""  # a script, whose shell is spoken of elsewhere, or nobody knows what
    if name in _HANDLES | _RUNNERS | BUILTINS | SHELLS | INITS or handles_sigterm(change, stage, command):
        return ""
    if not INITS.isdisjoint(command.wrappers):
        return ""  # `tini -- node server.js`
    if name == "python" and any(word.value in _HANDLES for word in command.args):
        return ""  # `python -m gunicorn`
    return NEEDS_INIT


NEEDS_INIT = (
    " A program without a handler for SIGTERM needs an init as well (`docker run --init`): process 1 gets only the "
    "signals that it handles."
)
"""What is true of every program as process 1."""
