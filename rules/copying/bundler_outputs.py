"""Folders that a project's bundler no longer writes to, because the change took another bundler."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from rules.copying.gone_paths import Gone
from rules.facts.installers import NODE_MANAGERS
from rules.model.puts import within
from rules.packages.package_json import called, read_manifest
from rules.packages.project_files import copied, in_repository
from rules.quoting import quote

if TYPE_CHECKING:
    from rules.api import DockerfileChange, Run, Stage

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


def moved_output(change: DockerfileChange, builder: Stage, path: str) -> Gone | None:
    """Say that the bundler of the project's `build` is another one now, and writes to another folder than is copied."""
    for run in builder.done_runs:
        if not any(call.manager in NODE_MANAGERS and call.action in ("run", "build") for call in run.package_calls):
            continue
        folder = run.workdir.value
        now, then = _bundler(change, run, before=False), _bundler(change, run, before=True)
        if folder is None or now is None or then is None or _OUTPUTS[now] == _OUTPUTS[then]:
            continue
        old, new = (posixpath.join(folder, _OUTPUTS[name]) for name in (then, now))
        if within(path, old) and not _is_made(builder, _OUTPUTS[then]):
            why = f"The project's `build` is {quote(f'{now} build')} with this change and no longer "
            return Gone(f"{why}{quote(f'{then} build')}, and that writes {quote(new)}.", f"{new}{path[len(old) :]}")
    return None


def other_output(change: DockerfileChange, builder: Stage, path: str) -> Gone | None:
    """Say that the bundler of the project's `build` writes to another of the customary folders than is copied."""
    for run in builder.done_runs:
        folder = run.workdir.value
        bundler = _bundler(change, run, before=False) if folder is not None and _builds(run) else None
        if folder is None or bundler is None or _has_unread_settings(change, bundler):
            continue
        new = posixpath.join(folder, _OUTPUTS[bundler])
        others = sorted({*_OUTPUTS.values()} - {_OUTPUTS[bundler]})
        old = next((name for name in others if within(path, posixpath.join(folder, name))), None)
        if old is None or _is_in_repository(change, old) or _is_made(builder, old) or _is_scripted(change, run, old):
            continue
        rest = path[len(posixpath.join(folder, old)) :]
        return Gone(f"The project's `build` is {quote(f'{bundler} build')}, and that writes {quote(new)}.", new + rest)
    return None


def _builds(run: Run) -> bool:
    return any("build" in called(command) for command in run.commands)


def _has_unread_settings(change: DockerfileChange, bundler: str) -> bool:
    """Whether the repository has settings that may name a folder, and that were not read."""
    files = change.repository.files
    settings = (f"{bundler}.config.", "vue.config.", ".env")
    return any(
        posixpath.basename(path).startswith(settings) and path not in files for path in change.repository.listing or {}
    )


def _is_in_repository(change: DockerfileChange, folder: str) -> bool:
    """Whether the repository has a folder of that name, or may."""
    listing = change.repository.listing
    return listing is None or any(folder in path.split("/") for path in listing)


_CALLS_BUILD = re.compile(r"\b(?:run(?:-script)?|yarn|pnpm|bun)[ \t]+build\b")


def _is_scripted(change: DockerfileChange, run: Run, folder: str) -> bool:
    """Whether a script of the project's package.json speaks of a folder otherwise than as the verb of its bundler."""
    place = in_repository(change, copied(run, "package.json", run.workdir.value) or "package.json")
    manifest = read_manifest(change.repository.text(place) if place is not None else None)
    scripts = manifest.scripts.values() if manifest is not None else ()
    texts = (_CALLS_BUILD.sub("", _BUILD.sub(lambda match: match["rest"], script)) for script in scripts)
    return manifest is None or any(folder in text for text in texts)


def _bundler(change: DockerfileChange, run: Run, *, before: bool) -> str | None:
    """Return the bundler that the script `build` of the project's package.json runs and tells no folder."""
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
    return None if any(_TOLD.search(repository.text(name) or "") for name in configured) else found[1]


def _is_made(builder: Stage, folder: str) -> bool:
    """Whether a command speaks of the old folder, or a COPY brings it."""
    spoken = re.compile(rf"(?<![\w:.-]){folder}(?![\w.-])")
    commands = (command for run in builder.done_runs for command in run.commands if command.name not in NODE_MANAGERS)
    return any(spoken.search(str(command)) for command in commands)
