"""See readme_ignored_but_needed.md."""

import posixpath
import re
from collections.abc import Iterator

from rules.api import (
    Category,
    Command,
    Confidence,
    Copy,
    DockerfileChange,
    Fix,
    Problem,
    Run,
    Severity,
    Stage,
    quote,
    rule,
)
from rules.copying.ignore_file import ignore_file, lies_beside
from rules.copying.installs import installs_in

_FILES = (
    re.compile(r"^readme\s*=\s*[\"'](?P<path>[^\"']+)[\"']", re.MULTILINE),
    re.compile(r"^readme\s*=\s*\{[^}\n]*file\s*=\s*[\"'](?P<path>[^\"']+)[\"']", re.MULTILINE),
    re.compile(r"^license\s*=\s*\{[^}\n]*file\s*=\s*[\"'](?P<path>[^\"']+)[\"']", re.MULTILINE),
)
"""Files that a `pyproject.toml` names, and without which its build backend refuses to build (PEP 621)."""
_BACKEND = re.compile(r"^build-backend\s*=\s*[\"'](?!setuptools\b)|^\[tool\.poetry\]", re.MULTILINE)
"""What builds the project, other than setuptools, which also does where no backend is named (PEP 517)."""
_NO_PACKAGE = re.compile(r"^package(?:-mode)?\s*=\s*false\b", re.MULTILINE)
"""With this uv and Poetry install what the project requires, and build nothing (measured)."""

_BUILDERS = frozenset({"pip", "uv", "poetry", "pdm"})


@rule(
    "readme-ignored-but-needed",
    severity=Severity.WARNING,
    category=Category.CORRECTNESS,
    default="info",
    keywords=("COPY", "ADD"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """`.dockerignore` keeps out a file that the build of the project's package reads."""
    ignore = ignore_file(change)
    context = change.repository.context_of(change.path)
    if ignore is None or context is None or not lies_beside(change, ignore):
        return
    project = change.repository.text(posixpath.join(context, "pyproject.toml"))
    needed = [path for path in _named(project or "") if ignore.patterns.excludes(path)]
    for stage in change.stages if needed else ():
        copy, run = _built(stage)
        if copy is None or run is None:
            continue
        for path in needed:
            line = ignore.patterns.matching_line(path)
            pattern = ignore.source.line(line).strip() if line is not None else path
            yield Problem(
                copy.instruction.span,
                f"{stage.label} copies the project and builds it (line {run.instruction.line}), and "
                f"{quote(ignore.path)} "
                f"keeps {quote(path)} out ({quote(pattern)}). `pyproject.toml` names that file, and the build backend "
                f"stops without it. Let it in with {quote('!' + path)}.",
                Confidence.LIKELY,
                doubt="whether the backend reads the file depends on its settings",
                instruction=copy.instruction,
                stage=stage.key,
                key=path,
                fix=Fix("Let it into the build", (ignore.append(f"!{path}"),)),
            )
        return


def _named(project: str) -> Iterator[str]:
    """Yield the files that a `pyproject.toml` names for its metadata; setuptools goes on without them (measured)."""
    if not _BACKEND.search(project) or _NO_PACKAGE.search(project):
        return
    for pattern in _FILES:
        for match in pattern.finditer(project):
            yield posixpath.normpath(match["path"])


def _built(stage: Stage) -> tuple[Copy | None, Run | None]:
    """Return the COPY of the whole context, and the RUN below it that builds the project itself."""
    copy = next((c for c in stage.copies if c.brings_context_root and not c.deferred), None)
    if copy is None:
        return None, None
    return copy, next((run for run in stage.runs if run.index > copy.index and _builds(run)), None)


def _builds(run: Run) -> bool:
    if any(map(_builds_package, run.commands)):
        return True
    dependencies = {install.call.command.start for install in installs_in(run)}
    return any(
        call.manager in _BUILDERS
        and call.command.start not in dependencies
        and (call.action in ("sync", "build") or call.editable or _installs_itself(call.manifests, call.project))
        for call in run.package_calls
    )


def _builds_package(command: Command) -> bool:
    """Whether a command makes a package of the project in the folder that it works in (pypa/build, "CLI")."""
    words = [word.value for word in command.args]
    if command.name.startswith("python") and words[:2] == ["-m", "build"]:
        words = words[2:]
    elif command.name != "pyproject-build":
        return False
    return not [word for word in words if not word.startswith("-") and word not in (".", "./")]


def _installs_itself(manifests: tuple[str, ...], project: bool) -> bool:  # noqa: FBT001 - what a call says of itself
    return project and any(name in (".", "./", "pyproject.toml") or name.startswith(".[") for name in manifests)
