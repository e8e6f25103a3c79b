"""The archive that Gradle makes of a project, by the version that its build script says before and after a change."""

from __future__ import annotations

import posixpath
import re
from dataclasses import replace
from typing import TYPE_CHECKING

from rules.copying.stages.gone_paths import Gone
from rules.model.work_folders import folder_of
from rules.packages.projects.texts import text_in_image
from rules.quoting import quote

if TYPE_CHECKING:
    from rules.change import DockerfileChange
    from rules.model.stage import Stage
    from rules.model.steps import Run

_ARCHIVE = re.compile(r"(?P<folder>/.*)/build/libs/(?P<stem>[^/*?\[$]+?)-(?P<version>\d[\w.-]*)(?P<ending>\.[jw]ar)")
_SCRIPTS = ("build.gradle.kts", "build.gradle", "gradle.properties")
_VERSION = re.compile(r"(?m)^[ \t]*(?:project\.)?version[ \t]*=?[ \t]*[\"']?([\w.-]+)[\"']?[ \t]*$")
_CLASSIFIER = re.compile(r"[a-z]+")
"""What a name has behind the version: `all` of the plugin Shadow, `plain` of Spring Boot's."""
_NAMED_OTHERWISE = re.compile(r"archive(?:FileName|BaseName|Version|Classifier|Name)\b|\bfinalName\b")
"""What gives an archive another name than the project's, its version and its ending (Gradle, "Archive naming")."""


def renamed_archive(change: DockerfileChange, builder: Stage, path: str) -> Gone | None:
    """Say that Gradle names the archive that is copied by another version since the change."""
    wanted = _ARCHIVE.fullmatch(path)
    if wanted is None or change.before is None:
        return None
    commands = [(run, command) for run in builder.done_runs for command in run.commands]
    if any("version" in str(command).lower() or wanted["stem"] in str(command) for _, command in commands):
        return None  # `-Pversion=…`, or a command that gives the archive its name
    for run, command in commands:
        if command.name not in ("gradle", "gradlew") or folder_of(run, command) != wanted["folder"]:
            continue
        then = _version(replace(change, repository=change.repository_before), run, wanted["folder"])
        now = _version(change, run, wanted["folder"])
        if then is None or now is None or now[1] == then[1]:
            return None
        version, _, classifier = wanted["version"].partition(f"{then[1]}-")
        if wanted["version"] != then[1] and (version or not _CLASSIFIER.fullmatch(classifier)):
            return None
        name = f"{wanted['stem']}-{now[1]}{f'-{classifier}' if classifier else ''}{wanted['ending']}"
        why = f"{quote(now[0])} says version {now[1]} since this change, and the build makes {quote(name)} there."
        return Gone(why, posixpath.join(posixpath.dirname(path), name))
    return None


def _version(change: DockerfileChange, run: Run, folder: str) -> tuple[str, str] | None:
    """Return the file that says a project's version, and the version; `None` where that is not sure."""
    texts = {name: text_in_image(change, run, posixpath.join(folder, name)) for name in _SCRIPTS}
    known = {name: text for name, text in texts.items() if text is not None}
    found = [(name, version) for name, text in known.items() for version in _VERSION.findall(text)]
    plain = len(found) == 1 and not any(map(_NAMED_OTHERWISE.search, known.values()))
    return found[0] if plain else None
