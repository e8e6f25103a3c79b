"""See npm_script_missing.md."""

import posixpath
import re
from collections.abc import Iterator

from rules.api import (
    Category,
    Command,
    Confidence,
    DockerfileChange,
    Problem,
    Run,
    Severity,
    Stage,
    nearest,
    outcome_of_failure,
    quote,
    rule,
)
from rules.copying.context.possibly_there import runs_script_above
from rules.packages.projects.package_json import Manifest
from rules.quoting import listed
from rules.repository.templates import is_template
from rules.runtime.languages.node_manifest import Call, calls, manifest_for, manifest_of, script_called
from rules.runtime.starts.instructions import Written, shipped

_NO_PROGRAMS = frozenset({"build", "compile", "generate"})
"""Names by which people mean a script, although Yarn and pnpm would run a program of a package as well."""
_NONE = "Add it there, or leave the command out"
_SEVERAL = 2
_MAKERS = frozenset({"npx", "bunx", "pnpx"})
"""Programs that run others, which may make a project anew."""


@rule(
    "npm-script-missing",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    keywords=("CMD", "ENTRYPOINT", "RUN"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """What ships starts a script that its package.json does not have, or a build runs one."""
    yield from _in_builds(change)
    if change.repository.starts_otherwise(change.path):
        return
    for found in shipped(change):
        manifest = manifest_of(change, found.stage)
        if manifest is None or found.stage.runtime.is_windows or _is_of_generator(change, manifest):
            continue
        for call in calls(change, found):
            called = script_called(call.words)
            if called is not None and called[1] and called[0] not in manifest.table("scripts"):
                yield _problem(found, manifest, call, called[0])
                break


def _in_builds(change: DockerfileChange) -> Iterator[Problem]:
    for stage, run in change.after.layers.needed_runs:
        for command in run.calls("npm", "pnpm", "yarn") if not stage.runtime.is_windows else ():
            name = _script_in_build((command.name, *(word.value for word in command.args)))
            if name is None or command.conditional or outcome_of_failure(run, command) != "stops":
                continue
            if not _is_plain(command, name) or _may_be_edited(stage, run, command):
                continue
            manifest = manifest_for(change, run, command)
            if manifest is None or "workspaces" in manifest.data or _may_bring(manifest, name):
                continue
            if _is_of_generator(change, manifest):
                continue
            if name not in manifest.table("scripts"):
                yield _stop(stage, run, command, manifest, name)


def _is_of_generator(change: DockerfileChange, manifest: Manifest) -> bool:
    """Whether the Dockerfile is a template, and the package.json that of the project which hands it on."""
    beside = posixpath.dirname(manifest.path) == posixpath.dirname(change.path)
    return not beside and is_template(change.repository, change.path)


def _is_plain(command: Command, name: str) -> bool:
    """Whether the name is that of a script, and no option says in which project it is sought."""
    words = [word.value for word in command.args]
    own = words[: words.index("--")] if "--" in words else words
    return _NAME.fullmatch(name) is not None and not any(word.startswith("-") for word in own)


def _may_be_edited(stage: Stage, run: Run, command: Command) -> bool:
    """Whether the package.json may be another one by then: lent by a mount, written or edited by a command above."""
    if any(mount.type == "bind" for mount in run.mounts) or runs_script_above(stage, command):
        return True
    above = (one for other in stage.all_runs for one in other.commands if one.start < command.start)
    return any(one.name in _MAKERS or one.subcommand == "pkg" or "package.json" in str(one) for one in above)


_NAME = re.compile(r"[A-Za-z][\w:.-]*")


def _script_in_build(words: tuple[str, ...]) -> str | None:
    """Return the script that a command runs, where its name means no program of a package."""
    called = script_called(words)
    if called is not None:
        return called[0] if called[1] or called[0] in _NO_PROGRAMS else None
    return words[1] if words[0] in ("yarn", "pnpm") and words[1:2] and words[1] in _NO_PROGRAMS else None


def _may_bring(manifest: Manifest, name: str) -> bool:
    """Whether the project asks for a package of that name, whose program it may be."""
    asked = manifest.packages("dependencies", "devDependencies", "optionalDependencies")
    return any(package.rpartition("/")[2] == name for package in asked)


def _stop(stage: Stage, run: Run, command: Command, manifest: Manifest, name: str) -> Problem:
    parts = [one for one in manifest.table("scripts") if one.startswith(f"{name}:") or one.endswith(f":{name}")]
    close = _close(manifest, name)
    meant = listed(map(quote, parts or ([close] if close else ())), 3) if parts or close else ""
    way_out = f"It has {meant}: run {'that' if len(parts) < _SEVERAL else 'the one that is meant'}" if meant else _NONE
    return Problem(
        command.span,
        f"{stage.label} runs {quote(str(command), 60)}, and {quote(manifest.path)} has no script {quote(name)}. The "
        f"build stops there. {way_out}.",
        Confidence.LIKELY,
        doubt="another package.json may be there by then",
        instruction=run.instruction,
        stage=stage.key,
        key=name,
    )


def _close(manifest: Manifest, name: str) -> str | None:
    """Return the script that may be meant: one letter off, or without what stands behind a colon."""
    there = [script for script in manifest.table("scripts") if not script.startswith(("pre", "post"))]
    return nearest(name, there) or next((script for script in there if name.startswith(f"{script}:")), None)


def _problem(found: Written, manifest: Manifest, call: Call, name: str) -> Problem:
    close = _close(manifest, name)
    way_out = f"It has {quote(close)}: start that" if close else "Add it there, or start the program itself"
    place = f" (line {call.line} of {quote(call.script)})" if call.script else ""
    return Problem(
        found.instruction.span,
        f"{found.stage.label} starts {quote(' '.join(call.words), 60)}{place}, and {quote(manifest.path)} has no "
        f"script {quote(name)}. The container exits with “Missing script”. {way_out}.",
        Confidence.LIKELY,
        doubt="another package.json may be mounted there",
        stage=found.stage.key,
        key=name,
    )
