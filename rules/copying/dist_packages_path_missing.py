"""See dist_packages_path_missing.md."""

from collections.abc import Iterator

from rules.api import (
    BY_ARGUMENT,
    Category,
    Confidence,
    Copy,
    DockerfileChange,
    Fix,
    Problem,
    Severity,
    Stage,
    quote,
    replace,
    rule,
)
from rules.copying.python.packages import PACKAGES_FOLDER, has_system_python, packages_copies, python_version
from rules.facts.distributions import DEBIAN_FAMILY, title_of
from rules.user.accounts.running import is_seen_as_root

_ELSEWHERE = ("--target", "--prefix", "--root", "--user")
_SETTINGS = ("PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_USER", "DEB_PYTHON_INSTALL_LAYOUT")
"""What says elsewhere than on the command line where pip installs."""
_MAKERS = ("make", "tar", "cp", "mv", "conda", "mamba", "micromamba", "pyenv", "virtualenv")
"""Commands that may fill the folder, or bring another Python."""


@rule(
    "dist-packages-path-missing",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    keywords=("COPY",),
    mentions=("site-packages",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """Packages are copied from `site-packages`, and the stage's Python installs into `dist-packages`."""
    for stage in change.stages:
        for copy, path, match in packages_copies(stage):
            if copy.stage is not stage or match["kind"] != "site-packages" or not path.startswith("/usr/local/lib/"):
                continue
            builder = copy.from_stage
            if builder is not None and _installs_beside(builder) and not _has_other(builder, path, match["version"]):
                yield _problem(change, stage, copy, builder, path)


def _installs_beside(builder: Stage) -> bool:
    """Whether pip of Debian's or Ubuntu's own Python installs for the whole system there.

    Whoever is not root, and may not write there, gets the packages into the own home.
    """
    if builder.runtime.distribution not in DEBIAN_FAMILY or not has_system_python(builder):
        return False
    calls = [(run, call) for run in builder.all_runs for call in run.package_calls if call.manager in ("pip", "uv")]
    if any(call.has(*_ELSEWHERE) or any(call.env.get(name) for name in _SETTINGS) for _, call in calls):
        return False
    code = " ".join(run.instruction.whole_value for run in builder.all_runs)
    if "venv" in code or "site-packages" in code or any(run.calls(*_MAKERS) for run in builder.all_runs):
        return False
    return any(call.manager == "pip" and call.action == "install" and is_seen_as_root(run) for run, call in calls)


def _has_other(builder: Stage, path: str, version: str) -> bool:
    """Whether there may be another Python, to which the folder belongs, or something else fills it."""
    own = python_version(builder)
    return own not in (None, version) or any(put.kind != "run" for put in builder.files.covering(path))


def _problem(change: DockerfileChange, stage: Stage, copy: Copy, builder: Stage, path: str) -> Problem:
    system = title_of(builder.runtime.distribution or "")
    version = python_version(builder)
    right = f"/usr/local/lib/python{version or '3.x'}/dist-packages"
    return Problem(
        copy.instruction.span,
        f"{stage.label} copies {quote(path)} out of {builder.label}, and it is not there: pip of {system}'s own Python "
        f"installs into {quote(right)}. The build stops here. Copy that folder, or install into a virtual environment "
        "and copy that.",
        Confidence.CERTAIN if builder.root.base_text else Confidence.LIKELY,
        doubt=BY_ARGUMENT,
        instruction=copy.instruction,
        stage=stage.key,
        fix=_fix(change, stage, copy, path, right) if version is not None else None,
    )


def _fix(change: DockerfileChange, stage: Stage, copy: Copy, path: str, right: str) -> Fix | None:
    """Copy the other folder, and to where the stage's own Python looks, if that is the same distribution's."""
    word, to = copy.instruction.words[0], copy.destination_word
    if word.text.rstrip("/") != path or len(copy.sources) != 1 or to is None:
        return None
    edits = [replace(change.source, word.span, right)]
    if copy.destination is not None and PACKAGES_FOLDER.match(copy.destination):
        if not has_system_python(stage) or "/site-packages" not in to.text:
            return None
        edits.append(replace(change.source, to.span, to.text.replace("/site-packages", "/dist-packages")))
    return Fix("Copy the folder that pip installs into", tuple(edits))
