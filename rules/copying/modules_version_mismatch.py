"""See modules_version_mismatch.md."""

import posixpath
from collections.abc import Iterator
from typing import NamedTuple

from rules.api import (
    Category,
    Confidence,
    Copy,
    DockerfileChange,
    Problem,
    Severity,
    Stage,
    quote,
    rule,
    within,
)
from rules.copying.outputs.dotnet_targets import dotnet_mismatches
from rules.copying.outputs.java_classes import java_mismatches
from rules.copying.outputs.node_addons import fills_modules, installs_again
from rules.copying.python.install_places import ruby_place
from rules.facts.installers import NODE_MANAGERS
from rules.packages.projects.package_json import read_manifest
from rules.packages.projects.texts import manifest_text
from rules.quoting import listed

_ADDONS = frozenset(
    "better-sqlite3 better-sqlite3-multiple-ciphers gc-stats grpc heapdump iconv isolated-vm libxmljs libxmljs2 "
    "node-expat node-rdkafka node-sass nodegit posix re2 robotjs v8-profiler-next".split()
)
"""Packages that are compiled against one version of V8, and not against Node-API (their sources: nan, or v8.h)."""
_GEMS = "/usr/local/bundle"
_EXTENSIONS = "/usr/local/lib/php/extensions"


class Mismatch(NamedTuple):
    """Modules that are made for another version than the one that runs them.

    Attributes:
        what: How a message calls them.
        language: `Node`, `Ruby`, `PHP`.
        made: The version that they are made for.
        run: The version of the stage.
        effect: What happens.
        confidence: How sure it is.
        doubt: What is not known.
    """

    what: str
    language: str
    made: str
    run: str
    effect: str
    confidence: Confidence
    doubt: str = "not every package has compiled parts"


@rule(
    "modules-version-mismatch",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    keywords=("COPY",),
    mentions=("node", "ruby", "php", "java", "jre", "jdk", "temurin", "corretto", "tomcat", "jetty", "dotnet"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """Modules are copied into a stage with another version of Node, Ruby, PHP or .NET, or classes to an older Java."""
    for stage in change.stages:
        yield from java_mismatches(change, stage)
        yield from dotnet_mismatches(change, stage)
        for copy in stage.copies:
            if copy.from_stage is None or copy.deferred:
                continue
            paths = [path for source in copy.sources if (path := copy.source_path(source)) not in (None, "/")]
            found = next((one for path in paths if path and (one := _mismatch(change, stage, copy, path))), None)
            if found is not None:
                yield _problem(stage, copy, copy.from_stage, found)


def _mismatch(change: DockerfileChange, stage: Stage, copy: Copy, path: str) -> Mismatch | None:
    assert copy.from_stage is not None
    builder = copy.from_stage
    return _node(change, stage, builder, path) or _ruby(stage, builder, path) or _php(stage, builder, path)


def _versions(stage: Stage, builder: Stage, language: str, parts: int) -> tuple[str, str] | None:
    """Return the builder's and the stage's version of a language where they differ in their first parts."""
    found = [one.runtime.languages.get(language) for one in (builder, stage)]
    made, run = (".".join(version.split(".")[:parts]) if version else "" for version in found)
    whole = made.count(".") == run.count(".") == parts - 1
    return (made, run) if made and run and made != run and whole else None


def _node(change: DockerfileChange, stage: Stage, builder: Stage, path: str) -> Mismatch | None:
    versions = _versions(stage, builder, "node", 1)
    if versions is None or installs_again(stage, NODE_MANAGERS):
        return None
    install = next((pair for pair in builder.packages.calls if fills_modules(path, *pair)), None)
    text = manifest_text(change, *install) if install is not None else None
    addons = _addons(text) if text is not None else ()
    if install is None or (text is not None and not addons):
        return None
    named = listed(map(quote, addons), 3) if addons else ""
    verb = "do" if len(addons) > 1 else "does"
    effect = (
        f"{named or 'An add-on that is compiled, such as `better-sqlite3`,'} {verb} not load: “was compiled against a "
    )
    return Mismatch(
        quote(path),
        "Node",
        *versions,
        f"{effect}different Node.js version”",
        Confidence.LIKELY if addons else Confidence.POSSIBLE,
    )


def _addons(text: str) -> tuple[str, ...]:
    """Return the packages of a `package.json` that are compiled for one version of Node."""
    read = read_manifest(text)
    if read is None:
        return ()
    return tuple(
        name for part in ("dependencies", "optionalDependencies") for name in read.table(part) if name in _ADDONS
    )


def _ruby(stage: Stage, builder: Stage, path: str) -> Mismatch | None:
    versions = _versions(stage, builder, "ruby", 2)
    if versions is None or installs_again(stage, frozenset({"bundle", "gem"})):
        return None
    place = ruby_place(builder)
    bundled = any(call.manager == "bundle" and call.action == "install" for _, call in builder.packages.calls)
    if place is None and path == _GEMS and bundled:
        effect = "Gems with compiled parts do not load: “its extensions are not built”"
        return Mismatch(quote(path), "Ruby", *versions, effect, Confidence.LIKELY)
    if place is None or not within(place.path, path):
        return None
    below = posixpath.join("ruby", f"{versions[0]}.0")
    effect = f"Its gems lie in {quote(below)}, where Ruby {versions[1]} does not look"
    return Mismatch(quote(place.path), "Ruby", *versions, effect, Confidence.LIKELY, "a script may install them again")


def _php(stage: Stage, builder: Stage, path: str) -> Mismatch | None:
    versions = _versions(stage, builder, "php", 2)
    if versions is None or not (within(path, _EXTENSIONS) or path == posixpath.dirname(_EXTENSIONS)):
        return None
    effect = f"PHP {versions[1]} looks for its extensions in another folder, and refuses those of another version"
    return Mismatch(quote(path), "PHP", *versions, effect, Confidence.CERTAIN)


def _problem(stage: Stage, copy: Copy, builder: Stage, found: Mismatch) -> Problem:
    asked = found.confidence is Confidence.POSSIBLE
    way_out = "Is nothing of that kind among them?" if asked else "Use one version in both stages, or install here."
    return Problem(
        copy.instruction.span,
        f"{stage.label} copies {found.what} out of {builder.label}, which has {found.language} {found.made}, and runs "
        f"{found.language} {found.run}. {found.effect}. {way_out}",
        found.confidence,
        doubt=found.doubt,
        instruction=copy.instruction,
        stage=stage.key,
        key=found.language,
    )
