"""See secret_mount_persisted.md."""

import posixpath
import re
from collections.abc import Iterator

from rules.api import (
    Category,
    Command,
    Confidence,
    DockerfileChange,
    Problem,
    Redirect,
    Run,
    Severity,
    Stage,
    quote,
    rule,
    runs_apart,
)
from rules.model.run_writes import CARRIERS
from rules.secrets.tls.authorities import is_for_all

_STORES: dict[str, tuple[str, ...]] = {
    "npm": ("config set", "set"),
    "pnpm": ("config set", "set"),
    "yarn": ("config set",),
    "pip": ("config set",),
    "pip3": ("config set",),
    "git": ("config",),
    "composer": ("config",),
    "bundle": ("config",),
    "poetry": ("config",),
    "aws": ("configure set",),
    "gcloud": ("auth activate-service-account",),
    "docker": ("login",),
    "helm": ("repo add", "registry login"),
    "dotnet": ("nuget add", "nuget update"),
    "cargo": ("login",),
    "gh": ("auth login",),
    "huggingface-cli": ("login",),
}
_BY_PATH = frozenset({"gcloud"})
"""Those of them that take a file's path and store what is in it; the others store the path."""
_PRINTERS = frozenset("echo printf cat sed envsubst awk base64 jq tr head cut grep".split())
_HOMES = frozenset("HOME XDG_CONFIG_HOME GIT_CONFIG_GLOBAL NPM_CONFIG_USERCONFIG DOCKER_CONFIG COMPOSER_HOME".split())
"""Variables that say where tools keep their configuration."""
_CLONE = ".git/config"
"""Where a clone keeps the address that it came from."""
_REWRITTEN = re.compile(r"\bremote\s+(?:set-url|remove|rm)\b|--unset|--remove-section")
_UNDONE = re.compile(r"\b(?:delete|unset|rm|remove|logout|revoke|--unset(?:-all)?|--remove-section|--delete)\b")
_FILES = re.compile(
    r"\.(?:npmrc|yarnrc|gitconfig|netrc|pypirc|config|docker|aws|bundle|composer|nuget|cargo)|pip\.conf|credentials"
)


@rule(
    "secret-mount-persisted",
    severity=Severity.ERROR,
    category=Category.SECURITY,
    keywords=("RUN",),
    mentions=("secret",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A mounted secret is written to a file that stays in the layer."""
    for stage in change.stages:
        for run in stage.runs:
            marks = _marks(run) if run.instruction.flags else None
            found = _persisted(run, marks) if marks is not None else None
            if found is not None:
                yield _problem(stage, run, *found)


def _marks(run: Run) -> re.Pattern[str] | None:
    """Return a pattern for the secret in a command: its file, its variable, and variables that are set from them."""
    mounts = [mount for mount in run.mounts if mount.type == "secret"]
    files = [re.escape(m.target) for m in mounts if m.target and ("target" in m.options or "env" not in m.options)]
    names = [mount.options["env"] for mount in mounts if mount.options.get("env")]
    parts = [*files, *(rf"\$\{{?{re.escape(name)}\b" for name in names)]
    if not parts:
        return None
    pattern = re.compile("|".join(parts))
    for command in run.commands:
        found = [name for name, value in command.assignments if pattern.search(value.value)]
        if command.name == "read" and command.args and pattern.search(run.instruction.whole_value):
            found.append(command.args[-1].value)
        if found:
            parts += [rf"\$\{{?{re.escape(name)}\b" for name in found]
            pattern = re.compile("|".join(parts))
    return pattern


def keeps(run: Run, variable: str) -> bool:
    """Tell whether a RUN would leave a secret in the layer that a mount gave it in a variable."""
    return _persisted(run, re.compile(rf"\$\{{?{re.escape(variable)}\b")) is not None


def _persisted(run: Run, marks: re.Pattern[str]) -> tuple[Command, str] | None:
    """Return the command that writes the secret, with where to, unless the RUN takes it away again."""
    for command in run.commands:
        if runs_apart(run, command) or not _touches(run, command, marks):
            continue
        path = _written(run, command, marks)
        if path is not None and not _removed(run, command, path):
            return command, path
        if _is_clone(command, marks) and not _taken_off(run, command):
            return command, _CLONE
        if _stores(command) and not _forgotten(run, command):
            return command, f"the configuration of {command.name}"
    return None


def _touches(run: Run, command: Command, marks: re.Pattern[str]) -> bool:
    peers = [other for other in run.commands if other.pipeline == command.pipeline and other.part <= command.part]
    return any(_takes(other, marks) for other in peers)


def _takes(command: Command, marks: re.Pattern[str]) -> bool:
    """Whether a command gets the secret: its value, or its file to read; in single quotes a variable is but a name."""
    names_only = command.name in ("echo", "printf") or (command.name in _STORES and command.name not in _BY_PATH)
    for word in command.words:
        for match in marks.finditer(word.value):
            read = not names_only or _is_substituted(word.value, match.start())
            if read and not (word.literal and (names_only or match[0].startswith("$"))):
                return True
            if match[0].startswith("$") and not word.literal:
                return True
    return any(_hands(command, redirect, marks) for redirect in command.redirects)


def _is_substituted(text: str, at: int) -> bool:
    """Whether a place is in the command of a substitution."""
    opened = max(text.rfind("$(", 0, at), text.rfind("`", 0, at))
    return opened >= 0 and text.find(")", opened, at) < 0


def _hands(command: Command, redirect: Redirect, marks: re.Pattern[str]) -> bool:
    """Whether a redirection gives the secret to a command: its file, or a here-document that the shell fills in."""
    word = redirect.target
    if word is None or redirect.operator not in ("<", "<<<", "<<", "<<-"):
        return False
    if redirect.operator == "<":
        return marks.search(word.value) is not None
    text = word.value if redirect.operator == "<<<" else command.heredoc or ""
    expands = not (word.literal if redirect.operator == "<<<" else word.quoted)
    found = marks.finditer(text) if expands else ()
    return any(match[0].startswith("$") or _is_substituted(text, match.start()) for match in found)


def _written(run: Run, command: Command, marks: re.Pattern[str]) -> str | None:
    if command.name in CARRIERS and len(command.operands()) > 1 and marks.search(str(command)):
        return _kept(run, command.operands()[-1].value)
    if command.name == "sed" and command.has("-i", "--in-place") and marks.search(str(command)) and command.operands():
        return _kept(run, command.operands()[-1].value)
    if command.name == "tee" and command.operands():
        return _kept(run, command.operands()[0].value)
    prints = command.name in _PRINTERS and not (
        command.name == "grep" and command.has("-c", "-l", "-L", "-q", "--count", "--quiet", "--files-with-matches")
    )
    paths = (
        [_kept(run, path) for redirect in command.redirects if (path := redirect.writes) is not None] if prints else []
    )
    return next((path for path in paths if path is not None), None)


def _kept(run: Run, path: str) -> str | None:
    full = run.resolve(path) or path
    return None if full.startswith(("/dev/", "/proc/")) or run.is_mounted(full) or is_for_all(full) else path


def _is_clone(command: Command, marks: re.Pattern[str]) -> bool:
    """Whether git writes the address with the secret in it into the configuration of the clone."""
    return (
        command.name == "git"
        and command.subcommand == "clone"
        and any("://" in word.value and marks.search(word.value) for word in command.args)
    )


def rewrites_origin(command: Command) -> bool:
    """Tell whether git is told another address for a clone, or to forget the one that it came from."""
    return command.name == "git" and _REWRITTEN.search(str(command)) is not None


def _taken_off(run: Run, command: Command) -> bool:
    """Whether the clone, its `.git` or its remote is taken away or rewritten afterwards, or lies in a mount."""
    for other in run.commands:
        text = str(other)
        if other.start > command.start and (
            (other.name in ("rm", "mv") and any(word in text for word in (".git", "-r", "-f")))
            or rewrites_origin(other)
        ):
            return True
    target = command.operands()[-1].value
    return "://" not in target and run.is_mounted(run.resolve(target) or target)


def _stores(command: Command) -> bool:
    words = " ".join(word.value for word in command.args if not word.value.startswith("-"))
    if command.has("--unset", "--unset-all", "--remove-section", "--delete"):
        return False
    return any(words.startswith(verb) for verb in _STORES.get(command.name, ()))


def _removed(run: Run, command: Command, path: str) -> bool:
    name = posixpath.basename(path.rstrip("/"))
    return any(name in text or path.startswith(f"{text.rstrip('/')}/") for text in _deleted_below(run, command))


def _deleted_below(run: Run, command: Command) -> Iterator[str]:
    """Yield what is deleted behind a command, or by a trap when the shell ends."""
    for other in run.calls("rm", "shred", "unlink", "mv"):
        if other.start > command.start:
            yield from (word.value for word in other.args)
    for trap in run.calls("trap"):
        if trap.args and re.match(r"(?:rm|shred|unlink)\s", trap.args[0].value):
            yield trap.args[0].value


def _forgotten(run: Run, command: Command) -> bool:
    """Whether what a tool stored is taken away again, or was stored where nothing stays."""
    later = [other for other in run.commands if other.start > command.start]
    if any(other.name == command.name and _UNDONE.search(str(other)) for other in later):
        return True
    deleted = list(_deleted_below(run, command))
    if any(map(_FILES.search, deleted)):
        return True
    told = command.option("--file", "--userconfig", "-f")
    if told is not None:
        return run.is_mounted(run.resolve(told) or told) or _removed(run, command, told)
    for name, value in _homes(run, command):
        full = run.resolve(value) or value
        if run.is_mounted(full) or any(text.rstrip("/") == value or f"${name}" in text for text in deleted):
            return True
    home = run.stage.image.env.get("HOME")
    return run.is_mounted(posixpath.join((home.value if home is not None else None) or "/root", ".config"))


def _homes(run: Run, command: Command) -> Iterator[tuple[str, str]]:
    """Yield where the script says that tools keep their configuration."""
    for other in run.commands:
        if other is command or (other.start < command.start and other.name in ("", "export")):
            yield from ((name, value.value.rstrip("/")) for name, value in other.assignments if name in _HOMES)


def _problem(stage: Stage, run: Run, command: Command, place: str) -> Problem:
    where = place if place.startswith("the configuration") else quote(place)
    then = (
        "Everyone who can pull the image can read it there"
        if stage.layers_ship
        else "It stays in this stage's layers, in caches they are pushed to, and goes along where its folder is copied "
        "out"
    )
    start = " What the container needs, give it when it starts." if stage.layers_ship and place != _CLONE else ""
    way_out = (
        "Take it out of the clone in the same `RUN`: `git remote set-url`, or remove the `.git`"
        if place == _CLONE
        else "Mount a file such as the tool reads by itself where it looks (`target=`), in each `RUN` that needs it; "
        "or do all that needs it in this `RUN`, and delete it at its end"
    )
    return Problem(
        command.span,
        f"{stage.label} mounts a secret and then writes it to {where}, which the layer keeps. {then}. {way_out}."
        f"{start}",
        Confidence.CERTAIN if stage.layers_ship else Confidence.LIKELY,
        doubt="whether the file reaches an image that ships is not known",
        instruction=run.instruction,
        stage=stage.key,
        key=place,
        severity=None if stage.layers_ship else Severity.WARNING,
    )
