"""See final_stage_no_command.md."""

from collections.abc import Iterator

from rules.api import Category, Confidence, DockerfileChange, Problem, Severity, Stage, quote, rule

_BASES = frozenset({"base", "export", "artifact", "artifacts", "builder", "binaries", "dist"})


@rule(
    "final-stage-no-command",
    severity=Severity.ERROR,
    category=Category.RELIABILITY,
    keywords=("FROM",),
    aliases=("DF036",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """The image that ships has neither `ENTRYPOINT` nor `CMD`."""
    for stage in change.after.shipped:
        image = stage.image
        if not image.start_known or any(setting.set_in_file for setting in (image.entrypoint, image.cmd)):
            continue
        if _is_meant_for_others(stage):
            continue
        yield from _problem(stage)


def _problem(stage: Stage) -> Iterator[Problem]:
    commands = stage.image.start_command
    if not commands:
        yield Problem(
            stage.from_.span,
            f"{stage.label} has no `ENTRYPOINT` and no `CMD`. `docker run` fails with “no command specified”; "
            "say what the container starts.",
            stage=stage.key,
        )
    elif all(s.value is not None and s.value.is_prompt for s in commands) and _is_filled(stage):
        started = commands[-1].value
        assert started is not None
        yield Problem(
            stage.from_.span,
            f"{stage.label} starts only {quote(started.text)}, which {quote(stage.root.base_text or '')} brings. "
            "Nothing in the file sets `ENTRYPOINT` or `CMD`, so the container opens a prompt and exits; "
            "say what it starts.",
            Confidence.LIKELY,
            stage=stage.key,
        )


def _is_filled(stage: Stage) -> bool:
    """Whether the file puts a program of its own into the image, so that it is no base or tool image."""
    return any(copy.from_context or copy.from_stage is not None for copy in stage.all_copies)


def _is_meant_for_others(stage: Stage) -> bool:
    """Whether the image is a base for others (ONBUILD, a name), or files to be taken out (`scratch`)."""
    name = stage.name or ""
    path = stage.model.path.lower()
    return bool(
        stage.image.onbuild
        or stage.root.is_scratch
        or not _BASES.isdisjoint(name.split("-"))
        or "base" in path.rsplit("/", 1)[-1]
    )
