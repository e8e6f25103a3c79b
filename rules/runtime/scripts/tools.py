"""The programs that a start script cannot do without."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from rules.api import OS_MANAGERS, Installed, Stage, package_of_command, provides, quote
from rules.facts.command_packages import is_unpackaged
from rules.packages.lost.replaced import lacks
from rules.runtime.scripts.called import called_scripts
from rules.runtime.scripts.calls import BECOMING, asked_for
from rules.runtime.starts.scripts import start_script

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.api import Command, DockerfileChange, Span
    from rules.runtime.starts.instructions import Written
    from rules.runtime.starts.scripts import StartScript

_TWINS = {"gosu": "su-exec", "su-exec": "gosu"}
"""Programs that are called alike, and do the same."""
_BRINGS_MORE = re.compile(
    r"\bPATH=|^[ \t]*(?:\.|source)\s|\b(?:apk add|apt-get install|apt install|dnf install)\b", re.MULTILINE
)
"""What may lead a script to programs that the image does not show."""
_CONDITION = re.compile(r"\b(?P<word>if|elif|until|while)\s+(?P<negated>!\s*)?\Z")


class Missing(NamedTuple):
    """A program that a script calls and that the image does not have.

    Attributes:
        name: As it is called.
        script: The script's path in the repository.
        span: Where it is called there.
        line: The command, in the script's own words.
        effect: What happens then.
        taken: The package that brought it before the change; `None` where none did.
        through: The start script that runs the script, where that is another one; its path in the repository.
    """

    name: str
    script: str
    span: Span
    line: str
    effect: str
    taken: Installed | None
    through: str = ""


def missing_in_script(change: DockerfileChange, found: Written) -> Missing | None:
    """Return the first program that the script of a start command surely calls and that its image lacks.

    It may be called by the script itself, or by one that this runs whatever happens.
    """
    start = start_script(change, found, through_stages=True)
    if start is None or _BRINGS_MORE.search(start.text):
        return None
    missing = _missing_in(change, found, start, ends=True)
    for called in called_scripts(change, found.stage, start) if missing is None else ():
        if _is_sure(called.call) and _condition(start, called.call) is None:
            ends = called.call.errexit or "exec" in called.call.wrappers
            missing = _missing_in(change, found, called.script, ends=ends)
            if missing is not None:
                return missing._replace(through=start.path)
    return missing


def _missing_in(change: DockerfileChange, found: Written, script: StartScript, *, ends: bool) -> Missing | None:
    """Return the first program that one script surely calls; `ends`: whether the container exits with the script."""
    if _BRINGS_MORE.search(script.text):
        return None
    was = change.was(found.stage)
    asked = asked_for(script)
    for name, command in _needed(script):
        if name in asked:
            continue
        taken = taken_away(found.stage, was, name)
        if taken is None and not lacks_program(change, found.stage, name):
            continue
        return Missing(name, script.path, command.span, str(command), _effect(script, command, name, ends=ends), taken)
    return None


def taken_away(stage: Stage, was: Stage | None, name: str) -> Installed | None:
    """Return the system's package that brought a program before the change, where nothing brings it any more."""
    if was is None or was.runtime.distribution != stage.runtime.distribution:
        return None
    brought = [item for item in was.packages.present if _brings(item, name)]
    if not brought or any(_brings(item, name) for item in stage.packages.present) or not lacks(stage, was, name):
        return None
    return brought[-1]


def _brings(item: Installed, name: str) -> bool:
    if item.manager not in OS_MANAGERS:
        return False
    return item.package.kind != "name" or item.name == name or name in provides(item.name)


def _needed(script: StartScript) -> Iterator[tuple[str, Command]]:
    """Yield the programs that a script calls whatever happens: not in a branch, and with nothing to fall back on."""
    for command in script.commands:
        if not _is_sure(command):
            continue
        condition = _condition(script, command)
        if condition is not None and condition["word"] in ("if", "elif"):
            continue
        for wrapper in command.wrappers:
            if wrapper in BECOMING:
                yield wrapper, command
        if command.name and "$" not in command.name and command.program is not None:
            yield command.program.value, command


def _is_sure(command: Command) -> bool:
    unbound = command.before in ("||", "&&") or command.after in ("||", "&")
    return not (command.nested or command.conditional or unbound)


def _condition(script: StartScript, command: Command) -> re.Match[str] | None:
    return _CONDITION.search(script.text[max(0, command.start - 20) : command.start])


def _effect(script: StartScript, command: Command, name: str, *, ends: bool) -> str:
    condition = _condition(script, command)
    if condition is not None:
        waits = condition["word"] == "until" or command.negated or condition["negated"]
        return "The loop around it never ends, and the program is not started" if waits else "The loop never runs"
    if "exec" in command.wrappers and ends:
        return "The container exits with “not found”"
    if command.errexit:
        return f"The script stops there with “{name}: not found”{', and the container exits' if ends else ''}"
    return f"That line fails with “{name}: not found” at every start"


def lacks_program(change: DockerfileChange, stage: Stage, name: str) -> bool:
    """Tell whether an image lacks a well-known program, by the names of the files in the build context as well.

    These take a while to be known: they are asked for where the program is lacking without any of them.
    """
    lacks = stage.runtime.lacks
    return lacks(name, frozenset()) and lacks(name, change.repository.context_names(change.path))


def lacking(stage: Stage, name: str) -> str:
    """Return the cause that rules have in common which tell of one program that an image starts or asks, and lacks."""
    return f"{stage.key} lacks {name}"


def cause(stage: Stage, missing: Missing) -> str:
    """Say why the image does not have it."""
    base = quote(stage.root.base_text or "")
    if missing.taken is not None:
        return f"this change takes {quote(missing.taken.name)} out of the image, which brought it"
    return f"{base} does not have it and no instruction installs it"


def installs(stage: Stage) -> bool:
    """Whether packages may be installed in a stage: distroless images and BusyBox's have no package manager."""
    return stage.runtime.has_shell is not False and stage.runtime.distribution != "busybox"


def install(stage: Stage, name: str) -> str:
    """Say what to install for a program: the package of the distribution, where that has another name.

    Where nothing can be installed, the libraries that a program is linked with are seldom there either.
    """
    if not installs(stage):
        return f"Bring a static build of {quote(name)} along with `COPY --from`"
    distribution = stage.runtime.distribution or ""
    package = package_of_command(name, distribution)
    if package is None and is_unpackaged(name, distribution):
        twin = package_of_command(_TWINS.get(name, ""), distribution)
        return f"Install {quote(twin)}, which does the same," if twin else f"Bring {quote(name)} with `COPY --from`"
    return f"Install {quote(package or name)}"
