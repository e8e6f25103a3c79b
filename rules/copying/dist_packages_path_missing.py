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
from rules.copying.python_packages import has_system_python, packages_copies, python_version

_ELSEWHERE = ("--target", "--prefix", "--root", "--user")


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
            if builder is not None and _installs_beside(builder):
                yield _problem(change, stage, copy, builder, path)


def _installs_beside(builder: Stage) -> bool:
    """Whether pip of Debian's or Ubuntu's own Python installs for the whole system there."""
    if builder.runtime.distribution not in ("debian", "ubuntu") or not has_system_python(builder):
        return False
    calls = [call for run in builder.all_runs for call in run.package_calls if call.manager in ("pip", "uv")]
    if any(call.has(*_ELSEWHERE) for call in calls) or any(run.calls("make", "tar") for run in builder.all_runs):
        return False
    code = " ".join(run.instruction.value for run in builder.all_runs)
    return any(call.action == "install" for call in calls) and "venv" not in code and "site-packages" not in code


def _problem(change: DockerfileChange, stage: Stage, copy: Copy, builder: Stage, path: str) -> Problem:
    system = (builder.runtime.distribution or "").capitalize()
    version = python_version(builder)
    right = f"/usr/local/lib/python{version or '3.x'}/dist-packages"
    word = copy.instruction.words[0]
    return Problem(
        copy.instruction.span,
        f"{stage.label} copies {quote(path)} out of {builder.label}, and it is not there: pip of {system}'s own Python "
        f"installs into {quote(right)}. The build stops here. Copy that folder, or install into a virtual environment "
        "and copy that.",
        Confidence.CERTAIN if builder.root.base_text else Confidence.LIKELY,
        doubt=BY_ARGUMENT,
        instruction=copy.instruction,
        stage=stage.key,
        fix=Fix("Copy the folder that pip installs into", (replace(change.source, word.span, right),))
        if version is not None and word.text.rstrip("/") == path and len(copy.sources) == 1
        else None,
    )
