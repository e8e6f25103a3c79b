"""See aspnet_runtime_missing.md."""

import re
from collections.abc import Iterator

from rules.api import Category, Confidence, Copy, DockerfileChange, Problem, Severity, Stage, quote, rule
from rules.copying.outputs.dotnet_projects import Project, project_of
from rules.copying.outputs.dotnet_targets import publishing

_WITHOUT_WEB = "mcr.microsoft.com/dotnet/runtime"
"""Microsoft's image of .NET alone; `aspnet` adds ASP.NET Core to it (its README, "Featured Repos")."""


_BRINGS_IT = re.compile(r"<(?:SelfContained|PublishAot|PublishSelfContained)>\s*true", re.IGNORECASE)
"""Properties of a project with which a publish has the framework in it (".NET application publishing overview")."""


@rule(
    "aspnet-runtime-missing",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    keywords=("COPY",),
    mentions=("dotnet",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A program that needs ASP.NET Core is to run in the image that has .NET alone."""
    for stage in change.after.shipped:
        if stage.facts is None or stage.facts.name != _WITHOUT_WEB or _brings_framework(stage):
            continue
        for copy in stage.copies:
            project = _project(change, copy) if copy.from_stage is not None and not copy.deferred else None
            if project is not None:
                yield _problem(stage, copy, project)
                break


def _brings_framework(stage: Stage) -> bool:
    """Whether another .NET may come into the stage than the base image's."""
    named = any("dotnet" in item.name or "aspnet" in item.name for item in stage.packages.present)
    copied = any("dotnet" in put.path.lower() or "aspnet" in put.path.lower() for put in stage.files.puts)
    return named or copied or stage.files.has_unreadable_run


def _project(change: DockerfileChange, copy: Copy) -> Project | None:
    """Return the web project that a COPY takes the program of."""
    assert copy.from_stage is not None, "the caller looked"
    found = (project_of(change, run, command) for run, command in publishing(copy, copy.from_stage))
    return next((one for one in found if one is not None and one.web and not _is_alone(change, one)), None)


def _is_alone(change: DockerfileChange, project: Project) -> bool:
    """Whether the project's file has the program bring its framework along."""
    return _BRINGS_IT.search(change.repository.text(project.path) or "") is not None


def _problem(stage: Stage, copy: Copy, project: Project) -> Problem:
    base = stage.root.base_text or ""
    with_web = base.partition("@")[0].replace("dotnet/runtime", "dotnet/aspnet")  # a digest is of one image alone
    word = stage.root.base_word
    return Problem(
        word.span if word is not None else stage.from_.span,
        f"{stage.label} runs a program of {quote(project.path)}, which needs ASP.NET Core, and {quote(base)} has .NET "
        "alone. The start stops with “You must install or update .NET to run this application: Framework "
        f"'Microsoft.AspNetCore.App'”. Start from {quote(with_web)}.",
        Confidence.LIKELY,
        doubt="a file of the project that was not read may have it bring the framework along",
        instruction=stage.root.from_,
        stage=stage.key,
        key=copy.destination or "",
    )
