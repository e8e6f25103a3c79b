"""See npm_start_as_pid1.md."""

import json
import posixpath
from collections.abc import Iterator

from rules.api import (
    Category,
    Confidence,
    DockerfileChange,
    Fix,
    Problem,
    Severity,
    fix,
    is_development_name,
    quote,
    replace,
    rule,
)
from rules.runtime.start_instructions import Written, full_words, passes_signals, shipped
from rules.runtime.start_text import is_plain, json_array

_RUNNERS = ("npm", "yarn", "pnpm")


@rule(
    "npm-start-as-pid1",
    severity=Severity.INFO,
    category=Category.RELIABILITY,
    default="info",
    keywords=("CMD", "ENTRYPOINT"),
    mentions=_RUNNERS,
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A package manager is process 1 and stands between the program and its signals."""
    for found in shipped(change):
        words = full_words(found) or found.start.words
        if (
            is_development_name(found.stage.name)
            or found.start.form != "exec"
            or passes_signals(words)
            or found.start.program not in _RUNNERS
        ):
            continue
        name = _script(found.start.words)
        if name is not None and not name.startswith(("test", "lint", "build")):  # these end by themselves
            yield _problem(change, found, name)


def _script(words: tuple[str, ...]) -> str | None:
    """Return the name of the script that is run: `start`, `start:prod`; `None` for what runs none."""
    rest = [word for word in words[1:] if not word.startswith("-")]
    if not rest:
        return None
    if rest[0] in ("run", "run-script"):
        return rest[1] if len(rest) > 1 else None
    return rest[0] if rest[0] == "start" or (words[0] != "npm" and rest[0] in ("start", "serve")) else None


def _problem(change: DockerfileChange, found: Written, name: str) -> Problem:
    runner = found.start.program
    line = _script_line(change, name)
    repair = _fix(found, line, name)
    if line is not None and repair is not None:
        way_out = f"Start what the script holds: {quote(line)}"
    else:
        way_out = 'Start the program itself, `["node", "…"]`, or put `tini --` in front'
    return Problem(
        found.instruction.span,
        f"{found.stage.label} starts {quote(found.start.text)}, so {quote(runner)} is process 1 and starts a "
        "shell that "
        "starts the program. On `docker stop` they exit before the program has finished, or do not tell it at all, and "
        f"its exit status is lost. {way_out}.",
        Confidence.LIKELY,
        doubt=f"versions of {quote(runner)} differ in how they pass the signal on",
        stage=found.stage.key,
        fix=repair,
    )


def _script_line(change: DockerfileChange, name: str) -> str | None:
    """Return the script's command line from the package.json of the build context."""
    context = change.repository.context_of(change.path)
    folder = context if context is not None else posixpath.dirname(change.path)
    text = change.repository.text(posixpath.join(folder, "package.json"))
    if text is None:
        return None
    try:
        scripts = json.loads(text).get("scripts", {})
        return str(scripts[name]) if isinstance(scripts, dict) and isinstance(scripts.get(name), str) else None
    except (ValueError, AttributeError, RecursionError):
        return None


def _fix(found: Written, line: str | None, name: str) -> Fix | None:
    """The script's own words, when they start Node directly and no argument is handed on."""
    if line is None or not is_plain(line) or line.split()[0] != "node" or found.start.words[-1] != name:
        return None
    return fix(
        "Start Node itself",
        replace(found.instruction.source, found.instruction.value_span, json_array(line.split())),
    )
