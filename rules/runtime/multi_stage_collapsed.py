"""See multi_stage_collapsed.md."""

from collections.abc import Iterator

from rules.api import Category, DockerfileChange, Problem, Run, Severity, Stage, quote, rule
from rules.base_image.tags import gains_compilers
from rules.quoting import listed

_COMPILERS = frozenset(
    "make cmake cargo gcc g++ go mvn mvnw gradle gradlew dotnet tsc webpack vite next ng ninja".split()
)
_BUILDS = {
    "go": ("build", "install"),
    "cargo": ("build", "install"),
    "dotnet": ("publish", "build"),
    "npm": ("run",),
    "yarn": ("build", "run"),
    "pnpm": ("build", "run"),
    "next": ("build",),
    "vite": ("build",),
    "ng": ("build",),
}


@rule(
    "multi-stage-collapsed",
    severity=Severity.INFO,
    category=Category.SIZE,
    default="info",
    compares=True,
    keywords=("RUN",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """The change compiles in the stage that ships, where a builder did so before."""
    if change.before is None:
        return
    for stage, was in change.shipped():
        if was is not None:
            yield from _upon_builder(change, stage, was)
        if was is None or len(stage.chain) != 1 or any(copy.from_stage for copy in stage.copies):
            continue
        builders = _builders(was)
        build = next((text for run in stage.done_runs if (text := _built(run)) is not None), None)
        if builders and build is not None:
            names = listed(builder.label for builder in builders)
            yield Problem(
                stage.from_.span,
                f"{stage.label} now compiles and ships in one stage ({quote(build)}); before this change it "
                f"copied the result out of {names}. Sources, compilers and caches become part of the image, which "
                "grows and offers more to whoever breaks in. Keep the builder, and copy the result.",
                stage=stage.key,
                cause=f"{stage.key} in one stage",
            )


def _upon_builder(change: DockerfileChange, stage: Stage, was: Stage) -> Iterator[Problem]:
    """Find a stage that starts from the one out of which it copied, and with it from an image that has compilers."""
    copied = {copy.from_stage for copy in was.all_copies}
    builder = next((part for part in stage.chain[:-1] if change.was(part) in copied), None)
    if builder is None or not gains_compilers(was.chain[0], stage.chain[0]):
        return
    old, new = was.root.base_text, stage.root.base_text
    yield Problem(
        stage.from_.span,
        f"{stage.label} starts from {builder.label} now, out of which it copied before this change, and so from "
        f"{quote(new or '')} in the place of {quote(old or '')}. Compilers, headers and all that {builder.label} "
        "brings for the build become part of the image, which grows and offers more to whoever breaks in. Keep the "
        "small stage, and copy the result.",
        stage=stage.key,
        cause=f"{stage.key} in one stage",
    )


def _builders(was: Stage) -> tuple[Stage, ...]:
    """Return the stages that it copied out of and that compiled something."""
    found = dict.fromkeys(copy.from_stage for copy in was.all_copies if copy.from_stage is not None)
    return tuple(stage for stage in found if any(_built(run) is not None for run in stage.all_runs))


def _built(run: Run) -> str | None:
    """Return the command of a RUN that compiles, `None` without one."""
    for command in run.commands:
        verbs = _BUILDS.get(command.name)
        if verbs is not None:
            if command.subcommand not in verbs:
                continue
            if command.subcommand == "run" and not any("build" in word.value for word in command.args):
                continue
        elif command.name not in _COMPILERS:
            continue
        return str(command)
    return None
