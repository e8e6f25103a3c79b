"""See copy_glob_flattens.md."""

import fnmatch
import posixpath
import re
from collections.abc import Iterator

from rules.api import (
    Category,
    Confidence,
    Copy,
    CopySource,
    DockerfileChange,
    Fix,
    Problem,
    Severity,
    Stage,
    quote,
    replace,
    rule,
    within,
)
from rules.base_image.moved.version_contracts import texts_near
from rules.dockerfile.nodes import is_dockerfile
from rules.model.filenames import is_pattern

_PATTERN = re.compile(r"[^*?\[$\"']+/\*{1,2}")
"""All entries of one folder: to COPY `**` is one `*` (BuildKit matches each name by Go's `filepath.Match`)."""
_ALL = re.compile(r"(?:\./)?\*{1,2}")
_SEVERAL = 2
_MANIFESTS = frozenset(
    "package.json pom.xml build.gradle build.gradle.kts Cargo.toml pyproject.toml requirements.txt go.mod "
    "composer.json Gemfile mix.exs".split()
)
"""Files that each part of a project has, and has once."""
_PROJECTS = re.compile(r"\*\.(?:cs|fs|vb|es)proj")
"""What a .NET solution names by folder and file."""
_SORTING = frozenset("mv mkdir for dirname basename find xargs cp install rsync".split())
"""Commands with which the files are put into their folders again."""


@rule(
    "copy-glob-flattens",
    severity=Severity.WARNING,
    category=Category.CORRECTNESS,
    keywords=("COPY", "ADD"),
    mentions=("*",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """COPY takes `*`, which empties every folder that it matches into the destination."""
    for stage in change.stages:
        for copy in stage.copies:
            for source in copy.sources if not _keeps_folders(copy) else ():
                text = source.word.text
                if _ALL.fullmatch(text):
                    if _came_over(change, copy):
                        continue  # with the context that it was written for
                    files = _files(change, copy)
                    if files is None or any("/" in name for name in files):
                        yield _problem(change, stage, copy, source, ".", certain=files is not None)
                elif _PATTERN.fullmatch(text) and (folders := _folders_in(_files(change, copy) or (), text)):
                    if _come_whole_below(stage, copy, text) and not _are_named(change, text, folders):
                        continue
                    yield _problem(change, stage, copy, source, text.rstrip("*"), certain=True)
                elif is_pattern(posixpath.dirname(text)) and "$" not in text:
                    yield from _from_many_folders(change, stage, copy, source)


def _files(change: DockerfileChange, copy: Copy) -> tuple[str, ...] | None:
    """Return the files that a COPY can take, as far as they can be known: ONBUILD copies out of another context."""
    return change.repository.context_files(change.path) if not copy.deferred else None


def _came_over(change: DockerfileChange, copy: Copy) -> bool:
    """Whether the line stood in another Dockerfile that the change deletes: a stage may keep the context of that."""
    then, now = change.repository_before, change.repository
    gone = (path for path in then.files if is_dockerfile(path) and now.exists(path) is False and path != change.path)
    return any(str(copy.instruction) == str(one) for path in gone for one in then.parsed(path).instructions)


def _folders_in(files: tuple[str, ...], text: str) -> frozenset[str]:
    """Return the folders among the entries of the folder that is matched."""
    folder = _folder_of(text) + "/"
    return frozenset(
        name[len(folder) :].split("/")[0] for name in files if name.startswith(folder) and "/" in name[len(folder) :]
    )


def _folder_of(text: str) -> str:
    return posixpath.normpath(text.rstrip("*").lstrip("/"))


def _come_whole_below(stage: Stage, copy: Copy, text: str) -> bool:
    """Whether a COPY further down brings the folder to the same place as it is: what is poured there is only left over.

    So does the Dockerfile that Rails makes: `COPY vendor/* ./vendor/` for gems, and `COPY . .` (rails/rails#53466).
    """
    if copy.destination is None:
        return False
    folder, place = posixpath.join("/", _folder_of(text)), posixpath.normpath(copy.destination)
    for put in stage.files.puts:
        brought = posixpath.normpath(posixpath.join("/", put.source))
        if put.kind == "context" and put.tree and put.step.at > copy.at and within(folder, brought):
            lands = posixpath.join(put.path, posixpath.relpath(folder, brought))
            if posixpath.normpath(lands) == place and put.step.stage is stage:
                return True
    return False


def _are_named(change: DockerfileChange, text: str, folders: frozenset[str]) -> bool:
    """Whether a manifest of the project names one of the folders: an install above that COPY looks for it."""
    texts = [read for _, read in texts_near(change, *sorted(_MANIFESTS))]
    return any(f"{_folder_of(text)}/{name}" in read for read in texts for name in folders)


def _from_many_folders(change: DockerfileChange, stage: Stage, copy: Copy, source: CopySource) -> Iterator[Problem]:
    """Yield a problem where a pattern takes files out of several folders that lie in one place then."""
    name = posixpath.basename(source.word.text.rstrip("/"))
    literal = copy.destination_word is not None and "*" in copy.destination_word.text
    found = _matched(change, copy, source)
    if found is not None and len({posixpath.dirname(path) for path in found}) < _SEVERAL:
        return
    if name in _MANIFESTS:
        effect = f"All are called {quote(name)}, so each overwrites the one before and one is left."
    elif _PROJECTS.fullmatch(name) and not _sorts(stage, copy):
        effect = "The solution, and the projects that refer to each other, name them by folder, and find none of them."
    elif literal:
        effect = "Files of one name overwrite one another."
    else:
        return
    if literal:
        effect = f"The `*` of a destination is no pattern, but the name of a folder. {effect}"
    yield Problem(
        source.word.span,
        f"{stage.label} copies {quote(source.word.text)}: a pattern keeps no folders, so the files of every folder "
        f"that it matches land side by side in {quote(copy.destination or '')}. {effect} Copy them one by one, or all "
        f"into {quote(_above(copy, source))} with `--parents`, which keeps their paths and came with Dockerfile 1.20.",
        Confidence.CERTAIN if literal else _confidence(stage, name, known=found is not None),
        doubt="it may match one folder only" if found is None else "a later command may sort them",
        instruction=copy.instruction,
        stage=stage.key,
        decision=f"folders of {name} into {_above(copy, source)}",
    )


def _above(copy: Copy, source: CopySource) -> str:
    """Return the folder that the whole paths of the files are to be put into, to end where the destination is."""
    fixed, folder = _folders_before_pattern(source.word.text), _folders_before_pattern(f"{copy.destination}/")
    written = _folders_before_pattern(f"{copy.destination_word.text}/") if copy.destination_word is not None else ""
    ends = fixed != "." and f"/{written}".endswith(f"/{fixed}")
    return posixpath.normpath(folder[: -len(fixed)]) if ends else folder


def _folders_before_pattern(path: str) -> str:
    return posixpath.normpath(posixpath.dirname(path.partition("*")[0]))


def _confidence(stage: Stage, name: str, *, known: bool) -> Confidence:
    """How sure it is that the folders are missed: one project of .NET alone is named by nothing."""
    if name in _MANIFESTS:
        return Confidence.CERTAIN if known else Confidence.LIKELY
    calls = [command for run in stage.runs for command in run.calls("dotnet") if command.subcommand == "restore"]
    named = any(".sln" in str(copy.instruction) for copy in stage.copies) or any(len(c.operands()) > 1 for c in calls)
    answered = any(command.after == "||" for command in calls)
    return Confidence.LIKELY if (known or named) and not answered else Confidence.POSSIBLE


def _matched(change: DockerfileChange, copy: Copy, source: CopySource) -> list[str] | None:
    """Return the files of the context that a pattern takes; `None` when they cannot be known."""
    files = _files(change, copy)
    path = copy.source_path(source)
    if files is None or path is None:
        return None
    parts = [re.compile(fnmatch.translate(part)) for part in path.split("/")]
    split = [(name, name.split("/")) for name in files]
    return [
        name
        for name, pieces in split
        if len(pieces) == len(parts) and all(part.match(piece) for part, piece in zip(parts, pieces, strict=True))
    ]


def _sorts(stage: Stage, copy: Copy) -> bool:
    """Whether a later command of the stage puts the files into their folders."""
    return any(run.at > copy.at and (not run.is_read or run.calls(*_SORTING)) for run in stage.runs)


def _problem(
    change: DockerfileChange, stage: Stage, copy: Copy, source: CopySource, instead: str, *, certain: bool
) -> Problem:
    edit = replace(change.source, source.word.span, instead)
    deep = " `**` is no more than `*` here, and goes no deeper." if source.word.text.endswith("**") else ""
    return Problem(
        source.word.span,
        f"{stage.label} copies {quote(source.word.text)}: each match is a source of its own, and of a folder "
        f"`COPY` takes the contents, not the folder.{deep} All sub-folders end up poured into one. Write "
        f"{quote(instead)} to keep them.",
        Confidence.CERTAIN if certain else Confidence.LIKELY,
        doubt="the folders of the build context are not known",
        instruction=copy.instruction,
        stage=stage.key,
        fix=Fix("Copy the folder itself", (edit,)) if len(copy.sources) == 1 else None,
    )


def _keeps_folders(copy: Copy) -> bool:
    return copy.has_flag("parents") or not copy.from_context
