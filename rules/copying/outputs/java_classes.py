"""Classes that a builder compiles for a newer Java than the stage that they are copied into."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, NamedTuple

from rules.lazily import once
from rules.model.work_folders import folder_of
from rules.numbers import number_of
from rules.packages.projects.files import context_folder, copied, in_repository
from rules.problem import Confidence, Problem
from rules.quoting import quote

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.change import DockerfileChange
    from rules.dockerfile.shell.script import Command
    from rules.model.stage import Stage
    from rules.model.steps import Copy, Run

_ARCHIVES = (".jar", ".war", ".ear", ".class")
_FOLDERS = frozenset({"target", "build", "classes"})
_NO_CLASSES = frozenset(
    "META-INF WEB-INF lib libs-snapshots dependencies snapshot-dependencies spring-boot-loader resources static "
    "reports site docs".split()
)
"""What lies beside the classes of a build: those of others, pages, settings."""
_TOOLS = {
    **dict.fromkeys(("mvn", "mvnw"), ("pom.xml",)),
    **dict.fromkeys(("gradle", "gradlew"), ("build.gradle.kts", "build.gradle")),
    "javac": (),
}
_GOALS = re.compile(
    r"(?:\s|:)(?:package|install|verify|compile|deploy|build|assemble|\w*[jJ]ar|\w*[wW]ar|\w*Dist|classes)\b"
)
"""Goals and tasks that compile; `dependency:go-offline` does not."""

_RELEASE = r"(?:1[._])?(\d+)(?![\d.])"
_ON_COMMAND = re.compile(
    r"(?:--release[ =]|-target |--target[ =]|-source "
    r"|-[DP][\w.-]{0,40}(?:release|target|source|java|jdk|jvm)[\w.-]{0,40}=)"
    rf"{_RELEASE}",
    re.IGNORECASE,
)
_IN_POM = re.compile(
    r"<(?:maven\.compiler\.(?:release|target)|release|target|[\w.-]{0,40}(?:java|jdk|jvm)[\w.-]{0,40})>"
    rf"\s{{0,99}}{_RELEASE}\s{{0,99}}</",
    re.IGNORECASE,
)
_IN_GRADLE = re.compile(
    r"(?:JavaLanguageVersion\.of\(|jvmToolchain\(|(?:target|source)Compatibility {0,9}=? {0,9}"
    r"|options\.release(?:\.set\(| {0,9}=) {0,9}"
    rf"|jvmTarget[\w.()]{{0,40}} {{0,9}}(?:=|\() {{0,9}})[\"']?(?:JavaVersion\.VERSION_|JvmTarget\.JVM_)?{_RELEASE}"
)
"""Where a build says which Java its classes are for (Maven Compiler Plugin; Gradle, "Toolchains for JVM projects")."""
_HAS_OTHERS = re.compile(r"<(?:modules|profiles)>|\b(?:subprojects|allprojects|project\()")
"""A project of several parts, of which each may say something else."""
_KOTLIN = re.compile(r"\bkotlin\([\"']jvm[\"']\)|\borg\.jetbrains\.kotlin\b")
"""Kotlin's plugin for the Java virtual machine, in a build of Gradle."""
_JAVA_PLUGIN = re.compile(
    r"\b(?:id|plugin:)[ (]*[\"'](?:java|application|war|groovy|scala|org\.springframework\.boot)\b"
    r"|^[ \t]*`?(?:java|application|war)(?:-library)?`?[ \t]*$",
    re.MULTILINE,
)
"""A plugin by which a Gradle project itself compiles Java (Gradle, "The Java Plugin"), or that brings it."""
_OWN_PLUGINS = ("buildSrc", "build-logic")
"""Folders in which a project has its own plugins (Gradle, "Sharing Build Logic between Subprojects")."""
_BRINGS_JAVA = re.compile(r"jre|jdk|jlink|graalvm|/java\b", re.IGNORECASE)


class _Compiled(NamedTuple):
    """A command that compiles, with what says for which Java.

    Attributes:
        command: The command.
        releases: The releases that it, or a file that was read, names; empty where none does.
        path: The file that was read; empty where none was.
        parted: Whether the file has parts that may say something else.
        by_default: Whether the compiler has a target of its own where none is named, or another file may name one.
    """

    command: Command
    releases: tuple[int, ...]
    path: str
    parted: bool
    by_default: bool = False


def java_mismatches(change: DockerfileChange, stage: Stage) -> Iterator[Problem]:
    """Yield a problem for each builder whose classes are too new for the stage, at the first COPY that takes some."""
    run = java_release(stage)
    if run is None or has_other_java(stage):
        return
    seen = set()
    for copy in stage.copies:
        builder = copy.from_stage
        if builder is None or copy.deferred or builder.index in seen or not any(map(_has_classes, _paths(copy))):
            continue
        seen.add(builder.index)
        made = java_release(builder)
        compiled = _compiled(change, builder) if made is not None and made > run else None
        if made is None or compiled is None or has_other_java(builder) or any(one <= run for one in compiled.releases):
            continue
        confidence = _confidence(change, stage, builder, compiled)
        if confidence is not None:
            yield _problem(copy, builder, compiled, (min(compiled.releases, default=made), run), confidence)


def java_release(stage: Stage) -> int | None:
    """Return the release of the Java that a base image brings, as its tag says."""
    version = stage.runtime.languages.get("java") or ""
    found = re.match(r"(?:1\.)?(\d+)", version)
    return number_of(found[1]) if found is not None else None


def has_other_java(stage: Stage) -> bool:
    """Tell whether something may bring another Java than the base image's, or the program needs none."""
    names = [item.name for item in stage.packages.present]
    names += [put.path for put in stage.files.puts if put.kind != "context" and not put.path.endswith(_ARCHIVES)]
    home = stage.image.env.get("JAVA_HOME")
    return any(map(_BRINGS_JAVA.search, names)) or (home is not None and home.set_in_file)


def _paths(copy: Copy) -> list[str]:
    paths = (copy.source_path(source) for source in copy.sources)
    return [path for path in paths if path is not None]


def _has_classes(path: str) -> bool:
    parts = path.strip("/").split("/")
    return path.endswith(_ARCHIVES) or (not _FOLDERS.isdisjoint(parts) and parts[-1] not in _NO_CLASSES)


def _compiled(change: DockerfileChange, builder: Stage) -> _Compiled | None:
    """Return the last command of a chain that compiles, where one of Maven, Gradle or `javac` does."""
    found = _compiling(builder)
    if found is None:
        return None
    run, command = found
    text = str(command)
    releases = [number_of(number) for number in _ON_COMMAND.findall(text)]
    path = _manifest(change, run, command) if not releases else None
    manifest = change.repository.text(path) if path is not None else None
    if path is not None and manifest is not None:
        pattern = _IN_POM if path.endswith(".xml") else _IN_GRADLE
        found_there = tuple(number_of(number) for number in pattern.findall(manifest))
        parted = _HAS_OTHERS.search(manifest) is not None
        open_ = path.endswith(".xml") or _KOTLIN.search(manifest) is not None or _is_of_others(change, path, manifest)
        return _Compiled(command, found_there, path, parted, open_)
    return _Compiled(command, tuple(releases), "", parted=False)


def _is_of_others(change: DockerfileChange, path: str, manifest: str) -> bool:
    """Whether another file may say how Gradle compiles: that of a part, or of plugins that the project has itself."""
    folder = posixpath.dirname(path)
    own = any(change.repository.exists(posixpath.join(folder, name)) for name in _OWN_PLUGINS)
    return own or _JAVA_PLUGIN.search(manifest) is None


def _manifest(change: DockerfileChange, run: Run, command: Command) -> str | None:
    """Return the repository's path of the file that says how a project is compiled, where it was read."""
    folder = folder_of(run, command)
    beside = context_folder(run, folder)
    for name in _TOOLS[command.name]:
        named = copied(run, name, folder) or (posixpath.join(beside, name) if beside is not None else None)
        if named is not None:
            known = in_repository(change, named)
            path = known if known is not None else posixpath.join(posixpath.dirname(change.path), named)
            if change.repository.text(path) is not None:
                return path
    return None


@once
def _compiling(builder: Stage) -> tuple[Run, Command] | None:
    for run in reversed(builder.done_runs):
        for command in reversed(run.commands):
            text = str(command)
            if command.name in _TOOLS and "native" not in text and (command.name == "javac" or _GOALS.search(text)):
                return run, command
    return None


def _confidence(change: DockerfileChange, stage: Stage, builder: Stage, compiled: _Compiled) -> Confidence | None:
    """How sure it is that the classes are for the builder's Java; `None` where they are likely not.

    Maven compiles for an old Java, or for its parent's, where a project names none, and so did Kotlin's plugin for
    Java 8 (kotlinlang.org, `jvmTarget`); Gradle and `javac` for their own.
    A builder that was raised by itself may go on compiling for the Java before, as a file that was not read may say.
    """
    if compiled.releases:
        return Confidence.LIKELY if compiled.parted or not compiled.path else Confidence.CERTAIN
    if compiled.command.name == "javac":
        return Confidence.CERTAIN
    if compiled.path:
        return None if compiled.by_default else Confidence.LIKELY
    was, was_builder = change.was(stage), change.was(builder)
    if was is None:
        return Confidence.POSSIBLE
    same = was_builder is not None and java_release(was_builder) == java_release(builder)
    return Confidence.LIKELY if same and java_release(was) != java_release(stage) else Confidence.POSSIBLE


def _problem(
    copy: Copy, builder: Stage, compiled: _Compiled, versions: tuple[int, int], confidence: Confidence
) -> Problem:
    made, run = versions
    stage = copy.stage
    asked = confidence is Confidence.POSSIBLE
    source = quote(compiled.path) if compiled.path else quote(compiled.command.name)
    says = f"{source} compiles for Java {made}" if not asked else f"Where {source} compiles for Java {made}"
    return Problem(
        copy.instruction.span,
        f"{stage.label} copies {quote(_paths(copy)[0])} out of {builder.label}, which has Java "
        f"{java_release(builder)}, and runs Java {run}. {says}{',' if asked else ':'} the start stops with "
        f"“UnsupportedClassVersionError”. Run Java {made}, or compile for {run}.",
        confidence,
        doubt="the project may compile for an older Java",
        instruction=copy.instruction,
        stage=stage.key,
        key="Java",
    )
