"""See server_on_loopback.md."""

import posixpath
from collections.abc import Iterator
from typing import NamedTuple

from rules.api import (
    Category,
    Confidence,
    DockerfileChange,
    Fix,
    Note,
    Problem,
    Severity,
    Stage,
    insert,
    quote,
    rule,
)
from rules.runtime.ports.listening_otherwise import has_proxy, is_told_elsewhere
from rules.runtime.ports.loopback import Bound, bound_to_loopback, words_of_server
from rules.runtime.starts.instructions import Written, behind_init, executes_cmd, reads_code, shipped
from rules.runtime.starts.outside import given_by_builds
from rules.runtime.starts.scripts import StartScript, start_script


class Found(NamedTuple):
    """A server on the loopback address, and what starts it."""

    bound: Bound
    script: StartScript | None
    line: int


@rule(
    "server-on-loopback",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    keywords=("EXPOSE",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A server that is to be reached from outside listens on the loopback address of its container."""
    for written in shipped(change):
        stage = written.stage
        if stage.runtime.is_windows or not _is_last(written) or not _is_exposed(stage) or has_proxy(stage):
            continue
        found = _found(change, written)
        if found is not None and not _is_meant(change, stage, found.bound):
            yield _problem(written, found)


def _is_exposed(stage: Stage) -> bool:
    return any(port.instruction is not None for port in stage.image.ports)


def _is_last(written: Written) -> bool:
    """Whether the instruction ends the command line: an ENTRYPOINT without a CMD behind it, or the CMD."""
    image = written.stage.image
    if written.instruction.keyword == "ENTRYPOINT":
        return not image.cmd.value or written.start.form == "shell"
    entrypoint = image.entrypoint
    return entrypoint.known and (not entrypoint.value or entrypoint.value.form == "exec")


def _found(change: DockerfileChange, written: Written) -> Found | None:
    stage, words = written.stage, words_of_server(written.start)
    script = start_script(change, written, through_stages=True)
    if script is not None:
        return _in_script(script)
    if written.instruction.keyword == "CMD" and stage.image.entrypoint.value and not executes_cmd(stage):
        words = (*behind_init(stage.image.entrypoint.value.words), *words)
    bound = bound_to_loopback(words)
    return Found(bound, None, 0) if bound is not None else None


def _in_script(script: StartScript) -> Found | None:
    """Read what a script ends with, where nothing else runs beside it."""
    outer = script.outer_commands if "&\n" not in script.text else ()
    last = outer[-1] if outer else None
    if last is None or last.conditional or last.program is None or last.assignments:
        return None
    bound = bound_to_loopback(last.argv)
    mentions = bound is not None and bound.variable and bound.variable in script.text
    return Found(bound, script, last.line) if bound is not None and not mentions else None


def _is_meant(change: DockerfileChange, stage: Stage, bound: Bound) -> bool:
    """Whether something says another address than the command, or may be meant to."""
    if bound.server == "flask" and any(path.endswith(".flaskenv") for path in change.repository.files):
        return True
    gunicorn = bound.server == "gunicorn" and not bound.text
    return is_told_elsewhere(change, stage, bound) or (gunicorn and _gunicorn_listens_elsewhere(change, stage))


def _gunicorn_listens_elsewhere(change: DockerfileChange, stage: Stage) -> bool:
    """Whether gunicorn, told nothing, may be meant to listen by what its platform or a file tells it.

    It listens on `0.0.0.0:$PORT` where that is set, and reads `gunicorn.conf.py` by itself (its documentation,
    "Settings", `bind` and `config`). Platforms that set `PORT` run images that expose another port, or none.
    """
    given = "PORT" in stage.image.env or "PORT" in given_by_builds(change)
    files = change.repository.listing
    configured = files is None or any(posixpath.basename(path) == "gunicorn.conf.py" for path in files)
    return given or configured or all(port.text.partition("/")[0] != "8000" for port in stage.image.ports)


def _problem(written: Written, found: Found) -> Problem:
    stage, bound = written.stage, found.bound
    port = next(port for port in stage.image.ports if port.instruction is not None)
    unsaid = not bound.text or bound.text.isdecimal()
    place = "without an address, which means `127.0.0.1`," if unsaid else f"on {quote(bound.text)}"
    line = "" if found.script is None else f" (line {found.line} of {quote(found.script.path)})"
    return Problem(
        written.instruction.span,
        f"{stage.label} starts {quote(bound.server)} {place} and exposes {quote(port.text)}{line}. Only the container "
        "itself reaches it there: a published port, another container and the cluster's probes get no answer. "
        f"Write {quote(bound.advice)}.",
        Confidence.LIKELY,
        doubt="what asks it may share its network, or a configuration may say another address",
        stage=stage.key,
        key=bound.server,
        notes=(Note(port.instruction.span, "to be reached here"),) if port.instruction is not None else (),
        fix=_fix(written, found),
    )


def _fix(written: Written, found: Found) -> Fix | None:
    """Append the option to an array that names none."""
    words = written.instruction.exec_form or ()
    option, _, value = found.bound.advice.partition(" ")
    unsaid = found.script is None and not found.bound.text and value == "0.0.0.0"  # noqa: S104 - what to write
    if not words or not unsaid or reads_code(written.start.words):
        return None
    edit = insert(written.instruction.source, words[-1].span.end, f', "{option}", "{value}"')
    return Fix("Listen on every address", (edit,))
