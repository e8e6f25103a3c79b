"""See install_files_shipped.md."""

import posixpath
from collections.abc import Iterator

from rules.api import (
    Category,
    Confidence,
    Copy,
    DockerfileChange,
    Note,
    PackageCall,
    Problem,
    Put,
    Run,
    Severity,
    quote,
    rule,
    within,
)
from rules.copying.installs import folder_of

_READERS = frozenset({"pip", "apt", "dnf", "yum", "apk"})
"""Managers that read what they install from and need it no more."""

_FILES = (".whl", ".deb", ".rpm", ".apk", ".tar.gz")
_FOLDERS = frozenset("wheels wheelhouse wheel pkgs debs rpms".split())


@rule(
    "install-files-shipped",
    severity=Severity.WARNING,
    category=Category.SIZE,
    keywords=("COPY",),
    mentions=("wheel", ".whl", ".deb", ".rpm", "debs", "rpms", "pkgs"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """Packages are copied into a shipped image to be installed from, and stay there."""
    said: set[int] = set()
    for stage in change.after.shipped:
        for put in stage.files.puts:
            copy = put.step
            if not isinstance(copy, Copy) or id(copy) in said or not _is_packages(put):
                continue
            gone = any(within(put.path, path.path) or within(path.path, put.path) for path in stage.files.deletions)
            found = None if gone else _installed(stage.done_runs, put)
            if found is not None:
                said.add(id(copy))
                yield _problem(copy, put, *found)


def _is_packages(put: Put) -> bool:
    """Whether a COPY brings nothing but packages: wheels, `.deb` files, a folder of them."""
    name = posixpath.basename((put.source or "").rstrip("/"))
    return put.kind in ("context", "stage") and (name.endswith(_FILES[:-1]) or name in _FOLDERS)


def _installed(runs: tuple[Run, ...], put: Put) -> tuple[Run, PackageCall] | None:
    """Return the install that reads what a COPY brought."""
    for run in runs:
        if "rm " in run.instruction.value and posixpath.basename(put.path) in run.instruction.value.partition("rm ")[2]:
            return None
        for call in run.package_calls:
            if call.manager in _READERS and call.action == "install" and _reads(run, call, put):
                return run, call
    return None


def _reads(run: Run, call: PackageCall, put: Put) -> bool:
    folder = folder_of(run, call.command)
    for word in call.command.args:
        text = run.scope.expand(word.value) if "$" in word.value else word.value
        _, _, value = (text or "").rpartition("=")
        if value.startswith(("/", "./")) or (folder is not None and "/" in value):
            path = posixpath.normpath(posixpath.join(folder or "/", value))
            named = posixpath.splitext(put.source)[1] if "*" in put.source else ""
            if within(path, put.path) and path.endswith(named):
                return True
    return False


def _problem(copy: Copy, put: Put, run: Run, call: PackageCall) -> Problem:
    mount = f"--mount=type=bind,source={put.source},target={put.path}"
    if copy.from_text:
        mount += f",from={copy.from_text}"
    if "*" in put.source:
        mount = "--mount=type=bind"  # which takes no pattern
    return Problem(
        copy.instruction.span,
        f"{copy.stage.label} ships {quote(put.source)}, which only the install at line {call.command.line} reads: the "
        "packages are in the image twice, packed and installed. Have the `RUN` mount them instead of copying: "
        f"{quote(f'RUN {mount} …')}.",
        Confidence.LIKELY,
        doubt="the program may read these files when it runs",
        instruction=copy.instruction,
        stage=copy.stage.key,
        notes=(Note(run.instruction.span, "installed here"),),
    )
