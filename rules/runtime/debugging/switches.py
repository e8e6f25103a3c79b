"""What switches debug modes on: variables, options, programs, PHP's debugger."""

from __future__ import annotations

import itertools
import posixpath
import re
from typing import TYPE_CHECKING, NamedTuple

from rules.facts.installers import NODE_MANAGERS
from rules.runtime.languages.python_calls import started_by_python
from rules.runtime.ports.loopback import behind_runners

if TYPE_CHECKING:
    from rules.api import Command, ShellWord

_ON = frozenset({"1", "true", "yes", "on"})
_SWITCHES = frozenset("DEBUG FLASK_DEBUG DJANGO_DEBUG APP_DEBUG SYMFONY_DEBUG WP_DEBUG RAILS_DEBUG".split())
_MODES = frozenset(
    "NODE_ENV FLASK_ENV RAILS_ENV RACK_ENV ROCKET_ENV ROCKET_PROFILE ASPNETCORE_ENVIRONMENT DOTNET_ENVIRONMENT "
    "MIX_ENV DJANGO_ENV SYMFONY_ENV GIN_MODE CI_ENVIRONMENT".split()
)
_NAMED_BY_TEAMS = frozenset("APP_ENV APP_ENVIRONMENT ENV ENVIRONMENT GO_ENV SPRING_PROFILES_ACTIVE".split())
"""Modes that a pipeline often gives as an argument, whatever the file says for those who build by hand."""
_DEVELOPMENT = frozenset({"development", "dev", "debug"})
PRODUCTION = {"development": "production", "Development": "Production"}
"""What to set instead, in the author's spelling; values that frameworks spell differently have no entry."""

OFF_UNLESS_SET = frozenset({"FLASK_DEBUG"})
"""Switches of frameworks that read them themselves, and are off without them."""

_RELOADERS = {
    "nodemon": "restarts the program whenever a file changes",
    **dict.fromkeys(("ts-node-dev", "tsnd"), "compiles while it runs and restarts on every change"),
    "air": "compiles and restarts whenever a file changes",
    "morbo": "restarts the program whenever a file changes",
    "watchmedo": "restarts the program whenever a file changes",
    "tsx watch": "restarts the program whenever a file changes",
    "dotnet watch": "compiles and restarts whenever a file changes",
    "cargo watch": "compiles and restarts whenever a file changes",
    "webpack-dev-server": "is the development server of webpack",
}
_BUILDING_SERVERS = {
    ("next", "dev"): "Next.js",
    ("nuxt", "dev"): "Nuxt",
    ("ng", "serve"): "Angular",
    ("webpack", "serve"): "webpack",
    ("astro", "dev"): "Astro",
    ("gatsby", "develop"): "Gatsby",
    ("react-scripts", "start"): "Create React App",
    ("vue-cli-service", "serve"): "Vue",
}
"""What builds a front end again and again while it serves it."""
_DEV_SERVERS = {
    **{call: f"is the development server of {framework}" for call, framework in _BUILDING_SERVERS.items()},
    ("fastapi", "dev"): "is FastAPI's mode for developers",
    ("kc.sh", "start-dev"): "is Keycloak's mode for developers",
}
_RUNTIMES = frozenset({"node", "bun", "deno"})
"""What runs JavaScript, with options of its own in front of the script."""
_WATCHING = {("nest", "start"): ("--watch", "-w")}
"""Commands of a framework that serve developers with one of some options (docs.nestjs.com, "CLI command reference")."""
_VITE_ENDS = frozenset({"build", "optimize", "preview"})
"""What Vite does besides serving to developers (`vite --help`)."""

_RELOAD_OPTIONS = {
    **dict.fromkeys(
        "uvicorn gunicorn hypercorn granian flask fastapi python python3 celery".split(), ("--reload", "--use-reloader")
    ),
    "plackup": ("-r", "--reload"),
}
_FOR_DEVELOPERS = "costs memory and speed, and may show visitors what is meant for developers"
_OPENS = "opens the port of a debugger"
_LETS_IN = "lets whoever reaches the port read the memory and run code, without a password"
_DEBUG_AGENT = re.compile(r"-(?:agentlib:jdwp|Xrunjdwp)\b")
"""The option that opens the Java debugger's port (JPDA, "Connection and Invocation Details")."""

_JAVA_OPTIONS = ("JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "JAVA_OPTS", "CATALINA_OPTS", "JAVA_OPTIONS")
_OPTIONS_IN_VARIABLES = {
    **dict.fromkeys(_JAVA_OPTIONS, _DEBUG_AGENT),
    "NODE_OPTIONS": re.compile(r"--inspect(?:-brk|-wait)?\b"),
}
_ON_LOOPBACK = re.compile(r"=(?:127\.|localhost\b|\[::1\])|\A--inspect(?:-brk|-wait)?(?:=\d*)?\Z|\bserver=n\b")
"""What leaves a debugger's port to the container itself: such an address; none, with which Node.js, Bun and Deno take
the loopback (measured with Node.js 20); or the side of Java's debugger that connects, and waits for nobody."""
_VALUED_BY_FLASK = frozenset({"-A", "--app", "-e", "--env-file"})
"""Options in front of Flask's command that take a value (`flask --help`): an application may be named `run`."""


class Switch(NamedTuple):
    """Something in a start command that switches a debug mode on.

    Attributes:
        text: As written.
        what: What it does, a verb first.
        way_out: What to do instead.
        option: The word to take away; `None` where that would not do.
        then: What follows in production, a verb first.
        beneath: What is for developers as well and stays where the option goes.
    """

    text: str
    what: str
    way_out: str
    option: ShellWord | None
    then: str = "costs memory and speed, and a program that crashed may wait for the next change instead of ending"
    beneath: Switch | None = None


def is_debug_variable(name: str, value: str, *, from_argument: bool) -> bool:
    """Tell whether a variable and its value switch a debug mode on.

    Args:
        name: The variable.
        value: Its value at the end of the stage.
        from_argument: Whether the file takes the value from another variable.
    """
    if name.upper() in _SWITCHES:
        return value.strip().lower() in _ON
    named = name in _MODES or (name in _NAMED_BY_TEAMS and not from_argument)
    return named and value.strip().lower() in _DEVELOPMENT


def debugger_in_variable(name: str, value: str) -> str | None:
    """Return the option by which a variable that a runtime reads opens a debugger's port, `None` when none does."""
    wanted = _OPTIONS_IN_VARIABLES.get(name)
    words = value.split() if wanted is not None else []
    found = (wanted.match(word) for word in words if wanted is not None and not _ON_LOOPBACK.search(word))
    return next((one[0] for one in found if one is not None), None)


def switch_in(command: Command) -> Switch | None:
    """Return what in a command switches a debug mode on."""
    server = _flask(command)
    found = _option(command) or _debugger(command) or _server(command) or _assigned(command)
    if found is None or server is None:
        return found or server
    way_out = f"{found.way_out}, and {server.way_out[:1].lower()}{server.way_out[1:]}"
    return found._replace(way_out=way_out, option=None, beneath=server)


def _flask(command: Command) -> Switch | None:
    """The server of Flask's own, with options or without (Flask's manual, "Deploying to Production")."""
    words = behind_runners(command.argv)
    if not words or posixpath.basename(words[0]) != "flask":
        return None
    rest = [word for before, word in itertools.pairwise(words) if before not in _VALUED_BY_FLASK]
    if next((word for word in rest if word[:1] != "-"), "") != "run" or "--help" in rest:
        return None
    what, then = "is Flask's development server", "is neither secure nor stable nor fast enough, as Flask's manual says"
    return Switch("flask run", what, "Use gunicorn or waitress", None, then)


def _option(command: Command) -> Switch | None:
    """An option with which a program watches its files, or shows visitors its debugger."""
    name = command.name
    options = _RELOAD_OPTIONS.get(name, ())
    reload = command.flag(*options) if options else None
    if reload is not None and reload.value in options:
        return Switch(reload.value, "watches the files and restarts the program", "Take the option away", reload)
    watch = command.flag("--watch")
    if watch is not None and name in _RUNTIMES and _is_option_of_runtime(command, watch):
        return Switch(watch.value, "restarts the program whenever a file changes", "Take the option away", watch)
    debug = command.flag("--debug")
    if debug is not None and "flask" in (name, _module(command)):
        what = "switches the debugger on, which runs code for visitors"
        return Switch("--debug", what, "Take it away", debug, _FOR_DEVELOPERS)
    return None


def _assigned(command: Command) -> Switch | None:
    """A variable that the command line itself sets: `FLASK_DEBUG=1 flask run`, `env NODE_ENV=development node x.js`."""
    for name, word in command.assignments:
        if is_debug_variable(name, word.value, from_argument="$" in word.text):
            what = "switches the developers' mode on"
            return Switch(f"{name}={word.value}", what, "Leave it out here", None, _FOR_DEVELOPERS)
    return None


def _module(command: Command) -> str:
    """Return what `python -m` runs, empty for anything else."""
    call = started_by_python(command.argv)
    return call.value if call is not None and call.kind == "m" else ""


def _debugger(command: Command) -> Switch | None:
    """A port on which a debugger waits for whoever connects; who does runs code in the program."""
    agent = next((word for word in command.args if _DEBUG_AGENT.match(word.value)), None)
    inspect = command.flag("--inspect", "--inspect-brk", "--inspect-wait")
    if any(word is not None and _ON_LOOPBACK.search(word.value) for word in (agent, inspect)):
        return None
    if command.name == "java" and agent is not None:
        return Switch(agent.value.partition("=")[0], _OPENS, "Take the option away", agent, _LETS_IN)
    if command.name in _RUNTIMES and inspect is not None and _is_option_of_runtime(command, inspect):
        return Switch(inspect.value, _OPENS, "Take the option away", inspect, _LETS_IN)
    if _module(command) == "debugpy" and command.has("--listen"):
        return Switch("debugpy --listen", _OPENS, "Start the program itself", None, _LETS_IN)
    if command.name == "dlv" and command.subcommand in ("debug", "exec"):
        return Switch(f"dlv {command.subcommand}", _OPENS, "Start the program itself", None, _LETS_IN)
    return None


def _is_option_of_runtime(command: Command, option: ShellWord) -> bool:
    """Whether an option stands in front of the script: behind it, it is the program's own."""
    scripts = (word.start for word in command.args if word.value[:1] != "-" and word.value not in ("run", "serve"))
    return option.start < next(scripts, option.end)


def builds_while_it_serves(command: Command) -> bool:
    """Tell whether a command is a front end's development server, which needs what a build of it needs."""
    return _called(command) in _BUILDING_SERVERS or _called(command)[0] == "webpack-dev-server" or _is_vite(command)


def _called(command: Command) -> tuple[str, str]:
    """Return the program that is run, behind `npx` too, and the first word for it."""
    operands = [word.value for word in command.args if not word.value.startswith("-")]
    called = operands if command.name in ("npx", "bunx") and operands else [command.name, *operands]
    return called[0], called[1] if len(called) > 1 else ""


def _is_vite(command: Command) -> bool:
    """Whether Vite serves to developers, as it does unless it is told something else."""
    ends = any(word.value in _VITE_ENDS for word in command.args)
    return _called(command)[0] == "vite" and not ends and not command.has("--version", "--help", "-v", "-h")


def _server(command: Command) -> Switch | None:
    values = [word.value for word in command.args]
    operands = [value for value in values if not value.startswith("-")]
    name, first = _called(command)
    if name == "start-dev":  # behind the ENTRYPOINT of Keycloak's image
        name, first = "kc.sh", name
    for called in (name, f"{name} {first}"):
        if called in _RELOADERS:
            return Switch(called, _RELOADERS[called], "Start the program itself", None)
    what = _DEV_SERVERS.get((name, first))
    if _is_vite(command):
        what, first = "is the development server of Vite", ""
    if what is not None:
        of_its_own = "mode for developers" in what
        way_out = "Start it for production" if of_its_own else "Build in a stage of its own and serve the result"
        return Switch(f"{name} {first}".strip(), what, way_out, None, _FOR_DEVELOPERS)
    watch = command.flag(*_WATCHING.get((name, first), ()))
    if watch is not None:
        what = "restarts the program whenever a file changes"
        return Switch(f"{name} {first} {watch.value}", what, "Start the result of a build", None)
    script = operands[1] if first in ("run", "run-script") and len(operands) > 1 else first
    if name in NODE_MANAGERS and script in ("dev", "develop", "start:dev"):
        way_out = "Start the result of a build, and keep this for a stage for developers"
        called = f"{name} {' '.join(operands[:2])}"
        return Switch(called, "starts the development server", way_out, None, _FOR_DEVELOPERS)
    return _of_framework(command, values, first)


def _of_framework(command: Command, values: list[str], first: str) -> Switch | None:
    """The server that a framework brings for developers."""
    if "runserver" in values and any(posixpath.basename(value) == "manage.py" for value in (command.name, *values)):
        what, way_out = "is Django's development server", "Use gunicorn, uvicorn or uWSGI"
        return Switch("runserver", what, way_out, None, _FOR_DEVELOPERS)
    if command.name == "php" and first == "artisan" and "serve" in values:
        what, way_out = "is Laravel's development server", "Use PHP-FPM, Octane or FrankenPHP"
        return Switch("artisan serve", what, way_out, None, _FOR_DEVELOPERS)
    return None
