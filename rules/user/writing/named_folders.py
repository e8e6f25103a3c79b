"""Folders that a variable of the environment names for the program, and that nothing makes: root alone can."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from rules.model.filenames import names_a_file
from rules.model.puts import within, within_any
from rules.user.owners.named import STATE_FOLDERS
from rules.user.owners.ownership import access
from rules.user.volume_not_owned import SYSTEM_FOLDERS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.model.stage import Stage

_NAMES_FOLDER = re.compile(
    r"(?:.*_)?(?:(?:ARCHIVES?|BACKUPS?|CACHE|DATA|DATABASE|DB|DOWNLOADS?|LOGS?|MEDIA|OUTPUT|REPOSITOR(?:Y|IES)|STATE|"
    r"STORAGE|STORE|UPLOADS?|WORKSPACE)(?:_(?:FILE|HOME|PATH|ROOT))?|DIR|DIRECTORY|FOLDER)"
)
"""Of `PATH` alone it is not known whether it is one of files: `METRICS_PATH=/metrics`."""
_READ_ONLY = re.compile(
    r"(?:.*_)?(?:CONF|CONFIG|LIBRARY|PYTHON|CLASS|NODE|GO|GEM|STATIC|TEMPLATES?)_?PATH|PATH|LD_.*|JAVA_.*"
)
"""Variables that say where programs look for what they read."""
_OF_IMAGES = ("/bin", "/boot", "/dev", "/etc", "/lib", "/proc", "/root", "/run/secrets", "/sbin", "/sys", "/usr")
_PLAIN = re.compile(r"(?:/[\w.@+-]+)+/?")


def named_folders_unmade(stage: Stage, user: str) -> Iterator[tuple[str, str]]:
    """Yield the variables that name such a folder, with the folder, as far as the stage's base is known to lack it.

    Args:
        stage: The stage that ships.
        user: The account that it is to run as.
    """
    facts = stage.facts
    if not stage.root.is_scratch and (facts is None or not facts.is_plain):
        return
    volumes = [volume.value for volume in stage.image.volumes if volume.value]
    for name, setting in stage.image.env.items():
        folder = _folder(name, setting.value) if setting.set_in_file else None
        if folder is None or any(within(folder, volume) for volume in volumes):
            continue
        spoken_of = _is_spoken_of(stage, name, folder) or stage.files.covering(folder)
        if not spoken_of and access(stage, folder, user).exists is not True:
            yield name, folder


def _folder(name: str, value: str | None) -> str | None:
    """Return the folder that a variable names, or that its file lies in, where the program may have to make it."""
    if value is None or not _PLAIN.fullmatch(value) or _READ_ONLY.fullmatch(name):
        return None
    folder = posixpath.dirname(value) if names_a_file(posixpath.basename(value)) else value.rstrip("/")
    meant = _NAMES_FOLDER.fullmatch(name) or posixpath.basename(folder) in STATE_FOLDERS
    away = folder == "/" or within_any(folder, (*_OF_IMAGES, *SYSTEM_FOLDERS))
    return folder if meant and not away else None


def _is_spoken_of(stage: Stage, name: str, folder: str) -> bool:
    """Whether a RUN names the folder or the variable, and so may make the one or hand on the other."""
    used = re.compile(rf"\$\{{?{re.escape(name)}\b|{re.escape(folder)}(?![\w.-])")
    return any(used.search(run.instruction.text) for run in stage.all_runs)
