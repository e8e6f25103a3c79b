"""What a folder of another stage holds, where the commands that fill it name each file."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from rules.facts.installers import SYSTEM_PROGRAMS, SYSTEM_PROGRAMS_OF_LANGUAGES
from rules.model.filenames import names_a_file
from rules.model.puts import within
from rules.model.run_writes import CARRIERS, carried_by
from rules.model.steps import Copy

if TYPE_CHECKING:
    from rules.model.puts import Put

_PIP = frozenset({"pip", "pip3"})
_SYSTEM_FOLDERS = frozenset(
    "/bin /sbin /lib /opt /root /usr /usr/bin /usr/sbin /usr/lib /usr/local /usr/local/bin".split()
)
"""Folders that an image has programs in before anything is put there."""
_OF_OFFICIAL_PYTHON = frozenset({"/usr/local", "/usr/local/bin"})
_OF_ROOT_ALONE = "/root/.local"
"""Where `pip install --user` puts what root installs (PEP 370)."""


def carried_names(put: Put) -> frozenset[str] | None:
    """Return the names of the files that a copied folder holds; `None` where anything else may have filled it."""
    builder = put.step.from_stage if isinstance(put.step, Copy) else None
    if builder is None or not put.source:
        return None
    names: set[str] = set()
    for other in builder.files.covering(put.source):
        if other.makes_folder:
            continue
        if other.command is None or other.command.name not in CARRIERS:
            return None
        sources = carried_by(other.command)
        if not sources or not all(names_a_file(source) and not set(source) & set("$*?[{") for source in sources):
            return None
        names |= set(map(posixpath.basename, sources))
    return frozenset(names) or None


def holds_python_alone(put: Put) -> bool:
    """Tell whether a copied folder of another stage was filled by pip and by nothing else: `pip install --prefix=/py`.

    It brings the programs of Python packages, and none of the system's. Python's official images have their own Python
    in `/usr/local`, where pip installs too, and where no package of the distribution puts anything.
    """
    builder = put.step.from_stage if isinstance(put.step, Copy) else None
    source = put.source.rstrip("/") if put.source else ""
    if builder is None or not source.startswith("/") or builder.files.has_unreadable_run:
        return False
    opaque = builder.files.opaque_commands
    own = source in _OF_OFFICIAL_PYTHON and builder.facts is not None and builder.facts.name == "python"
    own = own or (source == _OF_ROOT_ALONE and any(command.has("--user") for command in opaque))
    if source in _SYSTEM_FOLDERS and not own:
        return False
    if any(other.kind != "workdir" and (other.tree or within(other.path, source)) for other in builder.files.puts):
        return False
    filled = own or any(source in word.value for command in opaque for word in command.args)
    return filled and all(command.name in _PIP for command in opaque)


_ARCHIVE = re.compile(r"\.(?:tar|tgz|tbz2?|txz|gz|bz2|xz|zst)$")


def may_hold(put: Put, name: str, context: frozenset[str] | None) -> bool:
    """Whether a copied folder may bring a file of a name; of one from the context its files tell, if they are known."""
    if put.path == "/":
        return False  # it is asked for elsewhere, as what may bring anything
    if put.kind == "stage" and (names := carried_names(put)) is not None:
        return name in names
    if put.kind == "stage" and name in SYSTEM_PROGRAMS - SYSTEM_PROGRAMS_OF_LANGUAGES and holds_python_alone(put):
        return False
    if put.kind != "context" or context is None or not put.source:
        return True
    return name in context or _ARCHIVE.search(put.source) is not None


_UNPACKS = frozenset({"tar", "bsdtar", "unzip"})


def is_unpacked(put: Put) -> bool:
    """Tell whether a RUN unpacks an archive there, or moves a folder there: it may hold whatever a COPY of one may."""
    return put.kind == "run" and put.tree and put.command is not None and put.command.name in _UNPACKS | CARRIERS


_TREES_OF_PROGRAMS = frozenset("bin sbin usr local opt rootfs root overlay layers install out dist . /".split()) | {""}


def fills_root(put: Put) -> bool:
    """Whether it is a tree of files over the system's own folders, which may bring any program.

    What is copied out of a stage or an image into a folder of programs may be one (`/uv /uvx /bin/`): only a folder
    that is called as one of programs is taken for one.
    """
    if put.kind in ("stage", "image") and put.path in ("/bin", "/usr/bin"):
        return put.tree and posixpath.basename(put.source.rstrip("/")) in _TREES_OF_PROGRAMS
    return put.tree and put.path in ("/", "/bin", "/usr", "/usr/bin")


def brings_programs(put: Put) -> bool:
    """Whether it is a folder with programs that nothing names, copied to where programs are looked for."""
    if not put.tree or put.kind not in ("stage", "image", "context", "remote"):
        return False
    folder = put.path.rstrip("/")
    if folder not in _PROGRAM_FOLDERS or holds_python_alone(put):
        return False
    return put.kind == "remote" or posixpath.basename(put.source.rstrip("/")) in _TREES_OF_PROGRAMS


_PROGRAM_FOLDERS = frozenset(
    "/usr /usr/local /usr/bin /usr/local/bin /bin /opt /usr/sbin /sbin /usr/local/sbin /root/.local /opt/bin".split()
)
