"""See arg_read_at_run_time.md."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from rules.api import (
    PLATFORM_ARGS,
    PREDEFINED_ARGS,
    Category,
    Command,
    Confidence,
    DockerfileChange,
    Instruction,
    Note,
    Problem,
    Severity,
    Stage,
    fix,
    insert_line_after,
    quote,
    rule,
)
from rules.runtime.starts.instructions import Written, is_below_script, reads_code, shipped
from rules.runtime.starts.outside import given_by_builds, has_env_file, is_given_by_another
from rules.runtime.starts.scripts import READS_ANOTHER, script_above
from rules.secrets.named.names import names_a_secret

_EXPORTS = re.compile(r"\bexport\b")
_READ = re.compile(r"\$(?:\{(?P<braced>[A-Za-z_]\w*)(?P<rest>[^}]*)\}|(?P<plain>[A-Za-z_]\w*))")
_HAS_DEFAULT = ("-", ":-", "=", ":=", "?", ":?")
_ITS_OWN = r"(?<![\w$]){0}=|\bfor\s+{0}\s+in\b"
"""What sets a variable in the line itself: for one command, or for each turn of a loop."""
_SETTERS = frozenset({".", "source", "eval", "read", "mapfile", "for"})
_EVERYWHERE = frozenset(
    "HOME HOSTNAME PATH TERM PWD OLDPWD IFS PPID OPTIND UID EUID RANDOM SECONDS LINENO SHLVL SHELL _".split()
)
"""What a container's runtime sets, or a shell by itself."""


class Argument(NamedTuple):
    """An ARG that a command reads when the container runs.

    Attributes:
        name: Its name.
        instruction: The ARG.
        has_default: Whether it gives itself a value.
        is_pattern: Whether that is a pattern of paths: `target/*.jar` finds files of the build, and none of the image.
    """

    name: str
    instruction: Instruction
    has_default: bool
    is_pattern: bool


@rule(
    "arg-read-at-run-time",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    keywords=("ARG",),
    mentions=("cmd", "entrypoint"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """The start command or the health check reads an ARG, which is gone when the container runs."""
    told: set[tuple[str, str]] = set()
    for found in shipped(change, "ENTRYPOINT", "CMD", "HEALTHCHECK"):
        stage = found.stage
        if stage.runtime.is_windows or not (found.start.form == "shell" or reads_code(found.start.words)):
            continue
        was = change.was(stage)
        arguments = _arguments(change, stage)
        if any(map(_may_set, found.start.commands)):
            continue
        for name in _read(found.start.text):
            argument = arguments.get(name)
            if argument is None or name in stage.image.env or _is_given(change, stage, name):
                continue
            known = (stage.key, name) in told or (was is not None and name in was.image.env)  # `env-lost` says it
            told.add((stage.key, name))
            if not known:
                yield _problem(change, found, argument)


def _may_set(command: Command) -> bool:
    """Whether a command in front may give the shell variables: a file that it reads, or what another program says."""
    words = " ".join(word.value for word in command.args)
    return command.name in _SETTERS or (command.name in ("export", "set", "env") and ("$(" in words or "`" in words))


def _read(text: str) -> Iterator[str]:
    """Yield the variables that a command line surely expands, each once, those with a default left out."""
    seen: set[str] = set()
    for match in _READ.finditer(text):
        name = match["braced"] or match["plain"]
        before = text[: match.start()]
        quoted = before.count("'") % 2 and not before.count('"') % 2
        escaped = before.endswith("\\")
        own = re.search(_ITS_OWN.format(name), text) is not None
        if not (quoted or escaped or own or name in seen or (match["rest"] or "").startswith(_HAS_DEFAULT)):
            seen.add(name)
            yield name


def _arguments(change: DockerfileChange, stage: Stage) -> dict[str, Argument]:
    """Return the ARGs of an image's stages, and those above the first FROM."""
    instructions = [*change.after.global_args, *(i for link in reversed(stage.chain) for i in link.instructions)]
    found = {}
    for instruction in instructions:
        for word, value in instruction.pairs if instruction.keyword == "ARG" else ():
            text = value.text if value is not None else ""
            found[word.text] = Argument(word.text, instruction, bool(text), "*" in text or "?" in text)
    return found


def _is_given(change: DockerfileChange, stage: Stage, name: str) -> bool:
    """Whether the container gets the variable: from the base image, from a compose file, or from everyone."""
    if name in _EVERYWHERE | PLATFORM_ARGS | PREDEFINED_ARGS or (
        stage.facts is not None and name in stage.facts.env_names
    ):
        return True
    return change.repository.starts_otherwise(change.path) or name in given_by_builds(change)


def _is_given_outside(change: DockerfileChange, name: str) -> bool:
    """Whether a file of the repository may give the container the variable: of settings, a manifest, a script."""
    return has_env_file(change) or is_given_by_another(change, name)


def _is_below_script(change: DockerfileChange, found: Written) -> bool:
    """Whether a script of the file in front of a CMD was not read, or names a variable itself: it may set this one."""
    if not is_below_script(found):
        return False
    script = script_above(change, found)
    return script is None or bool(_EXPORTS.search(script.text) or READS_ANOTHER.search(script.text))


def _problem(change: DockerfileChange, found: Written, argument: Argument) -> Problem:
    stage, name = found.stage, argument.name
    line = f"ENV {name}=${name}"
    here = argument.instruction in stage.instructions
    what = "its health check" if found.instruction.keyword == "HEALTHCHECK" else f"`{found.instruction.keyword}`"
    advice = f"Write {quote(line)} below it" if here else f"Write `ARG {name}` and {quote(line)} into this stage"
    edit = insert_line_after(argument.instruction, line) if here else None
    if argument.is_pattern:
        advice, edit = "Name the file by the path that it has in the image", None
    elif names_a_secret(name):
        advice, edit = "Give it to the container when it starts: an `ENV` would write it into the image", None
    sure = argument.has_default and not _is_given_outside(change, name) and not _is_below_script(change, found)
    return Problem(
        found.instruction.span,
        f"{stage.label} reads `${name}` in {what} when the container runs, and the `ARG` of line "
        f"{argument.instruction.line} is there for the build alone: the shell puts nothing in its place. {advice}.",
        Confidence.LIKELY if sure else Confidence.POSSIBLE,
        doubt="who starts the container may set it",
        stage=stage.key,
        key=name,
        notes=(Note(argument.instruction.span, "for the build alone"),),
        fix=fix(f"Keep {name}", edit) if edit is not None else None,
    )
