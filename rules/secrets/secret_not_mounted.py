"""See secret_not_mounted.md."""

import re
from collections.abc import Iterator

from rules.api import (
    Category,
    Command,
    Confidence,
    DockerfileChange,
    Edit,
    Fix,
    Mount,
    Problem,
    Run,
    Severity,
    ShellWord,
    innermost_around,
    nearest,
    quote,
    rule,
)

_FOLDER = "/run/secrets/"
_READ = re.compile(r"(?:.*[=@:])?(?P<path>/run/secrets/(?P<name>[\w.-]+))", re.DOTALL)
_OF_THE_HOST = frozenset({"rhsm", "redhat.repo", "etc-pki-entitlement", "kubernetes.io"})
"""What Podman and OpenShift mount by themselves (containers-mounts.conf)."""

_NOT_READING = frozenset(
    "adduser augtool chmod chown crudini echo find grep ln ls mkdir printf rm rmdir sed shred stat tee test touch "
    "useradd usermod [ [[".split()
)
_NOTE = "config"
"""The subcommand by which npm, pip, git and others only note a path for later."""
_WRITING = ("-o", "-out", "--out", "--output", "-keyout", "--output-file")
"""Options whose file is written."""
_PASSING = ("--arg", "--argjson")
"""Options of jq behind which stand a name and a value, which is a text."""


_READERS = frozenset("cat head tail base64 cut tr jq xargs . source".split())
"""Programs that fail where a file is not there, and the shell's own."""
_SOURCED = frozenset({".", "source"})
_SUBSTITUTED = ("$(", "`", "<(")
"""What leads to a command whose output takes its place."""
_NEAR = 80


@rule(
    "secret-not-mounted",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    keywords=("RUN",),
    mentions=(_FOLDER,),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A RUN reads a secret where none of its mounts puts one."""
    for stage in change.stages:
        for run in stage.runs:
            if run.deferred or not run.is_read or _FOLDER not in run.instruction.text:
                continue
            said: set[str] = set()
            for command, word, path, name in _reads(run):
                if path not in said and name not in _OF_THE_HOST and not _is_there(run, path):
                    said.add(path)
                    yield from _problem(run, command, word, path)


def _reads(run: Run) -> Iterator[tuple[Command, ShellWord, str, str]]:
    """Yield the commands that read a secret, with the word, the path and the secret's name."""
    for command in run.commands:
        if command.name in _NOT_READING:
            continue
        words = [*command.args, *(value for _, value in command.assignments)]
        words += [one.target for one in command.redirects if one.target is not None and one.operator == "<"]
        for word in words:
            match = _READ.fullmatch(word.value)
            if match is not None and not _only_names(command, word):
                yield command, word, match["path"], match["name"]


def _only_names(command: Command, word: ShellWord) -> bool:
    """Whether a command writes a file, or keeps its path, and reads none: `npm config set cafile …`, `-out …`."""
    if command.subcommand == _NOTE:
        return True
    at = next((index for index, one in enumerate(command.args) if one is word), 0)
    *_, option, near = ["", "", *(one.value for one in command.args[:at])]
    return near in _WRITING or (command.name == "jq" and option in _PASSING)


def _files(run: Run) -> list[Mount]:
    """The secrets that the RUN mounts as files: not those that are only a variable."""
    return [mount for mount in run.mounts if mount.type == "secret" and mount.target]


def _is_there(run: Run, path: str) -> bool:
    """Whether a mount, an instruction above or the RUN itself may bring the file."""
    targets = [mount.target for mount in _files(run)]
    if any("$" in target or run.resolve(target) == path for target in targets) or run.is_mounted(path):
        return True
    if any(put.kind != "workdir" for put in run.stage.files.covering(path)):
        return True
    writes = (redirect.writes for command in run.commands for redirect in command.redirects)
    return path in writes or any(command.option(*_WRITING) == path for command in run.commands)


def _problem(run: Run, command: Command, word: ShellWord, path: str) -> Iterator[Problem]:
    secrets = [mount for mount in run.mounts if mount.type == "secret"]
    files = _files(run)
    meant = _meant(path, files)
    optional = command.conditional or _is_answered(run, command)
    if optional and meant is None:
        return  # written for builds without the secret, too
    variable = next((m.options["env"] for m in secrets if m not in files and _same_name(m, path)), None)
    certain = bool(secrets) and not optional
    where = _where(meant, variable, secrets)
    yield Problem(
        word.span,
        f"{quote(path)} is not there: {where} {_outcome(run, command, word)} {_way_out(meant, variable)}",
        Confidence.CERTAIN if certain else Confidence.LIKELY,
        doubt="" if certain else "the builder may bring the file by itself",
        instruction=run.instruction,
        stage=run.stage.key,
        key=path,
        fix=_fix(word, path, meant) if variable is None else None,
    )


def _is_answered(run: Run, command: Command) -> bool:
    """Whether `||` gives another value, or nothing, for a missing file: `$(cat … || echo none)`."""
    if command.after != "||":
        return False
    behind = next((other for other in run.commands if other.start > command.end), None)
    return behind is None or behind.name not in ("exit", "false", "return")


def _meant(path: str, files: list[Mount]) -> Mount | None:
    """Return the mount whose file is meant: the only one, the one of that name, or the one with the nearest."""
    named = [mount for mount in files if _same_name(mount, path)]
    if len(files) == 1 or named:
        return (named or files)[0]
    by_target = {mount.target: mount for mount in files}
    found = nearest(path, by_target)
    return by_target[found] if found else None


def _same_name(mount: Mount, path: str) -> bool:
    return (mount.options.get("source") or mount.options.get("id")) == path.removeprefix(_FOLDER)


def _where(meant: Mount | None, variable: str | None, secrets: list[Mount]) -> str:
    if variable is not None:
        return f"with `env=` alone the secret is only the variable {quote(variable)}."
    if meant is not None:
        return f"this `RUN` mounts its secret at {quote(meant.target)}."
    return "no mount of this `RUN` puts a secret there." if secrets else "this `RUN` mounts no secret."


def _outcome(run: Run, command: Command, word: ShellWord) -> str:
    """Say what comes of it: what a program does that is given the name of a missing file is its own matter."""
    fed = any(one.target is not None and one.target.start == word.start for one in command.redirects)
    if command.name not in _READERS and not fed:
        return "What reads it stops, or goes on without it."
    front = command.source.text[max(0, command.start - _NEAR) : command.start].rstrip()
    if not command.nested or not front.endswith(_SUBSTITUTED):
        return "The build stops here." if _stops(command) else "That fails, and the build goes on without it."
    outer = innermost_around(run).get(command.start)
    if outer is not None and not outer.name and _stops(outer):  # an assignment alone fails with what is in it
        return f"{quote(command.name or '$(…)')} fails inside the substitution, and the build stops here."
    return f"{quote(command.name or '$(…)')} fails inside the substitution, and the build goes on with nothing in it."


def _stops(command: Command) -> bool:
    """Whether the RUN fails with a command: the shell looks at its status, or it is the last."""
    if command.name in _SOURCED:
        return True  # for which a shell as POSIX wants it exits
    if command.after in ("|", "|&"):
        return command.pipefail
    return command.errexit or command.after in ("&&", "")


def _way_out(meant: Mount | None, variable: str | None) -> str:
    if variable is not None:
        return f"Use {quote('$' + variable)}, or give the mount a `target=` as well."
    if meant is not None:
        return "Write the same name in both places; a mount lasts for its own `RUN`."
    return "Give it `--mount=type=secret,id=…`; a mount lasts for its own `RUN`."


def _fix(word: ShellWord, path: str, meant: Mount | None) -> Fix | None:
    if meant is None or "$" in meant.target or word.text.count(path) != 1:
        return None
    start = word.start + word.text.index(path)
    return Fix("Read the file that is mounted", (Edit(word.source.span(start, start + len(path)), meant.target),))
