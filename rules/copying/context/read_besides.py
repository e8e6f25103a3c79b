"""Files that a RUN reads because another file of the project, which is there, points to them."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, NamedTuple

from rules.api import Confidence, Problem, outcome_of_failure, quote
from rules.copying.installs.calls import install_folder, installs_in
from rules.copying.installs.lifecycle import missing_for_script, wanted_by_scripts
from rules.copying.installs.manifests import included
from rules.copying.outputs.cargo_targets import targets
from rules.copying.python.build_inputs import Input, inputs_of
from rules.copying.python.builds import ProjectBuild, project_builds
from rules.copying.source_trees.brought_above import holds_folders, is_brought, is_spoken_of
from rules.model.filenames import is_pattern
from rules.model.work_folders import folder_of
from rules.packages.developers.parts import read_toml, table
from rules.packages.projects.files import context_folder, copied, in_repository
from rules.packages.projects.package_json import Manifest, read_manifest
from rules.packages.projects.texts import manifest_text, text_in_image
from rules.quoting import listed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.api import Command, DockerfileChange, Run, Stage

_WRAPPERS = {
    "mvnw": ".mvn/wrapper/maven-wrapper.properties",
    "gradlew": "gradle/wrapper/gradle-wrapper.properties",
}
"""Scripts that fetch a build tool, with the file beside them that says which (their own texts)."""
_REPLACED = re.compile(r"^[ \t]*(?:replace[ \t]+)?(\S+)(?:[ \t]+v\S+)?[ \t]+=>[ \t]+(\.{1,2}/[^\s/]\S*)", re.MULTILINE)
"""A module that go.mod takes from a folder beside it (Go Modules Reference, "replace directive")."""
_REQUIRED = re.compile(r"^[ \t]*(?:require[ \t]+)?(\S+)[ \t]+v\d\S*[ \t]*(?://.*)?$", re.MULTILINE)
"""A module that go.mod requires: without that a replacement has no effect (Go Modules Reference, "replace directive").

A dependency may require it as well, but since Go 1.17 go.mod names each module that takes part in the build.
"""
_CARGO = frozenset({"build", "check", "fetch", "run", "test"})
_OF_PHP = re.compile(r"^@php[ \t]+([\w./-]+)")
_AFTER_INSTALL = ("post-install-cmd", "post-autoload-dump")
"""Scripts that Composer runs at the end of an install (its documentation, "Scripts", "Command Events")."""


class Pointed(NamedTuple):
    """A file that another one of the project points to.

    Attributes:
        command: What reads both.
        fact: Which file points to it, and how: "`go.mod` replaces `example.com/a` by `./a`".
        name: Relative to the file that points to it.
        path: In the image, absolute.
        beside: The folder of the context that the pointing file lies in.
        way_out: What to do, where copying the file by itself is not it.
    """

    command: Command
    fact: str
    name: str
    path: str
    beside: str
    way_out: str = ""


def missing_besides(change: DockerfileChange, stage: Stage, run: Run) -> Iterator[tuple[str, Problem]]:
    """Yield the files that a RUN reads without naming them and that nothing has brought, with what to say of each."""
    for wanted in wanted_by_scripts(change, run):
        if not is_brought(stage, run, wanted.path):
            yield wanted.path, missing_for_script(stage, run, wanted)
    for pointed in _pointed(change, run):
        there = _exists(change, pointed.beside, pointed.name)
        caught = pointed.command.conditional or outcome_of_failure(run, pointed.command) == "caught"
        if there and not caught and not is_brought(stage, run, pointed.path):
            yield pointed.path, _problem(stage, run, pointed)


def _pointed(change: DockerfileChange, run: Run) -> Iterator[Pointed]:
    yield from _of_wrappers(run)
    yield from _of_requirements(change, run)
    yield from _of_projects(change, run)
    for call in run.package_calls:
        folder = install_folder(run, call)
        if folder is None or call.packages or call.global_:
            continue
        if call.manager == "go":
            yield from _replaced(change, run, call.command, folder)
        elif call.manager == "cargo" and call.verb in _CARGO and not call.has("--manifest-path", "-C"):
            yield from _members(change, run, call.command, folder)
            yield from _targets(change, run, call.command, folder)
        elif call.manager == "pnpm" and call.project and call.action == "install":
            text = manifest_text(change, run, call)
            patches = (read_manifest(text) or _EMPTY).table("pnpm").get("patchedDependencies")
            names = [name for name in patches.values() if isinstance(name, str)] if isinstance(patches, dict) else []
            beside = place_beside(run, "package.json", folder)
            yield from (_of(call.command, "`package.json` patches a package with", n, folder, beside) for n in names)
        elif call.manager == "composer" and call.project and call.action == "install" and not call.has("--no-scripts"):
            skipped = "post-autoload-dump" if call.has("--no-autoloader") else ""
            beside = place_beside(run, "composer.json", folder)
            for event, name in _php_scripts(manifest_text(change, run, call)):
                if event != skipped:
                    fact = f"{quote(event)} of `composer.json`, which runs at its end, starts"
                    yield _of(call.command, fact, name, folder, beside)._replace(way_out=_SOURCES_FIRST)


_SOURCES_FIRST = (
    "Install with `--no-scripts --no-autoloader`, and write the autoloader with `composer dump-autoload` below the "
    "sources."
)
_EMPTY = Manifest({})


def _of(command: Command, fact: str, name: str, folder: str, beside: str) -> Pointed:
    return Pointed(command, f"{fact} {quote(name)}", name, posixpath.normpath(posixpath.join(folder, name)), beside)


def place_beside(run: Run, name: str, folder: str) -> str:
    """Return the folder of the context that a file of a folder in the image was taken from."""
    named = copied(run, name, folder)
    return posixpath.dirname(named) if named is not None else context_folder(run, folder) or ""


def _of_wrappers(run: Run) -> Iterator[Pointed]:
    for command in run.commands:
        program = command.called
        name = _WRAPPERS.get(posixpath.basename(program)) if "/" in program else None
        folder = folder_of(run, command) if name is not None else None
        if name is None or (folder is None and not program.startswith("/")):
            continue
        place = posixpath.normpath(posixpath.join(folder or "/", posixpath.dirname(program)))
        beside = place_beside(run, posixpath.basename(program), place)
        yield _of(command, f"{quote(posixpath.basename(program))} reads", name, place, beside)


def _of_requirements(change: DockerfileChange, run: Run) -> Iterator[Pointed]:
    for install in installs_in(run):
        manifest = install.manifests[0]
        if install.call.manager not in ("pip", "uv") or not manifest.startswith("/"):
            continue
        folder, name = posixpath.split(manifest)
        beside = place_beside(run, name, folder)
        for inner in included(change, beside, name):
            yield _of(install.call.command, f"{quote(name)} includes", inner, folder, beside)


def _of_projects(change: DockerfileChange, run: Run) -> Iterator[Pointed]:
    """Yield what the build of a Python project stops without, and nothing above brings: the first, with all to copy."""
    for build in project_builds(run):
        text = text_in_image(change, run, posixpath.join(build.folder, "pyproject.toml")) or ""
        beside = place_beside(run, "pyproject.toml", build.folder)
        lacking = [
            (wanted, name) for wanted in inputs_of(text) if (name := _lacking(change, run, build, wanted, beside))
        ]
        if lacking:
            first, name = lacking[0]
            every = list(dict.fromkeys(quote(name.partition("/")[0]) for _, name in lacking))
            otherwise = f", or install without the project here ({quote(build.without)})" if build.without else ""
            way_out = f"Copy {listed(every, len(every))} in first{otherwise}."
            yield _of(build.command, first.fact, name, build.folder, beside)._replace(way_out=way_out)


def _lacking(change: DockerfileChange, run: Run, build: ProjectBuild, wanted: Input, beside: str) -> str | None:
    """Return what the repository has of something that a build reads, where nothing above brings it, or may make it."""
    there = next((name for name in wanted.paths if _exists(change, beside, name)), None)
    if there is None or is_spoken_of(run, build.command, "pyproject.toml", posixpath.basename(there)):
        return None
    if wanted.in_any_folder and holds_folders(run, build.folder):
        return None
    paths = (posixpath.join(build.folder, name) for name in wanted.paths)
    return there if not any(is_brought(run.stage, run, path) for path in paths) else None


def _replaced(change: DockerfileChange, run: Run, command: Command, folder: str) -> Iterator[Pointed]:
    text = text_in_image(change, run, posixpath.join(folder, "go.mod")) or ""
    required = frozenset(_REQUIRED.findall(text))  # of what nothing requires a replacement is not looked at
    for module, target in (pair for pair in _REPLACED.findall(text) if pair[0] in required):
        fact = f"`go.mod` replaces {quote(module)} by what {quote(target)} holds, so it reads"
        yield _of(
            command,
            fact,
            posixpath.join(posixpath.normpath(target), "go.mod"),
            folder,
            place_beside(run, "go.mod", folder),
        )


def _members(change: DockerfileChange, run: Run, command: Command, folder: str) -> Iterator[Pointed]:
    """Yield the manifests of a workspace's members, which Cargo reads all, whichever package it is to build.

    Of a pattern it takes what there is (The Cargo Book, "Workspaces").
    """
    for path in _manifests(change, run, folder)[1:]:
        if not is_spoken_of(run, command, posixpath.basename(posixpath.dirname(path)), "Cargo.toml"):
            yield _of(command, "`Cargo.toml` has the member", path, folder, place_beside(run, "Cargo.toml", folder))


def _manifests(change: DockerfileChange, run: Run, folder: str) -> list[str]:
    """Return the manifest of a folder, and those of the workspace's members that it names, relative to it."""
    text = text_in_image(change, run, posixpath.join(folder, "Cargo.toml"))
    members = table(read_toml(text or ""), "workspace").get("members")
    named = (one for one in members if isinstance(one, str)) if isinstance(members, list) else ()
    plain = (one for one in named if not is_pattern(one))
    return list(
        dict.fromkeys(("Cargo.toml", *(posixpath.normpath(posixpath.join(one, "Cargo.toml")) for one in plain)))
    )


def _targets(change: DockerfileChange, run: Run, command: Command, folder: str) -> Iterator[Pointed]:
    """Yield the first target of which Cargo finds no file: it stops at the manifest, whatever it is to build."""
    for manifest in _manifests(change, run, folder):
        place = posixpath.dirname(posixpath.join(folder, manifest))
        beside = place_beside(run, "Cargo.toml", place)
        for target in targets(text_in_image(change, run, posixpath.join(place, "Cargo.toml")) or ""):
            if any(is_brought(run.stage, run, posixpath.join(place, name)) for name in target.files):
                continue
            if is_spoken_of(run, command, target.name or "lib", "Cargo.toml"):
                continue
            real = next((name for name in target.files if _exists(change, beside, name)), None)
            if real is not None:
                what = f"{target.heading} {target.name}".rstrip()
                fact = f"{quote(manifest)} names {quote(what)}, so Cargo wants"
                found = _of(command, fact, real, place, beside)
                folder_there = posixpath.join(beside, posixpath.dirname(real))
                yield found._replace(way_out=f"Make an empty one there too, or copy {quote(folder_there)} in first.")
                return


def _exists(change: DockerfileChange, beside: str, name: str) -> bool:
    place = in_repository(change, posixpath.normpath(posixpath.join(beside, name)))
    return place is not None and change.repository.exists(place) is True


def _php_scripts(text: str | None) -> Iterator[tuple[str, str]]:
    """Yield the files that a composer.json has PHP run when an install ends, with the event."""
    scripts = (read_manifest(text) or _EMPTY).table("scripts")
    for event in _AFTER_INSTALL:
        lines = scripts.get(event)
        for line in lines if isinstance(lines, list) else [lines]:
            match = _OF_PHP.match(line) if isinstance(line, str) else None
            if match is not None and not match[1].startswith(("/", "vendor/")):
                yield event, match[1]


def _problem(stage: Stage, run: Run, pointed: Pointed) -> Problem:
    first = pointed.name.split("/", maxsplit=1)[0]
    what = posixpath.dirname(pointed.name) if first == ".." else first
    return Problem(
        pointed.command.span,
        f"{stage.label} runs {quote(str(pointed.command))}, and {pointed.fact}. No instruction above brings that to "
        f"{quote(pointed.path)}: the build stops here. "
        f"{pointed.way_out or f'Copy {quote(what)} in first.'}",
        Confidence.LIKELY,
        doubt="an earlier command may make the file",
        instruction=run.instruction,
        stage=stage.key,
        key=pointed.name,
    )
