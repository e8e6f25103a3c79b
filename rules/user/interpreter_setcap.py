"""See interpreter_setcap.md."""

import re
from collections.abc import Iterator

from rules.api import Category, Command, Confidence, DockerfileChange, Problem, Run, Severity, Stage, quote, rule
from rules.model.shell_scope import filled
from rules.user.layers import place, shipped_runs

_INTERPRETER = re.compile(
    r"(?:python|pypy|node|nodejs|java|ruby|perl|php|php-fpm|lua|bash|sh|dash|ash|zsh|npm|npx|yarn|pnpm|bun|deno|uv|"
    r"uvicorn|gunicorn|dotnet|busybox|env|irb|erl|beam\.smp|Rscript)[\d.]*"
)
_GIVES = re.compile(r"[=+][eip]|\$", re.IGNORECASE)
"""What raises a flag in a clause of cap_from_text(3), or may; `cap_net_raw=` and `-ep` only take away."""
_WHICH = re.compile(
    r"[$`(\s\"]*(?:eval\s+)?(?:(?:readlink\s+-[a-z]+|realpath)\s+)?[$`(\s\"\\]*(?:which|command\s+-v|type\s+-p)\s+"
    r"(\S+?)[)`\s\"\\]*"
)


@rule(
    "interpreter-setcap",
    severity=Severity.WARNING,
    category=Category.SECURITY,
    keywords=("RUN",),
    mentions=("setcap",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A capability is given to an interpreter, and so to every script."""
    for stage, run in shipped_runs(change):
        for command in run.calls("setcap"):
            path = _interpreter(run, command)
            if path is not None:
                yield _problem(stage, run, command, path)


def _interpreter(run: Run, command: Command) -> str | None:
    """Return the interpreter that gets the capability, as written; `None` when it is another program."""
    operands = command.operands(("-n",))
    if len(operands) < 2 or not _GIVES.search(operands[0].value):  # noqa: PLR2004 - capabilities and file
        return None
    text = operands[-1].value
    found = _WHICH.fullmatch(text)
    path = found[1] if found else (filled(run, command, text) or "" if "$" in text and "(" not in text else text)
    name = path.strip("\"')` ").rsplit("/", 1)[-1]
    return path.strip("\"')` ") if _INTERPRETER.fullmatch(name) else None


def _binds_only(capabilities: str) -> bool:
    """Whether they let a program bind low ports and do nothing else, so that a higher port makes them needless.

    Args:
        capabilities: Clauses as `cap_from_text(3)` reads them: `cap_net_raw,cap_net_bind_service=+ep cap_chown+p`.
    """
    names = {
        name for clause in capabilities.lower().split() for name in re.split("[=+-]", clause, maxsplit=1)[0].split(",")
    }
    return names == {"cap_net_bind_service"}


def _is_effective(capabilities: str) -> bool:
    """Whether the program is started with them at once (`e`): then it is not started where the container lacks them."""
    return any("e" in flags for clause in capabilities.lower().split() for flags in re.split("[=+-]", clause)[1:])


def _problem(stage: Stage, run: Run, command: Command, path: str) -> Problem:
    capability = command.operands(("-n",))[0].value
    way_out = (
        "Listen on a port from 1024 up and publish that one, which needs no capability; Docker since 20.10 lets every "
        "user bind lower ones anyway."
        if _binds_only(capability)
        else "Give the capability to a small program made for it, or to the one container that needs it (`--cap-add`)."
    )
    dropped = (
        "; and where the container drops its capabilities (`--cap-drop=ALL`), the interpreter does not start at all"
        if _is_effective(capability)
        else ""
    )
    return Problem(
        place(run, command),
        f"{stage.label} gives {quote(capability)} to {quote(path)}, an interpreter. Every script it runs then has the "
        f"capability, an attacker's too{dropped}. {way_out}",
        Confidence.CERTAIN,
        stage=stage.key,
        instruction=run.instruction,
        key=path,
    )
