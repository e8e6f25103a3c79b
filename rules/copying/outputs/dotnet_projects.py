"""What the project of a `dotnet publish` says that it is made for, where the repository's file was read."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, NamedTuple

from rules.model.work_folders import folder_of
from rules.packages.projects.files import context_folder
from rules.repository.contexts import folders_around

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.change import DockerfileChange
    from rules.dockerfile.shell.script import Command
    from rules.model.steps import Run

_ENDINGS = (".csproj", ".fsproj", ".vbproj")
_TARGET = re.compile(r"<TargetFramework>\s{0,9}net(?:coreapp)?(\d+)\.\d+\s{0,9}</TargetFramework>")
_IS_OF_WEB = re.compile(
    r"Sdk=[\"']Microsoft\.NET\.Sdk\.Web[\"']|FrameworkReference +Include=[\"']Microsoft\.AspNetCore\.App[\"']"
)
_VALUED = (
    "-c", "--configuration", "-o", "--output", "-f", "--framework", "-r", "--runtime", "-a", "--arch", "--os", "-v",
    "--verbosity", "--version-suffix", "--manifest", "--source", "-s", "--property",
)  # fmt: skip
"""Options of `dotnet publish` whose value is the next word."""

_TAG = re.compile(r"<!--|<(?P<close>/?)(?P<name>\w+)(?P<attributes>[^<>]*)")
_UNSURE = frozenset({"When", "Otherwise", "Target"})
"""Elements whose content is under a condition, or only done by a target (MSBuild, "Choose element")."""
_REFERENCED = re.compile(r"\s+Include=\"([^\"$*;]+proj)\"\s*/?")

_IS_A_SETTING = re.compile(r"[/-]p:|(?:true|false)\Z", re.IGNORECASE)
"""What else stands among the operands: a property, and the value of `--self-contained`, which may have none."""


class Project(NamedTuple):
    """A project file.

    Attributes:
        path: In the repository.
        target: The major version of .NET that it is made for; `None` where it names none, or several.
        web: Whether it needs ASP.NET Core.
    """

    path: str
    target: str | None
    web: bool


def project_of(change: DockerfileChange, run: Run, command: Command) -> Project | None:
    """Return the project that a `dotnet publish` publishes; `None` where it is not known, or was not read."""
    path = _path(change, run, command)
    text = change.repository.text(path) if path is not None else None
    if path is None or text is None:
        return None
    targets = set(_TARGET.findall(text))
    return Project(path, targets.pop() if len(targets) == 1 else None, _IS_OF_WEB.search(text) is not None)


def references(text: str) -> list[str]:
    """Return the projects that a project file references under no condition, as it writes them."""
    found, unsure = list[str](), list[str]()
    for tag in _tags(text):
        name, attributes = tag["name"], tag["attributes"]
        if tag["close"]:
            if unsure[-1:] == [name]:
                unsure.pop()
        elif name == "ProjectReference":
            match = _REFERENCED.fullmatch(attributes)
            found += [match[1]] if match is not None and not unsure else []
        elif name in _UNSURE or (name == "ItemGroup" and "Condition" in attributes):
            unsure.append(name)
    return list(dict.fromkeys(found))


def _tags(text: str) -> Iterator[re.Match[str]]:
    """Yield the tags of an XML text, without those in its comments."""
    at = 0
    while (tag := _TAG.search(text, at)) is not None:
        if tag["name"] is not None:
            at = tag.end()
            yield tag
        elif (at := text.find("-->", tag.end())) < 0:
            return


def _path(change: DockerfileChange, run: Run, command: Command) -> str | None:
    """Return the repository's path of the file: the one that is named, or the only one of the folder."""
    operands = [word.value for word in command.operands(_VALUED)[1:] if not _IS_A_SETTING.match(word.value)]
    named = posixpath.normpath(operands[0]) if operands else ""
    if "$" in named or len(operands) > 1:
        return None
    projects = [path for path in change.repository.listing or change.repository.files if path.endswith(_ENDINGS)]
    if named.endswith(_ENDINGS):
        found = [path for path in projects if posixpath.basename(path) == posixpath.basename(named)]
        return found[0] if len(found) == 1 else None
    folder = folder_of(run, command)
    beside = context_folder(run, posixpath.normpath(posixpath.join(folder, named))) if folder is not None else None
    if beside is None:
        return None
    context = change.repository.context_of(change.path)
    contexts = folders_around(change.path) if context is None else [context]
    places = {posixpath.normpath(posixpath.join(one, beside)).removeprefix(".") for one in contexts}
    found = [path for path in projects if posixpath.dirname(path) in places]
    return found[0] if len(found) == 1 else None
