"""See shell_in_scratch.md."""

import re
from collections.abc import Iterator

from rules.api import (
    Category,
    DockerfileChange,
    Fix,
    Origin,
    Problem,
    Run,
    Severity,
    Stage,
    Step,
    fix,
    quote,
    replace,
    rule,
)
from rules.facts.tools import BUSYBOX_SHELL
from rules.runtime.scripts.tools import lacking
from rules.runtime.starts.instructions import SHELLS, Written, written
from rules.runtime.starts.text import exec_words, json_array, repeated_words

_WITH_SHELL = frozenset("/ /bin /bin/ /bin/sh /usr /usr/ /usr/bin /usr/bin/".split())
_THEN = {
    "RUN": "The build stops there",
    "CMD": "The container exits at once",
    "ENTRYPOINT": "The container exits at once",
    "HEALTHCHECK": "The probe fails every time, and the container is reported unhealthy",
}


_VARIABLE = re.compile(r"(?<!\\)\$(?:\w+|\{[^}]*\})")
_SEVERAL = re.compile(r"[|;&<>`]|\$\(")
"""What makes more of a line than one program with its arguments."""


@rule(
    "shell-in-scratch",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    keywords=("RUN", "CMD", "ENTRYPOINT", "HEALTHCHECK"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A command is written for a shell, and the image has none."""
    for stage in change.stages:
        if stage.runtime.has_shell is not False or stage.runtime.is_windows:
            continue
        for run in stage.runs:
            if not run.deferred and _needs_shell(run):
                if any(mount.type == "bind" and mount.target in _WITH_SHELL for mount in run.mounts):
                    continue  # `--mount=from=busybox,source=/bin,target=/bin`: the shell is there while it runs
                yield _problem(stage, run)
                break  # the build gets no further
    for found in written(change, "CMD", "ENTRYPOINT", "HEALTHCHECK"):
        stage = found.stage
        if stage.runtime.has_shell is False and found.start.form == "shell" and not found.start.text.startswith("["):
            step = next((s for s in stage.steps if s.instruction is found.instruction), None)
            if step is not None and _uses_default(step):
                yield _problem(stage, step, _missing(found))


def _needs_shell(run: Run) -> bool:
    """Whether a RUN goes to the default shell, or its JSON form names one as its program."""
    words = run.instruction.exec_form
    if words is None:
        return _uses_default(run) and bool(run.commands)
    return bool(words) and words[0].text.removeprefix("/bin/") in SHELLS


def _missing(found: Written) -> str:
    """Return the program of the command that the image has not either; empty when it may have it."""
    program = next((c.program.value for c in found.start.commands if c.program is not None), "")
    if not program or not found.stage.base_known or _place(found.stage, program) != program:
        return ""
    return program if found.stage.runtime.lacks(program) else ""


def _place(stage: Stage, program: str) -> str:
    """Return how a program is started without a shell: by its path, where `PATH` does not lead to it."""
    place = stage.facts.off_path(program) if stage.facts is not None else None
    return place if place is not None and stage.runtime.lacks(program) else program


def _uses_default(step: Step) -> bool:
    """Whether the shell form goes to `/bin/sh`: a SHELL of the file may name one that is there."""
    return step.shell.origin is Origin.ABSENT


def _problem(stage: Stage, step: Step, missing: str = "") -> Problem:
    instruction = step.instruction
    base = quote(stage.root.base_text or "")
    way_out = "Use the JSON form, which starts the program itself"
    repeated = _repeated(stage, step)
    words = exec_words(instruction)
    if stage.facts is not None and stage.facts.has_busybox_shell and (words is None or instruction.keyword == "RUN"):
        way_out = f'The shell of this base is {quote(BUSYBOX_SHELL)}: say `SHELL ["{BUSYBOX_SHELL}", "-c"]` above'
    elif instruction.keyword == "RUN":
        way_out = "Do it in a builder stage and copy the result"
    elif repeated:
        way_out = f"Use the JSON form, without {quote(' '.join(repeated))}, which its `ENTRYPOINT` starts already"
    elif words and _place(stage, words[0]) != words[0]:
        way_out = f"Use the JSON form, with {quote(_place(stage, words[0]))}: `PATH` does not find {quote(words[0])}"
    elif missing:
        way_out = f"{quote(missing)} is not there either: use the JSON form with a program that the image has"
    elif words is None and (expanded := _VARIABLE.search(instruction.value)) is not None:
        way_out += f", and write out {quote(expanded[0])}, which nothing here expands"
    elif words is None and _SEVERAL.search(instruction.value):
        way_out = "The JSON form starts one program alone: do the rest in that, or start from an image with a shell"
    return Problem(
        instruction.span,
        f"{stage.label} starts from {base}, which has no `/bin/sh`, and `{instruction.keyword}` "
        f"{quote(instruction.value, 60)} needs one. {_THEN[instruction.keyword]}. {way_out}.",
        stage=stage.key,
        cause=lacking(stage, missing) if missing and instruction.keyword == "HEALTHCHECK" else "",
        key=instruction.keyword,  # however it is worded, it is the shell that it needs
        fix=_fix(step, len(repeated)) if not missing else None,
    )


def _repeated(stage: Stage, step: Step) -> tuple[str, ...]:
    """Return the words in front of a CMD that name what the ENTRYPOINT starts, as distroless images have one."""
    entrypoint = stage.image.entrypoint.value
    words = exec_words(step.instruction) if step.instruction.keyword == "CMD" else None
    if words is None or entrypoint is None or entrypoint.form != "exec":
        return ()
    count = repeated_words(entrypoint.words, words)
    return words[:count] if count < len(words) else ()


def _fix(step: Step, repeated: int) -> Fix | None:
    """The JSON form, where no word needs the shell, and a RUN names a program that can have been copied."""
    instruction = step.instruction
    words = exec_words(instruction) if instruction.exec_form is None else None
    if words is None or (instruction.keyword == "RUN" and not words[0].startswith(("/", "./"))):
        return None
    span = instruction.value_span
    if instruction.keyword == "HEALTHCHECK":
        head = len(instruction.value) - len(instruction.value.split(None, 1)[-1])
        span = instruction.source.span(span.start + head, span.end)
    started = words[repeated:]
    if not repeated:
        started = (_place(step.stage, words[0]), *words[1:])
    return fix("Use the JSON form", replace(instruction.source, span, json_array(started)))
