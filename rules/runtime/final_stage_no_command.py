"""See final_stage_no_command.md."""

import re
from collections.abc import Iterator

from rules.api import (
    Category,
    Confidence,
    DockerfileChange,
    Problem,
    Severity,
    Stage,
    is_development_file,
    is_development_name,
    quote,
    rule,
)
from rules.model.puts import within_any
from rules.repository.container_runs import ContainerRun, runs_in, runs_of
from rules.runtime.starts.instructions import SHELLS, idle_start, is_to_serve

_FOR_OTHERS = frozenset(
    "base bases export artifact artifacts build builder builders buildpack binaries dist toolchain sdk devcontainer "
    "devcontainers packaging package packages rpm deb ci test tests testing e2e cursor runner workspace "
    "cross github vendor".split()
)
"""Words in the name of a stage or in a path that say that the image is not started as it is."""


@rule(
    "final-stage-no-command",
    severity=Severity.ERROR,
    category=Category.RELIABILITY,
    keywords=("FROM",),
    aliases=("DF036",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """The image that ships has neither `ENTRYPOINT` nor `CMD`."""
    repository, path = change.repository, change.path
    calls = _calls(change)
    given_elsewhere = repository.starts_otherwise(path) or path in repository.started_by_overrides
    if given_elsewhere or (calls and all(call.command for call in calls)):
        return
    for stage in change.after.shipped:
        image = stage.image
        said = any(setting.set_in_file for setting in (image.entrypoint, image.cmd))
        if image.start_known and not said and not _is_meant_for_others(stage):
            yield from _problem(stage, typed_into=_is_typed_into(change))


def _calls(change: DockerfileChange) -> tuple[ContainerRun, ...]:
    """Return how the image is run: by files that also name it, and by comments of its Dockerfile."""
    said = (comment.text for comment in change.after.dockerfile.comments)
    shown = (call for text in said for call in runs_in(change.path, text))
    return (*runs_of(change.repository, change.path), *shown)


def _is_typed_into(change: DockerfileChange) -> bool:
    """Whether the image is run with a terminal, so that the prompt which its base brings is what is wanted."""
    calls = _calls(change)
    by_hand = bool(calls) and all(call.has_terminal or call.command for call in calls)
    return by_hand or any(build.has_terminal for build in change.repository.builds_of(change.path))


def _problem(stage: Stage, *, typed_into: bool) -> Iterator[Problem]:
    commands = stage.image.start_command
    if not commands:
        yield Problem(
            stage.from_.span,
            f"{stage.label} has no `ENTRYPOINT` and no `CMD`. `docker run` fails with “no command specified”; "
            "say what the container starts.",
            stage=stage.key,
        )
    elif (started := idle_start(stage)) is not None and _holds_program(stage):
        if started.is_prompt and typed_into:
            return
        opens = "opens a prompt and exits" if started.is_prompt else "exits at once"
        yield Problem(
            stage.from_.span,
            f"{stage.label} starts only {quote(started.text)}, which {quote(stage.root.base_text or '')} brings. "
            f"Nothing in the file sets `ENTRYPOINT` or `CMD`, so without a command of its "
            f"own the container {opens}; say what it starts.",
            Confidence.LIKELY if is_to_serve(stage) else Confidence.POSSIBLE,
            doubt="who starts the container may give it a command",
            stage=stage.key,
            severity=Severity.WARNING,
            minor=True,  # most often a manifest, a Makefile or a README gives the command
        )


def _holds_program(stage: Stage) -> bool:
    """Whether the project's whole source tree, or what a builder made, is in the image, or it is set up to serve.

    A repository that a RUN clones is another one's: a library that is built there, or a tool.
    """
    image, facts = stage.image, stage.facts
    serves = is_to_serve(stage) or (image.user.set_in_file and any(copy.from_context for copy in stage.all_copies))
    built = any(copy.from_stage is not None and not _is_system(copy.destination) for copy in stage.all_copies)
    compiles = facts is not None and bool(facts.toolchain) and image.cmd.value is not None
    if compiles and image.cmd.value is not None and image.cmd.value.program in SHELLS:
        return is_to_serve(stage)  # a compiler's image that opens a shell: what is built in it is taken out
    return serves or built or any(tree.kind in ("context", "stage") for tree in stage.files.whole_trees)


def _is_system(path: str | None) -> bool:
    """Whether a folder is one where a language is installed, as in images that others are built from."""
    return path in (None, "/") or within_any(path, ("/usr", "/opt", "/lib", "/lib64", "/bin", "/etc"))


def _is_meant_for_others(stage: Stage) -> bool:
    """Whether the image is a base for others (ONBUILD, a name), a tool, or files to be taken out (`scratch`)."""
    words = set(re.split(r"[^a-z0-9]+", f"{stage.name or ''} {stage.model.path.lower()}"))
    return bool(
        stage.image.onbuild
        or stage.root.is_scratch
        or not _FOR_OTHERS.isdisjoint(words)
        or is_development_name(stage.name)
        or is_development_file(stage.model.path)
        or "base" in stage.model.path.lower().rsplit("/", 1)[-1]
    )
