"""Folders that a project's bundler no longer writes to, because the change took another bundler."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from rules.copying.gone_paths import Gone
from rules.facts.installers import NODE_MANAGERS
from rules.model.puts import within
from rules.packages.package_json import read_manifest
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
