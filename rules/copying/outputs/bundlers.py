"""Folders that a project's bundler no longer writes to, because the change took another bundler."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, NamedTuple

from rules.copying.stages.gone_paths import Gone
from rules.facts.installers import NODE_MANAGERS
from rules.model.puts import within
from rules.model.run_writes import is_opaque
from rules.packages.projects.files import copied, in_repository
from rules.packages.projects.package_json import called, read_manifest
from rules.quoting import quote

if TYPE_CHECKING:
    from rules.api import Command, DockerfileChange, Run, Stage

_OUTPUTS = {
    "docusaurus": "build",
    "gatsby": "public",
    "parcel": "dist",
    "react-scripts": "build",
    "vite": "dist",
    "vue-cli-service": "dist",
}
"""Bundlers, and the folder that each writes unless told (their documentation: `build.outDir` of Vite, `BUILD_PATH` of
Create React App, `outputDir` of Vue CLI)."""
_BUILD = re.compile(rf"(?:^|[\s&;/])({'|'.join(_OUTPUTS)})[ \t]+build\b(?P<rest>[^&;|]*)")
_TOLD = re.compile(r"out-?dir|dist-?dir|BUILD_PATH|outputDir", re.IGNORECASE)
_OF_THEIR_OWN = re.compile(r"sveltekit|@sveltejs/kit|solid-start|qwik|@remix-run|@react-router|nitro|vinxi")
"""Frameworks upon Vite that write elsewhere."""


class _Output(NamedTuple):
    """What the script `build` writes: by which bundler, where, and the settings that name the folder, if any do."""

    bundler: str
    folder: str
    settings: str = ""


def moved_output(change: DockerfileChange, builder: Stage, path: str) -> Gone | None:
    """Say that the project's `build` writes to another folder than before: by another bundler, or by its settings."""
    for run in builder.done_runs:
        if not any(call.manager in NODE_MANAGERS and call.action in ("run", "build") for call in run.package_calls):
            continue
        folder = run.workdir.value
        now, then = _output(change, run, before=False), _output(change, run, before=True)
        if folder is None or now is None or then is None or now.folder == then.folder:
            continue
        old, new = (posixpath.join(folder, name) for name in (then.folder, now.folder))
        if within(path, old) and not _is_made(builder, then.folder) and not _is_listed(change, then.folder):
            return Gone(_why(now, then, new), f"{new}{path[len(old) :]}")
    return None


def _why(now: _Output, then: _Output, new: str) -> str:
    told = now.settings or then.settings
    if told:
        return f"{quote(f'{now.bundler} build')} writes {quote(new)} since this change to {quote(told)}."
    why = f"The project's `build` is {quote(f'{now.bundler} build')} with this change and no longer "
    return f"{why}{quote(f'{then.bundler} build')}, and that writes {quote(new)}."


def other_output(change: DockerfileChange, builder: Stage, path: str) -> Gone | None:
    """Say that the bundler of the project's `build` writes to another of the customary folders than is copied.

    Only where the builder runs that script as it is, after installs alone, and nothing that was read names a folder.
    """
    builds = [run for run in builder.done_runs if any(map(_is_build, run.commands))]
    if len(builds) != 1 or _TOLD.search(change.source.text) or not all(map(_only_installs, builder.done_runs)):
        return None
    run, folder = builds[0], builds[0].workdir.value
    bundler = _bundler(change, run, before=False) if folder is not None and _is_plain_script(change, run) else None
    if folder is None or bundler is None or bundler == "parcel" or _has_own_settings(change, bundler):
        return None
    new = posixpath.join(folder, _OUTPUTS[bundler])
    others = sorted({*_OUTPUTS.values()} - {_OUTPUTS[bundler]})
    old = next((name for name in others if within(path, posixpath.join(folder, name))), None)
    if old is None or _is_in_repository(change, old) or builder.files.below(posixpath.join(folder, old)):
        return None
    rest = path[len(posixpath.join(folder, old)) :]
    return Gone(f"The project's `build` is {quote(f'{bundler} build')}, and that writes {quote(new)}.", new + rest)


def _is_build(command: Command) -> bool:
    """Whether it runs the script `build`, and hands nothing on to it."""
    words = [word.value for word in command.args]
    return called(command) == ["build"] and words in (["run", "build"], ["build"])


def _only_installs(run: Run) -> bool:
    """Whether a RUN installs packages, or builds, and does nothing else that may make or move a folder."""
    actions = ("install", "sync", "update", "upgrade")
    installs = {id(call.command) for call in run.package_calls if call.action in actions}
    moves = any(command.name in ("cp", "mv", "ln") for command in run.commands)
    idle = (_is_build(one) or id(one) in installs or not is_opaque(one) for one in run.commands)
    return run.is_read and not moves and all(idle)


def _is_plain_script(change: DockerfileChange, run: Run) -> bool:
    """Whether `build` ends with the bundler, told nothing, and no other script runs along with it."""
    place = in_repository(change, copied(run, "package.json", run.workdir.value) or "package.json")
    manifest = read_manifest(change.repository.text(place) if place is not None else None)
    scripts = manifest.scripts if manifest is not None else {}
    return "postbuild" not in scripts and _PLAIN.fullmatch(scripts.get("build", "")) is not None


_PLAIN = re.compile(rf"(?:(?:tsc|vue-tsc)(?: (?:-b|--build|--noEmit))? && )?(?:{'|'.join(_OUTPUTS)}) build")


def _has_own_settings(change: DockerfileChange, bundler: str) -> bool:
    """Whether the repository has settings that may name a folder: not read, or those that take in others."""
    repository, settings = change.repository, (f"{bundler}.config.", "vue.config.", ".env")
    own = [path for path in repository.listing or {} if posixpath.basename(path).startswith(settings)]
    return any(_OTHERS_TAKEN.search(text) for path in own if (text := repository.text(path)) is not None) or any(
        repository.text(path) is None for path in own
    )


_OTHERS_TAKEN = re.compile(r"""from\s+["'][./]|require\(\s*["'][./]|laravel|dir\b|DIR\b|PATH\b""")


def _is_in_repository(change: DockerfileChange, folder: str) -> bool:
    """Whether the repository has a folder of that name, or may."""
    return change.repository.listing is None or _is_listed(change, folder)


def _is_listed(change: DockerfileChange, folder: str) -> bool:
    return any(folder in path.split("/") for path in change.repository.listing or {})


def _bundler(change: DockerfileChange, run: Run, *, before: bool) -> str | None:
    """Return the bundler that the script `build` of the project's package.json runs, where nothing names a folder."""
    output = _output(change, run, before=before)
    return output.bundler if output is not None and not output.settings else None


def _output(change: DockerfileChange, run: Run, *, before: bool) -> _Output | None:
    """Return what the script `build` of the project's package.json writes, if its settings leave that in no doubt."""
    repository = change.repository_before if before else change.repository
    place = in_repository(change, copied(run, "package.json", run.workdir.value) or "package.json")
    text = repository.text(place) if place is not None else None
    manifest = read_manifest(text)
    found = _BUILD.search(manifest.scripts.get("build", "")) if manifest is not None else None
    if found is None or _TOLD.search(found["rest"]) or _OF_THEIR_OWN.search(text or ""):
        return None
    configured = (
        name for name in repository.files if posixpath.basename(name).startswith((f"{found[1]}.config", "vue.config"))
    )
    telling = [name for name in configured if _TOLD.search(repository.text(name) or "")]
    if not telling:
        return _Output(found[1], _OUTPUTS[found[1]])
    told = repository.text(telling[0]) or ""
    named = _FOLDER.findall(told)
    plain = len(telling) == len(named) == len(_TOLD.findall(told)) == 1 and not _ELSEWHERE.search(told)
    return _Output(found[1], posixpath.normpath(named[0]), telling[0]) if plain else None


_FOLDER = re.compile(r"""\b(?:outDir|outputDir)\s*:\s*["'](?:\./)?([\w.-]+)["']""")
_ELSEWHERE = re.compile(r"\broot\s*:|\bmode\b|\?")
"""What in a bundler's settings may make the folder another one: a root, a case that is chosen when it runs."""


def _is_made(builder: Stage, folder: str) -> bool:
    """Whether a command speaks of the old folder, or a COPY brings it."""
    spoken = re.compile(rf"(?<![\w:.-]){folder}(?![\w.-])")
    commands = (command for run in builder.done_runs for command in run.commands if command.name not in NODE_MANAGERS)
    return any(spoken.search(str(command)) for command in commands)
