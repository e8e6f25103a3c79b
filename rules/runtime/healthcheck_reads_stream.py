"""See healthcheck_reads_stream.md."""

import re
from collections.abc import Iterator

from rules.api import Category, Command, Confidence, DockerfileChange, Problem, Severity, quote, rule
from rules.runtime.ports.probes import CLIENTS, asking
from rules.runtime.starts.instructions import Written, shipped

_STREAM = re.compile(r"(?:https?://)?[\w.:\[\]${}-]+(?:/[\w.~-]+)*/sse/?(?:\?[^\s'\"]*)?", re.IGNORECASE)
"""An address whose path ends in `sse`, after what it serves: server-sent events, which end with the connection."""
_LIMITS = (
    "-m", "--max-time", "-I", "--head", "--spider", "-X", "--request", "--method", "-y", "--speed-time", "-r",
    "--range",
)  # fmt: skip
"""Options of curl and wget that end a transfer, or ask for something else (curl(1), wget(1))."""
_IN_PYTHON = re.compile(
    r"\burlopen\(\s*(['\"])(?P<url>[^'\"\s]+)\1[^)]*\)\.read\(\)"
    r"|\brequests\.get\(\s*(['\"])(?P<asked>[^'\"\s]+)\3(?:(?!stream)[^)])*\)"
)
"""A call that reads an answer to its end: `read()`, and `requests.get` without `stream=True` (its "Advanced Usage")."""


@rule(
    "healthcheck-reads-stream",
    severity=Severity.WARNING,
    category=Category.RELIABILITY,
    keywords=("HEALTHCHECK",),
    mentions=("/sse",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """The health check reads a stream of events, which does not end."""
    for found in shipped(change, "HEALTHCHECK"):
        asked = asking(found.start)
        url = _read(asked[0]) if len(asked) == 1 else None
        if url is not None and "timeout " not in found.start.text:
            yield _problem(found, asked[0], url)


def _read(command: Command) -> str | None:
    """Return the address of the stream that a command reads to its end."""
    filled_in = command.nested and command.handed_by < 0  # not what `sh -c "…"` runs
    if command.conditional or filled_in or command.after in ("|", "&"):
        return None
    words = [word.value for word in command.args]
    if command.name in CLIENTS and not command.has(*_LIMITS):
        return next((word for word in words if _STREAM.fullmatch(word)), None)
    code = words[1] if command.name.startswith("python") and words[:1] == ["-c"] and len(words) > 1 else ""
    match = _IN_PYTHON.search(code)
    url = (match["url"] or match["asked"]) if match is not None else None
    return url if url is not None and _STREAM.fullmatch(url) else None


def _problem(found: Written, command: Command, url: str) -> Problem:
    name = "Python" if command.name.startswith("python") else quote(command.name)
    return Problem(
        found.instruction.span,
        f"`HEALTHCHECK` of {found.stage.label} asks {quote(url)}, the address of a stream of events, and {name} reads "
        "until that ends: never. Each probe runs until its time is over and is stopped, so the container counts as "
        "unhealthy although it is well. Ask an address whose answer ends, such as one for health.",
        Confidence.LIKELY,
        doubt="the program may answer at that address with something that ends",
        instruction=found.instruction,
        stage=found.stage.key,
        key=url,
    )
