"""See readme_ignored_but_needed.md."""

import posixpath
from collections.abc import Iterator

from rules.api import (
    Category,
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
from rules.copying.context.ignore_file import ignore_file, lies_beside
from rules.copying.python.build_inputs import files_named
from rules.copying.python.builds import project_builds


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
    needed = [path for _, path in files_named(project or "") if ignore.patterns.excludes(path)]
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
                f"{quote(ignore.path)} keeps {quote(path)} out ({quote(pattern)}). `pyproject.toml` names "
                f"that file, and the build backend stops without it. Let it in with {quote('!' + path)}.",
                Confidence.LIKELY,
                doubt="whether the backend reads the file depends on its settings",
                instruction=copy.instruction,
                stage=stage.key,
                key=path,
                fix=Fix("Let it into the build", (ignore.append(f"!{path}"),)),
            )
        return


def _built(stage: Stage) -> tuple[Copy | None, Run | None]:
    """Return the COPY of the whole context, and the RUN below it that builds the project itself."""
    copy = next((c for c in stage.copies if c.brings_context_root and not c.deferred), None)
    if copy is None:
        return None, None
    return copy, next((run for run in stage.runs if run.index > copy.index and any(project_builds(run))), None)
