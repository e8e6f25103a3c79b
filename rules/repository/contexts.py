"""Which folder a build has as its context: as a file names it, or as far as what the Dockerfile copies tells it."""

from __future__ import annotations

import posixpath
import re
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Container, Iterator

    from rules.dockerfile.nodes import Dockerfile

_OPEN = re.compile(r"[$*?\[\\<]|://|^git@")
"""What leaves open which file a source is, or says that it lies elsewhere."""
_FILE = ("-f", "--file")


def context_by_sources(path: str, dockerfile: Dockerfile, files: Container[str], folders: Container[str]) -> str | None:
    """Return the one folder around a Dockerfile in which all lies that it copies and that the repository has.

    What lies in no such folder is made or fetched before the build, and says nothing but for the folders that lead to
    it: `COPY backend/dist /srv` is for a context with a `backend`, and so is `COPY backend/*.txt ./`. Nor do folders,
    for a program is often called like the folder of its sources, unless written as folders: `COPY web/ /srv/`,
    `COPY web /web/`.

    Args:
        path: The Dockerfile in its repository.
        dockerfile: The same, parsed.
        files: The repository's files.
        folders: Its folders.

    Returns:
        `` for the repository's root; `None` where no folder fits, or several do.
    """
    around = list(folders_around(path))
    names = set(copied_paths(dockerfile))
    there = [name for name in names if any(_is_in(posixpath.join(one, name), files, folders) for one in around)]
    fitting = [one for one in around if all(_is_in(posixpath.join(one, name), files, folders) for name in there)]
    leading = (_leading_folder(text, around, folders) for text in _sources(dockerfile))
    told_folders = {folder for folder in leading if folder is not None}
    fitting = [one for one in fitting if all(posixpath.join(one, folder) in folders for folder in told_folders)]
    if len(fitting) != 1:
        return None
    sure = set(_named_folders(dockerfile))
    told = (posixpath.join(fitting[0], name) in files or name in sure for name in there)
    return fitting[0] if any(told) else None


def is_built_from_above(dockerfile: Dockerfile, path: str) -> bool:
    """Tell whether a comment builds a Dockerfile by a longer path than it has: `docker build -f server/Dockerfile .`.

    What was read is then a part of a larger repository, whose root is the context.
    """
    for comment in dockerfile.comments:
        words = comment.text.replace("--file=", "--file ").split()
        named = (then for word, then in pairwise(words) if word in _FILE) if {"build", "."}.issubset(words) else ()
        if any(posixpath.normpath(one).endswith(f"/{path}") and not one.startswith(("/", "~")) for one in named):
            return True
    return False


def joined(folder: str | None, path: str) -> str | None:
    """Join a relative path to a folder of the repository.

    `None` for a path that leaves it, is a URL or has a variable, and for a folder that is none already.
    """
    if folder is None or "://" in path or "$" in path or path.startswith(("git@", "/", "~", "{{")):
        return None
    found = posixpath.normpath(posixpath.join(folder, path)) if path else folder
    if found.startswith(".."):
        return None
    return "" if found == "." else found


def _is_in(path: str, *places: Container[str]) -> bool:
    return any(path in place for place in places)


def folders_around(path: str) -> Iterator[str]:
    """Yield the folders that a path lies in, the nearest first and the root (empty text) last."""
    while path:
        path = posixpath.dirname(path)
        yield path


def copied_paths(dockerfile: Dockerfile) -> Iterator[str]:
    """Yield the files and folders of the context that a COPY or an ADD names by a path that is written out."""
    for name, _, _ in _copied(dockerfile):
        yield name


def _named_folders(dockerfile: Dockerfile) -> Iterator[str]:
    """Yield what a COPY or an ADD says is a folder: by a slash behind it, or by a folder of its name to copy it to."""
    for name, word, target in _copied(dockerfile):
        same = target.endswith("/") and posixpath.basename(target.rstrip("/")) == posixpath.basename(name)
        if same or word.endswith("/"):
            yield name


def _leading_folder(text: str, around: list[str], folders: Container[str]) -> str | None:
    """Return the longest part of a source that is a folder, and one in any of the folders around; `None` without."""
    plain = _OPEN.split(text.lstrip("/"), maxsplit=1)[0]
    leading = folders_around(posixpath.normpath(plain) + ("/" if plain.endswith("/") else ""))
    return next(
        (
            folder
            for folder in leading
            if folder and not folder.startswith("..") and any(posixpath.join(one, folder) in folders for one in around)
        ),
        None,
    )


def _sources(dockerfile: Dockerfile) -> Iterator[str]:
    """Yield each source of the context as it is written, those with a pattern or a variable in them, too."""
    for instruction in dockerfile.instructions:
        if instruction.keyword in ("COPY", "ADD") and instruction.flag("from") is None:
            words = instruction.exec_form or instruction.words
            texts = (word.text.strip("\"'") for word in words[:-1])
            yield from (text for text in texts if "://" not in text and not text.startswith(("git@", "<<", "$")))


def _copied(dockerfile: Dockerfile) -> Iterator[tuple[str, str, str]]:
    """Yield each such path, with the word that names it and the destination."""
    for instruction in dockerfile.instructions:
        if instruction.keyword not in ("COPY", "ADD") or instruction.flag("from") is not None:
            continue
        words = instruction.exec_form or instruction.words
        for word in words[:-1]:
            text = word.text.strip("\"'")
            name = posixpath.normpath(text.lstrip("/"))
            if name not in (".", "..") and not name.startswith("../") and not _OPEN.search(text):
                yield name, text, words[-1].text.strip("\"'")
