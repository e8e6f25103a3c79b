"""Whether a project's file that asks for a version is the one that counts in a stage."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from rules.base_image.moved.version_contracts import manifest_names

if TYPE_CHECKING:
    from rules.change import DockerfileChange
    from rules.model.stage import Stage

_HEEDED_BY_UV = ".python-version"


def counts_in(change: DockerfileChange, stage: Stage, language: str, path: str) -> bool:
    """Tell whether what a file asks for matters in a stage.

    A file of the root does not where the stage takes another folder alone, which has a manifest of its own; and uv
    takes the Python that `.python-version` names in place of the image's, and fetches it (docs.astral.sh/uv, "Python
    versions").

    Args:
        change: The change.
        stage: Whose base image gives the language.
        language: Which.
        path: The file.
    """
    if posixpath.basename(path) == _HEEDED_BY_UV and _runs_uv(stage):
        return False
    sources = _sources(change, stage)
    folder = posixpath.dirname(path)
    if any(_is_in(folder, source) or source == path for source in sources):
        return True
    repository, names = change.repository, manifest_names(language)
    homes = {home for source in sources for home in (source, posixpath.dirname(source)) if home}
    return not any(repository.exists(posixpath.join(home, name)) for home in homes for name in names)


def _sources(change: DockerfileChange, stage: Stage) -> set[str]:
    """The files and folders of the repository that a stage takes, `` for its root."""
    context = change.repository.context_of(change.path) or ""
    found = set()
    for copy in stage.all_copies:
        for source in copy.sources if copy.from_context else ():
            place = copy.source_path(source)
            if place is not None:
                found.add(posixpath.normpath(posixpath.join(context, place)).removeprefix("."))
    return found


def _is_in(folder: str, source: str) -> bool:
    return not source or folder == source or folder.startswith(f"{source}/")


def _runs_uv(stage: Stage) -> bool:
    starts = (start.value.words for start in stage.image.start_command if start.value)
    return any(run.calls("uv") for run in stage.done_runs) or any("uv" in words[:1] for words in starts)
