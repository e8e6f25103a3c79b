"""See pointless_command.md."""

import re
from collections.abc import Iterator

from rules.api import Category, Command, DockerfileChange, Problem, Run, Severity, Stage, once, quote, rule, runs_apart

_LOOKS = {
    "free": "the memory of the machine that builds",
    "ifconfig": "the network of the machine that builds, for as long as the step takes",
    "ps": "the processes of a step that ends with the command",
    "top": "the processes of a step that ends with the command",
}
"""Commands that show something, and what they show during a build."""
_EDITORS = ("vim", "vi", "nano", "emacs")
_BY_SCRIPT = re.compile(r"\+|-\w*[cEesS]$|--(?:headless|batch|eval|script|version|help)")
"""How an editor is told to run commands and no person."""
_ASKED = re.compile(r"(?:\bif|\bwhile|\buntil|!)[ \t]+\Z")
_NEAR = 20
_MANAGERS = ("service", "systemctl")
_STARTS = ("start", "restart", "reload")
_QUESTIONS = ("--version", "-V", "--help")
_SHORT_HELP = frozenset({"nano", "ssh", "systemctl", "vi", "vim"})
"""Commands of which `-h` asks for help, or does no more: `free -h` shows sizes for people, `shutdown -h` halts."""
_NAMES = (*_LOOKS, *_EDITORS, "kill", "mount", "service", "shutdown", "ssh", "systemctl")


@rule(
    "pointless-command",
    severity=Severity.INFO,
    category=Category.MAINTAINABILITY,
    default="off",
    keywords=("RUN", "ONBUILD"),
    mentions=_NAMES,
    aliases=("DL3001", "DF060"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A RUN calls a command that has nothing to work on during a build."""
    for stage in change.stages:
        for run in () if stage.runtime.is_windows else stage.runs:
            told: set[str] = set()
            for command in run.calls(*_NAMES):
                why = None if command.conditional or command.name in told else _reason(run, command)
                if why is not None:
                    told.add(command.name)
                    yield _problem(stage, run, command, why)


def _problem(stage: Stage, run: Run, command: Command, why: str) -> Problem:
    return Problem(
        command.span,
        f"{stage.label} runs {quote(str(command), 60)} during the build. {why}.",
        instruction=run.instruction,
        stage=stage.key,
        key=command.name,
    )


def _reason(run: Run, command: Command) -> str | None:
    """Say why a command leaves nothing behind, `None` where it may have its use."""
    name = command.name
    asks = command.has(*_QUESTIONS) or (name in _SHORT_HELP and command.has("-h"))
    if asks or _is_used(run, command) or _works_with_a_server(run, command):
        return None
    if name in _LOOKS:
        return f"It shows {_LOOKS[name]}, in the log, and the image is the same without it"
    if name in _EDITORS:
        by_script = any(_BY_SCRIPT.match(word.value) for word in command.args) or command.heredoc is not None
        return None if by_script else "An editor waits for a person, and nobody is there"
    return _reason_of_a_change(run, command)


def _reason_of_a_change(run: Run, command: Command) -> str | None:
    name, given = command.name, {word.value for word in command.args}
    if name in _MANAGERS:
        starts = not given.isdisjoint(_STARTS)
        return "What it starts ends with this `RUN`; start it with `ENTRYPOINT` or `CMD`" if starts else None
    if name == "mount":
        allowed = run.instruction.flag("security") is not None or not command.args
        return None if allowed else "A build may not mount, and what is mounted is in no layer; use `RUN --mount`"
    if name == "ssh":
        used = bool(run.instruction.flags) or command.after == "|"  # flags: the keys that a mount brings
        return None if used else "It works on another machine, and the image is the same without it"
    return "No process of another step is running, and none outlives this one"


def _is_used(run: Run, command: Command) -> bool:
    """Whether its answer is used: a condition asks, or it goes to a file or into other words, as in `make -j$(…)`."""
    if _ASKED.search(command.source.text[max(0, command.start - _NEAR) : command.start]):
        return True
    if any(redirect.writes not in (None, "/dev/null") for redirect in command.redirects):
        return True
    return runs_apart(run, command)


def _works_with_a_server(run: Run, command: Command) -> bool:
    """Whether the RUN itself starts something that the command looks at, ends, or is there for."""
    if command.name in _MANAGERS:
        return _last_other(run) > command.start
    return _starts(run) or (command.name == "kill" and any("$" in word.value for word in command.args))


@once
def _last_other(run: Run) -> int:
    """Where the last command of a RUN stands that manages no service."""
    return max((command.start for command in run.commands if command.name not in _MANAGERS), default=-1)


@once
def _starts(run: Run) -> bool:
    """Whether something goes on running beside the other commands of a RUN."""
    return any(c.after == "&" or c.name in _MANAGERS or c.name.endswith("ctl") for c in run.commands)
