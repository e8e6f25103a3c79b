"""See npm_start_as_pid1.md."""

import posixpath
import re
from collections.abc import Iterator
from itertools import pairwise

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
from rules.model.audience import is_development_start
from rules.packages.developers.programs import commands_of_lines
from rules.runtime.debugging.script_switches import switch_in_script
from rules.runtime.languages.node_manifest import is_without_manifest, manifest_of
from rules.runtime.signals.manager_shells import hands_signals_on, is_open
from rules.runtime.signals.spawning_starters import way_past_spawner
from rules.runtime.signals.unhandled import NEEDS_INIT, handles_sigterm
from rules.runtime.starts.instructions import Written, full_words, gets_an_init, passes_signals, reads_code, shipped
from rules.runtime.starts.text import behind_exec, is_plain, json_array, runs_first_argument

_RUNNERS = ("npm", "yarn", "pnpm")
_WITH_VALUE = frozenset({"--prefix", "-C", "--cwd", "--dir", "--workspace", "-w", "--filter", "-F", "--loglevel"})
"""Options of the three that take the next word."""

_ENDS_BY_ITSELF = re.compile(r"(?:db:?)?(?:test|lint|build|migrat|seed|e2e|format|generate|deploy|typecheck)")


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
    if gets_an_init(change):
        return
    for found in shipped(change):
        words = _words(found)
        if is_development_name(found.stage.name) or not words or posixpath.basename(words[0]) not in _RUNNERS:
            continue
        name = _script(words) if not is_without_manifest(change, found.stage) else None
        if name is not None and not _ENDS_BY_ITSELF.match(name) and not _is_told(change, found, name, words):
            yield _problem(change, found, name, words)


def _is_told(change: DockerfileChange, found: Written, name: str, words: tuple[str, ...]) -> bool:
    """Whether the signal arrives all the same, as far as what the script starts hands it on."""
    manifest = manifest_of(change, found.stage) if _WITH_VALUE.isdisjoint(words) else None
    line = manifest.scripts.get(name) if manifest is not None else None
    past = way_past_spawner(manifest, name) is not None
    return not past and hands_signals_on(found.stage, posixpath.basename(words[0]), line)


def _words(found: Written) -> tuple[str, ...]:
    """Return the words of process 1: an ENTRYPOINT with its CMD, or what a shell makes way for by `exec`."""
    words = full_words(found) or found.start.words
    if passes_signals(words) or reads_code(words[: -len(found.start.words)]) or _is_taken_for_file(found, words):
        return ()  # below `["sh", "-c"]` the first word alone is run
    if found.start.form != "exec" or reads_code(found.start.words):
        return behind_exec(found.start)
    cmd = found.stage.image.cmd.value
    if found.instruction.keyword == "ENTRYPOINT":
        return (*words, *(cmd.words if cmd is not None and cmd.form == "exec" else ()))
    return found.start.words


def _is_taken_for_file(found: Written, words: tuple[str, ...]) -> bool:
    """Whether it is an argument of an interpreter: `node npm start`."""
    return words != found.start.words and runs_first_argument(words) is not None


def _script(words: tuple[str, ...]) -> str | None:
    """Return the name of the script that is run: `start`, `start:prod`; `None` for what runs none."""
    rest: list[str] = []
    for before, word in pairwise(words):
        if not word.startswith("-") and before not in _WITH_VALUE:
            rest.append(word)
    if not rest:
        return None
    if rest[0] in ("run", "run-script"):
        return rest[1] if len(rest) > 1 else None
    return rest[0] if rest[0] == "start" or (posixpath.basename(words[0]) != "npm" and rest[0] == "serve") else None


def _problem(change: DockerfileChange, found: Written, name: str, words: tuple[str, ...]) -> Problem:
    runner, plain = posixpath.basename(words[0]), _WITH_VALUE.isdisjoint(words)
    line = _script_line(change, found, name) if plain else None
    repair = _fix(found, line, name)
    # An init in front is no way out: measured below tini, npm 10 and 11 end at once and pass nothing on, npm 6 and pnpm
    # 9 do not wait for the program, and tini ends with its child. Nor is any line that only a shell can read, which
    # dash stays in front of, or a program of node_modules/.bin, which only the package manager has on its PATH.
    held = line is not None and repair is not None
    way_out = (way_past_spawner(manifest_of(change, found.stage), name) if plain else None) or (
        f"what the script holds: {quote(line or '')}"
        if held
        else "what the script starts, a package's program by its path in `node_modules/.bin`, and keep what else the "
        'script does: `["sh", "-c", "… && exec …"]`'
    )
    sure = line is not None and _sees_to_signals(change, found, line)
    return Problem(
        found.instruction.span,
        f"{found.stage.label} starts {quote(' '.join(words))}, so {quote(runner)} is process 1 and starts a "
        "shell that starts the program. On `docker stop` they exit before the program has finished, or do not tell it "
        f"at all. Start {way_out}.{NEEDS_INIT if held and not sure else ''}",
        Confidence.POSSIBLE if is_open(found.stage, runner) else Confidence.LIKELY,
        doubt=f"versions of {quote(runner)} differ in how they pass the signal on",
        stage=found.stage.key,
        minor=_serves_developers(change, found, words),
        fix=repair if sure else None,
    )


def _sees_to_signals(change: DockerfileChange, found: Written, line: str) -> bool:
    """Whether the program's own text was read and has a handler: then it ends by itself where it is process 1."""
    return any(handles_sigterm(change, found.stage, command) for command in commands_of_lines([line]))


def _serves_developers(change: DockerfileChange, found: Written, words: tuple[str, ...]) -> bool:
    """Whether what starts serves the one who writes it: there are no requests that a signal could cut off."""
    return is_development_start(" ".join(words)) or switch_in_script(change, found) is not None


def _script_line(change: DockerfileChange, found: Written, name: str) -> str | None:
    """Return the script's command line from the `package.json` of the working folder.

    `None` as well where `prestart` or `poststart` stands beside `start`: then the line is not all that runs.
    """
    manifest = manifest_of(change, found.stage)
    scripts = manifest.scripts if manifest is not None else {}
    return None if f"pre{name}" in scripts or f"post{name}" in scripts else scripts.get(name)


def _fix(found: Written, line: str | None, name: str) -> Fix | None:
    """The script's own words, when they start Node directly and no argument is handed on."""
    if line is None or not is_plain(line) or line.split()[0] != "node" or found.start.words[-1] != name:
        return None
    return fix(
        "Start Node itself",
        replace(found.instruction.source, found.instruction.value_span, json_array(line.split())),
    )
