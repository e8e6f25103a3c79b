"""Programs that a start script runs until the container is stopped, so that its shell has to make way for them."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from rules.api import parse_shell, path_folders
from rules.facts.installers import NODE_MANAGERS
from rules.runtime.scripts.called import called_scripts
from rules.runtime.signals.short_lived import gains_nothing
from rules.runtime.starts.scripts import EVERY_ARGUMENT, runs_arguments

if TYPE_CHECKING:
    from rules.api import Command, DockerfileChange
    from rules.runtime.starts.instructions import Written
    from rules.runtime.starts.scripts import StartScript

_SERVERS = frozenset(
    "gunicorn uvicorn hypercorn granian daphne celery flask python python3 node npm yarn pnpm npx java ruby bundle "
    "rails puma php php-fpm nginx httpd apache2 caddy dotnet uwsgi streamlit supervisord postgres mysqld redis-server "
    "deno bun next airflow dagster prefect mlflow poetry uv pipenv locust jupyter jupyter-lab jupyter-notebook "
    "jupyterhub fastapi superset datasette chainlit vllm waitress-serve pm2-runtime sidekiq unicorn".split()
)
"""What serves where it is the last command of a script."""
_SURE_SERVERS = frozenset(
    "gunicorn uvicorn hypercorn granian daphne puma php-fpm nginx httpd caddy uwsgi streamlit mysqld redis-server java "
    "pm2-runtime sidekiq unicorn waitress-serve".split()
)
"""What serves until it is stopped, wherever it stands in a script."""

_MAKE_WAY = frozenset({"gosu", "su-exec", "setpriv", "env", "nice", "chpst"})
"""Programs in front of another one that become it."""

_SYSTEM = ("/bin/", "/sbin/", "/usr/", "/etc/")

_RELEASES = re.compile(r"\bmix release\b|\brebar3\b.*\brelease\b|\bdistillery\.release\b|/rel/")
"""What makes a release of Erlang's virtual machine (`mix help release`), or the folder that it lies in."""
_WITH_WORD = {
    "python": frozenset({"runserver", "runserver_plus"}),
    "rails": frozenset({"server", "s"}),
    "flask": frozenset({"run"}),
    "celery": frozenset({"worker", "beat", "flower", "events"}),
    "dotnet": frozenset({"run", "watch"}),
}
"""Programs that do many things, and the words with which they serve."""
_OPERANDS = 4
"""Words among which that one is: `celery -A shop worker`, `flask --app shop run`, `python -u manage.py runserver`."""
_ONLY_ASKS = frozenset({"-t", "-T", "-s", "-v", "-V", "-version", "--version", "--help", "--check-config", "--test"})
"""Options with which a server looks at its settings, or sends another one a signal, and ends (`nginx -s reload`)."""
_STARTS = re.compile(r"start(?::prod(?:uction)?)?")


def stays(found: Written, command: Command) -> bool:
    """Whether a script's last command is the program that the container is for."""
    words = [word.value for word in command.words]
    if words and words[0] in EVERY_ARGUMENT:
        return True
    if not _MAKE_WAY.issuperset(command.wrappers) or gains_nothing(command):
        return False
    return command.name in _SERVERS or runs_arguments(command) or _is_own_server(found, command)


def serves_in_branch(change: DockerfileChange, found: Written, script: StartScript, command: Command) -> bool:
    """Whether the command of a branch is what the container runs until it is stopped: a server, or its CMD."""
    if not _MAKE_WAY.issuperset(command.wrappers):
        return False
    if runs_arguments(command):
        cmd = found.stage.image.cmd.value
        return found.instruction.keyword == "ENTRYPOINT" and bool(cmd) and not (cmd is not None and cmd.is_prompt)
    if _serves(command) or _starts_release(found, command):
        return True
    called = called_scripts(change, found.stage, script)
    return any(one.call.start == command.start and _ends_in_server(one.script) for one in called)


def _serves(command: Command) -> bool:
    """Whether a program serves until it is stopped, wherever it stands; behind a manager that runs it as well."""
    inner = [one for one in _inner(command) if one.name]
    last = inner[-1] if inner else command
    words = [word.value for word in last.args]
    name = last.name.rstrip("0123456789.")
    if name in _WITH_WORD:
        assembly = name == "dotnet" and words[:1] and words[0].endswith(".dll")
        return bool(assembly) or not _WITH_WORD[name].isdisjoint(words[:_OPERANDS])
    if last.name in NODE_MANAGERS:
        rest = words[1:] if words[:1] == ["run"] else words
        return bool(rest) and _STARTS.fullmatch(rest[0]) is not None
    return last.name in _SURE_SERVERS and _ONLY_ASKS.isdisjoint(words)


def _inner(command: Command) -> list[Command]:
    """Return what a manager runs: `bundle exec sidekiq`, `uv run uvicorn`."""
    code = command.source.cut(command.span)
    return [one for one in parse_shell(code, command.source, command.start, joined=False).commands if one.nested]


def _ends_in_server(script: StartScript) -> bool:
    """Whether a shell script's last command is a server, with `exec` or without."""
    last = script.outer_commands[-1] if script.outer_commands else None
    return last is not None and not last.conditional and _serves(last)


def _is_own_server(found: Written, command: Command) -> bool:
    """Whether a program of the project is started by its path, without a word more, in an image that serves."""
    path = command.called
    own = path.startswith(("./", "/")) and not path.startswith(_SYSTEM) and "." not in posixpath.basename(path)
    serves = any(step.instruction.keyword in ("EXPOSE", "HEALTHCHECK") for step in found.stage.done_steps)
    if own and serves and not command.args and not command.conditional:
        return True
    return _starts_release(found, command) or (command.has(*_LISTENS) and _is_built_here(found, path))


_LISTENS = ("--port", "--http-port", "--bind", "--listen", "--listen-addr", "--listen-address", "--web.listen-address")
"""Options by which a program is told where to listen; a client that has `--port` comes with the system."""


def _is_built_here(found: Written, path: str) -> bool:
    """Whether another stage has made a program: a COPY brings it to where a path, or the search path, finds it."""
    folders = path_folders(found.stage) or ()
    places = [path] if path.startswith("/") else [posixpath.join(folder, path) for folder in folders if "/" not in path]
    return any(put.kind == "stage" for place in places for put in found.stage.files.at(place))


def _starts_release(found: Written, command: Command) -> bool:
    """Whether a release of Elixir's or Erlang's is started in the foreground: `/srv/bin/shop start`.

    A path without a folder is taken to lie in the WORKDIR.
    """
    path = command.called
    first = next(iter(command.args), None)
    if (
        first is None
        or first.value not in ("start", "foreground")
        or "/" not in path
        or "." in posixpath.basename(path)
    ):
        return False
    folder = posixpath.dirname(posixpath.normpath(posixpath.join(found.stage.image.workdir.value or "", path)))
    return posixpath.basename(folder) == "bin" and _RELEASES.search(found.stage.model.code) is not None
