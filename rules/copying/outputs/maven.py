"""The archive that Maven makes of a project, by what its pom.xml says."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from rules.copying.context.possibly_there import runs_script
from rules.copying.stages.gone_paths import Gone
from rules.model.work_folders import folder_of
from rules.packages.projects.texts import text_in_image
from rules.quoting import quote

if TYPE_CHECKING:
    from rules.change import DockerfileChange
    from rules.dockerfile.shell.script import Command
    from rules.model.stage import Stage
    from rules.model.steps import Run

_ARCHIVE = re.compile(r"(?P<folder>/.*)/target/(?P<name>[^/*?\[$]+\.(?:jar|war))")
_MAKES = re.compile(r"(?:^|[\s:])(?:package|verify|install|deploy)(?=\s|$)")
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_PARENT = re.compile(r"<parent>(.*?)</parent>", re.DOTALL)
_INNER = re.compile(
    r"<(dependencies|dependencyManagement|build|profiles|properties|repositories|pluginRepositories|reporting"
    r"|distributionManagement|licenses|developers|contributors|scm|modules)>.*?</\1>",
    re.DOTALL,
)
"""Elements of a project that have names and versions of others within them (Maven, "POM Reference")."""
_OTHERWISE = re.compile(
    r"<(?:outputFile|classifier|appendAssemblyId|shadedArtifact\w*|outputDirectory|destFileName|outjar|modules|directory)>|<copy\b|<groupId>io\.quarkus"
)
"""Settings by which a build makes archives of other names, or elsewhere."""
_ON_COMMAND = re.compile(
    r"-D\S*(?:finalName|revision|version|classifier|outputDirectory)|versions:set|-P|--activate-profiles"
)
_NAMES_NOTHING = "<artifactId>spring-boot-starter-parent</artifactId>"
"""The parent that most projects have, which sets no `finalName`; that of another one would be inherited."""
_LONGEST = 200_000
"""Characters; nobody's own project file is longer."""
_PLUGINS = re.compile(r"<plugins>.*?</plugins>", re.DOTALL)
"""What plugins are told: a `finalName` there is of what they make besides."""
_NAMED = re.compile(r"<finalName>([^<]*)</finalName>")


def other_archive(change: DockerfileChange, builder: Stage, path: str) -> Gone | None:
    """Say that Maven gives the project's archive another name than the one that is copied."""
    wanted = _ARCHIVE.fullmatch(path)
    if wanted is None or any(wanted["name"] in str(command) for run in builder.done_runs for command in run.commands):
        return None
    if _is_versioned_elsewhere(change, builder):
        return None
    for run in builder.done_runs:
        for command in run.calls("mvn", "mvnw"):
            made = _made(change, run, command, wanted["folder"], wanted["name"])
            if made is None:
                continue
            name, stem = made
            if wanted["name"].startswith(stem):
                return None  # the same, or one beside it: `-sources`, `-jar-with-dependencies`
            place = posixpath.join(wanted["folder"], "target", name)
            return Gone(f"By the project's `pom.xml` the build makes {quote(name)} there.", place)
    return None


def _is_versioned_elsewhere(change: DockerfileChange, builder: Stage) -> bool:
    """Whether Maven takes more than the pom.xml says, or something may edit it, or name the archive anew.

    `.mvn` may hold options and extensions that give the version ("Configuring Apache Maven"); a script, and a `mv` to
    what a variable names, may do the rest.
    """
    settings = (".mvn/extensions.xml", ".mvn/maven.config", ".mvn/jvm.config")
    listing = change.repository.listing or {}
    if any(name.endswith(settings) for name in (*listing, *change.repository.files)):
        return True
    commands = [command for run in builder.done_runs for command in run.commands]
    edits = any("pom.xml" in str(one) and one.name not in ("mvn", "mvnw") for one in commands)
    moves = any(one.name in ("mv", "cp", "ln") and "$" in str(one) for one in commands)
    sets = any(_ON_COMMAND.search(str(one)) for one in commands if one.name in ("mvn", "mvnw"))
    return edits or moves or sets or any(runs_script(one) for one in commands)


def _made(change: DockerfileChange, run: Run, command: Command, folder: str, wanted: str) -> tuple[str, str] | None:
    """Return what a command makes in `target` of a folder, and how the names of all that it makes begin."""
    words = " ".join(word.value for word in command.args)
    elsewhere = command.has("-f", "--file", "-pl", "--projects") or _ON_COMMAND.search(words) is not None
    if elsewhere or command.conditional or not _MAKES.search(words) or folder_of(run, command) != folder:
        return None
    text = text_in_image(change, run, posixpath.join(folder, "pom.xml"))
    return archive_of(text) if text is not None and wanted not in text else None


def archive_of(text: str) -> tuple[str, str] | None:
    """Return the name of the archive that a pom.xml makes, and without its ending; `None` where that is not sure.

    Maven names it `${artifactId}-${version}`, or as `build.finalName` says; a version that the project does not state
    is its parent's ("POM Reference", "The BaseBuild Element Set" and "Inheritance").
    """
    if len(text) > _LONGEST:
        return None
    text = _COMMENT.sub("", text)
    if _OTHERWISE.search(text):
        return None
    parent = _PARENT.search(text)
    own = _INNER.sub("", _PARENT.sub("", text))
    packaging = _value(own, "packaging") or "jar"
    named = _NAMED.findall(text)
    stem = named[0].strip() if len(named) == 1 and _NAMED.search(_PLUGINS.sub("", text)) else ""
    if not named and parent is not None and _NAMES_NOTHING not in parent[1]:
        return None
    if not named:
        inherited = _value(parent[1], "version") if parent is not None else ""
        artifact, version = _value(own, "artifactId"), _value(own, "version") or inherited
        stem = f"{artifact}-{version}" if artifact and version else ""
    if not stem or "$" in stem or packaging not in ("jar", "war"):
        return None
    return f"{stem}.{packaging}", stem


def _value(text: str, element: str) -> str:
    found = re.search(rf"<{element}>\s*([^<]*?)\s*</{element}>", text)
    return found[1] if found is not None else ""
