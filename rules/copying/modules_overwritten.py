"""See modules_overwritten.md."""

import posixpath
from bisect import bisect_right
from collections.abc import Iterator, Mapping

from rules.api import (
    Category,
    Confidence,
    Copy,
    DockerfileChange,
    Fix,
    Problem,
    Severity,
    Stage,
    once,
    quote,
    rule,
)
from rules.copying.context.modules_let_in import MODULES, LetIn, fills_modules, is_known, last_maker, let_in
from rules.copying.installs.calls import Install, installs_in
from rules.packages.projects.files import copied


@rule(
    "modules-overwritten",
    severity=Severity.WARNING,
    category=Category.CORRECTNESS,
    keywords=("COPY", "ADD"),
    mentions=("install", "ci", "npm", "yarn", "bun"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A COPY below an install brings the `node_modules` of whoever builds over those that were installed."""
    if change.is_for_developers or not is_known(change):
        return
    needed = change.after.needed_by_shipped
    for stage in change.stages:
        if stage.index not in needed:
            continue
        for install in _installs(stage):
            found = _over(change, stage, install)
            modules = let_in(change, found[1]) if found is not None else None
            if found is not None and modules is not None:
                yield _problem(change, modules, install, found[0])
                break


def _installs(stage: Stage) -> Iterator[Install]:
    """Yield the installs that fill a folder of their own, whose manifest is copied by name before the sources."""
    for run in stage.runs:
        for install in installs_in(run):
            if fills_modules(install):
                yield install


def _over(change: DockerfileChange, stage: Stage, install: Install) -> tuple[Copy, str] | None:
    """Return the COPY below an install that brings the project's folder over it, and the context path of the modules.

    An install below the COPY, or a deletion, makes them anew.
    """
    manifest = copied(install.run, "package.json", install.folder)
    if manifest is None or install.folder is None or not _lies_in_context(change, manifest):
        return None
    project = posixpath.dirname(manifest)
    for place in _places(install.folder, project):
        copies = _landings(stage).get(place, [])
        at = bisect_right(copies, install.run.at, key=lambda copy: copy.at)
        if at < len(copies):
            again = last_maker(stage) > copies[at].at
            return None if again else (copies[at], posixpath.join(project, MODULES))
    return None


def _places(folder: str, project: str) -> Iterator[tuple[str, str]]:
    """Yield where a COPY of the project, or of a folder above it, has to land to fill the folder of an install."""
    target, source = folder, project or "."
    yield target.rstrip("/"), source
    while posixpath.basename(target) and posixpath.basename(target) == posixpath.basename(source):
        target, source = posixpath.dirname(target), posixpath.dirname(source) or "."
        yield target.rstrip("/"), source


@once
def _landings(stage: Stage) -> Mapping[tuple[str, str], list[Copy]]:
    """Return the COPYs of whole folders of the context by where they land and what they take, in order."""
    found: dict[tuple[str, str], list[Copy]] = {}
    for copy in stage.copies:
        partly = copy.instruction.flag("exclude") is not None or copy.has_flag("parents")
        if not copy.from_context or copy.deferred or partly:
            continue
        for source in copy.sources:
            path, target = copy.source_path(source), copy.target_of(source)
            if path is not None and target is not None and not source.has_wildcard:
                found.setdefault((target.rstrip("/"), path), []).append(copy)
    return found


def _lies_in_context(change: DockerfileChange, manifest: str) -> bool:
    """Whether the manifest is where the context is taken to be: a Dockerfile in a folder may be built from another."""
    context = change.repository.context_of(change.path) or ""
    exists = change.repository.exists(posixpath.join(context, manifest))
    return exists is True or (exists is None and not context)


def _problem(change: DockerfileChange, modules: LetIn, install: Install, copy: Copy) -> Problem:
    ignore = modules.ignore
    lines = ignore.patterns.patterns if ignore is not None else ()
    if ignore is None:
        context = change.repository.context_of(change.path) or ""
        gate = f"there is no {quote(posixpath.join(context, '.dockerignore'))}"
    elif modules.pattern != MODULES and any(line.text == MODULES and not line.negated for line in lines):
        gate = f"{quote(MODULES)} in {quote(ignore.path)} means the one in the context's root alone"
    else:
        gate = f"{quote(ignore.path)} lets it in"
    return Problem(
        copy.instruction.span,
        f"{copy.stage.label} installs into {quote(posixpath.join(install.folder or '', MODULES))} (line "
        f"{install.call.command.line}), and this {quote(copy.instruction.keyword)} brings {quote(modules.path)} of "
        f"whoever builds over it: {gate}. What was made for another system or release is then used here. "
        f"Add {quote(modules.pattern)} to {'that file' if ignore is not None else 'such a file'}.",
        Confidence.LIKELY,
        doubt="it may not lie there where the image is built",
        instruction=copy.instruction,
        stage=copy.stage.key,
        fix=Fix("Keep it out of the build", (ignore.append(modules.pattern),)) if ignore is not None else None,
    )
