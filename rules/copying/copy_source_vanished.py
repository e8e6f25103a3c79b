"""See copy_source_vanished.md."""

import posixpath
from collections.abc import Iterator, Sequence

from rules.api import (
    Category,
    Confidence,
    DockerfileChange,
    Fix,
    Problem,
    Repository,
    Severity,
    Stage,
    once,
    quote,
    replace,
    rule,
)
from rules.copying.context.made_outside import (
    OFTEN_IGNORED,
    WRITES_SUMS,
    is_made_where_images_are_built,
    may_be_made_outside,
)
from rules.copying.context.taken_files import Taken, copied_files, mounted_files, named_file
from rules.copying.python.wheel_names import misspelt_wheels
from rules.quoting import listed
from rules.repository.contexts import folders_around
from rules.repository.templates import is_template

_SOURCES = tuple(
    ".sh .bash .py .js .mjs .ts .rb .pl .php .go .rs .java .toml .json .yml .yaml .conf .cfg .ini .xml .properties "
    ".txt .mod .sum "
    ".sql .html .css .tmpl .tpl .j2 .service .md".split()
)
"""Endings of files that somebody writes; others are often fetched or built before the image is."""

_COMMON = frozenset("package.json __init__.py index.html index.js readme.md license makefile dockerfile".split())
"""Names that say nothing of what a file is."""


_SUMS = ("go.sum", "go.work.sum")
"""What `go` writes again by itself (Go Modules Reference, "go.sum files")."""

_TWO = 2
_WAYS_OUT = {
    "copies": "Copy what there is, or take the line out.",
    "mounts": "Mount what there is, or take the flag out.",
}


@rule(
    "copy-source-vanished",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    keywords=("COPY", "ADD", "RUN"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A file that the repository does not have is copied out of the context."""
    yield from misspelt_wheels(change)
    context = change.repository.context_of(change.path)
    if context is None or change.repository.listing is None or is_template(change.repository, change.path):
        return  # in a template's folder lies what a generator makes another project of
    for stage in change.stages:
        gone = [
            taken
            for taken in (*copied_files(stage), *mounted_files(stage))
            if _is_gone(change, context, taken.path) and _is_told(change, context, taken)
        ]
        for taken, *others in _together(change, context, gone):
            yield _problem(change, context, stage, taken, others)


def _together(change: DockerfileChange, context: str, gone: list[Taken]) -> list[list[Taken]]:
    """Put together what one instruction takes of which nothing else is known than that it is not there."""
    groups: dict[object, list[Taken]] = {}
    for place, taken in enumerate(gone):
        path = taken.path
        alone = (
            taken.is_pattern
            or _existed(change, context, path)
            or _lies_in_root(change, context, path)
            or _new_path(change, context, path) is not None
        )
        group = (id(taken.instruction), taken.verb, path.endswith(OFTEN_IGNORED))
        groups.setdefault(place if alone else group, []).append(taken)
    return list(groups.values())


def _is_gone(change: DockerfileChange, context: str, path: str) -> bool:
    """Whether the repository lacks it, and nothing that was read of it speaks of making it."""
    repository = change.repository
    if repository.exists(posixpath.join(context, path)) is not False:
        return False
    if _lies_in_root(change, context, path):
        # the build may have the repository's root for its context, unless the change moves it
        moved = change.repository_before.context_of(change.path) not in (None, context)
        return moved or _is_built_there(change, context)
    existed = _existed(change, context, path)
    if existed and _new_path(change, context, path) is not None:
        return True  # it was moved: whoever speaks of it spoke of the file that was committed
    name = posixpath.basename(path)
    folders = tuple(folders_around(posixpath.join(context, path)))
    if name in _SUMS and is_made_where_images_are_built(change, WRITES_SUMS, folders):
        return False
    then = change.repository_before.files if existed else {}  # who spoke of it before spoke of what was committed
    others = (file for file, data in repository.files.items() if file != change.path and name.encode() in data)
    named = any(name.encode() not in then.get(file, b"") for file in others)
    return not named and not (existed and may_be_made_outside(change, path))


def _lies_in_root(change: DockerfileChange, context: str, path: str) -> bool:
    return context != "" and change.repository.exists(path) is True


def _is_built_there(change: DockerfileChange, context: str) -> bool:
    """Whether the builds that were read are the file's own, and no other has the repository's root for its context.

    The file takes from a further context that all of them give, or something that lies in their context alone.
    """
    builds, repository = change.repository.builds_of(change.path), change.repository
    copies = [copy for stage in change.stages for copy in stage.copies if not copy.deferred]
    if not builds or any(copy.from_text and all(copy.from_text in one.contexts for one in builds) for copy in copies):
        return bool(builds)
    paths = [
        path for copy in copies if copy.from_context for source in copy.sources if (path := named_file(copy, source))
    ]
    return any(
        repository.exists(posixpath.join(context, path)) is True and repository.exists(path) is False for path in paths
    )


def _is_told(change: DockerfileChange, context: str, taken: Taken) -> bool:
    """Whether the repository had it before or has it elsewhere, or it is named as what somebody writes and commits."""
    named = taken.text if taken.is_pattern else taken.path
    return (
        _lies_in_root(change, context, taken.path)
        or named.lower().endswith((*_SOURCES, *OFTEN_IGNORED))
        or _existed(change, context, taken.path)
    )


def _existed(change: DockerfileChange, context: str, path: str) -> bool:
    return change.repository_before.exists(posixpath.join(context, path)) is True


def _problem(
    change: DockerfileChange, context: str, stage: Stage, taken: Taken, others: Sequence[Taken] = ()
) -> Problem:
    every = (taken, *others)
    names = listed([quote(one.text) for one in every], len(every))
    paths = listed([quote(posixpath.join(context, one.path)) for one in every], len(every))
    new = _new_path(change, context, taken.path)
    existed = _existed(change, context, taken.path)
    where = "deleted or renamed by this change" if existed else "not in the repository"
    fact = f"{paths} {'are' if others else 'is'} {where}"
    if others and paths == names:
        fact = f"{'neither' if len(every) == _TWO else 'none of them'} is in the repository"
    way_out = f"It may be {quote(new)} now." if new is not None else _WAYS_OUT[taken.verb]
    if _lies_in_root(change, context, taken.path):
        build = next(iter(change.repository.builds_of(change.path)), None)
        by = f" that {quote(build.path)} names" if build is not None else ""
        way_out = f"{quote(taken.path)} of the repository's root is outside of the context{by}, {quote(context)}."
    return Problem(
        taken.span,
        f"{stage.label} {taken.verb} {names}, and {fact}. The build stops here unless "
        f"something makes the {'files' if others else taken.kind} first. {way_out}",
        Confidence.LIKELY if existed or not taken.path.endswith(OFTEN_IGNORED) else Confidence.POSSIBLE,
        doubt=f"something may make the {taken.kind} before the build",
        instruction=taken.instruction,
        stage=stage.key,
        key=taken.path,
        items=tuple(one.path for one in every) if others else (),
        fix=_fix(change, taken, new) if existed else None,
    )


def _new_path(change: DockerfileChange, context: str, path: str) -> str | None:
    """Return the only file of the context that has the same name, or the same path in other letters' case."""
    prefix = f"{context}/" if context else ""
    same = _in_lower_case(change.repository).get(f"{prefix}{path}".lower(), ())
    if len(same) == 1:
        return same[0].removeprefix(prefix)
    name = posixpath.basename(path)
    if name.lower() in _COMMON:
        return None
    if (folder := _renamed_folder(change, context, path)) is not None:
        return folder
    found = [file for file in change.repository.by_name.get(name, ()) if file.startswith(prefix)]
    return found[0].removeprefix(prefix) if len(found) == 1 else None


def _renamed_folder(change: DockerfileChange, context: str, path: str) -> str | None:
    """Return the folder beside a folder that has now all the files of that, and that is new."""
    listing, then = change.repository.listing or {}, change.repository_before.listing or {}
    old = f"{posixpath.join(context, path)}/"
    files = [file.removeprefix(old) for file in then if file.startswith(old)]
    around = posixpath.dirname(old.rstrip("/"))
    prefix = f"{around}/" if around else ""
    beside = {file[len(prefix) :].split("/")[0] for file in listing if file.startswith(prefix) and file not in then}
    found = [name for name in sorted(beside) if all(f"{prefix}{name}/{file}" in listing for file in files)]
    return posixpath.join(posixpath.dirname(path), found[0]) if files and len(found) == 1 else None


@once
def _in_lower_case(repository: Repository) -> dict[str, list[str]]:
    """The files of the listing by their paths in lower case."""
    found: dict[str, list[str]] = {}
    for file in repository.listing or {}:
        found.setdefault(file.lower(), []).append(file)
    return found


def _fix(change: DockerfileChange, taken: Taken, new: str | None) -> Fix | None:
    if new is None or not taken.plain or " " in new:
        return None
    return Fix("Copy it from where it is now", (replace(change.source, taken.span, new),))
