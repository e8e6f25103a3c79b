"""See copy_from_build_platform.md."""

import re
from collections.abc import Iterator

from rules.api import Category, Confidence, Copy, DockerfileChange, Note, Problem, Severity, Stage, quote, rule, within
from rules.copying.binaries import program_of
from rules.copying.environments import environments

_ASKS_FOR_TARGET = re.compile(
    r"\bTARGET(?:ARCH|PLATFORM|OS|VARIANT)\b|\bGO(?:ARCH|ARM)\b|\bGOOS=(?!\W?linux\b)|\bxx-|--target\b|\bCARGO_BUILD_TARGET\b|"
    r"-linux-(?:gnu|musl)|\bzig\b|goreleaser|\bqemu\b|\bcross\b|--arch\b|uname -m|--print-architecture"
)
"""What in a stage says that somebody has thought of the platform that the image is for."""

_NATIVE = re.compile(
    r"\.so(?:\.\d+)*$|^/(?:usr/(?:local/)?)?(?:s?bin|lib(?:32|64|exec)?)(?:/[^/]+)?$|/site-packages(?:/|$)"
)
"""Programs and libraries of the system; packages of Python, of which many are compiled."""


@rule(
    "copy-from-build-platform",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    keywords=("COPY",),
    mentions=("buildplatform",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A program is copied out of a stage that has the builder's platform and was never told the image's."""
    by_platform = _chosen_by_platform(change)
    for stage in change.stages:
        if stage.index not in change.after.needed_by_shipped or _is_on_build_platform(stage):
            continue
        if not by_platform.isdisjoint(link.index for link in stage.chain):
            continue
        for copy in stage.copies:
            builder = copy.from_stage
            if builder is None or not _is_on_build_platform(builder) or _knows_target(builder):
                continue
            native = _native(copy, builder)
            if native is not None:
                yield _problem(stage, builder, copy, native)


def _chosen_by_platform(change: DockerfileChange) -> set[int]:
    """Return the stages among which `FROM runner-${TARGETARCH}` chooses: each is made for one platform."""
    choosing = (stage for stage in change.stages if stage.base_word is not None and "TARGET" in stage.base_word.text)
    return {one.index for stage in choosing for one in change.after.may_start_from(stage)}


def _is_on_build_platform(stage: Stage) -> bool:
    platform = stage.root.platform
    return platform is not None and "BUILDPLATFORM" in platform


def _knows_target(builder: Stage) -> bool:
    """Whether a step of the builder, or a FROM of its chain, goes by the platform that the image is for."""
    texts = [step.instruction.text for step in builder.all_steps]
    return any(_ASKS_FOR_TARGET.search(text) for text in (*texts, *(one.base_text or "" for one in builder.chain)))


def _native(copy: Copy, builder: Stage) -> str | None:
    """Return the first path copied that holds machine code, with what makes it so; `None` when that is not clear."""
    program = program_of(copy)
    if program is not None:
        compiled, build = program
        call = " ".join(part for part in (build.command.name, build.command.subcommand) if part)
        return f"{quote(compiled)}, which {quote(call)} compiles"
    for source in copy.sources:
        path = copy.source_path(source)
        if path is None or path == "/":
            continue
        if any(within(environment.path, path) for environment in environments(builder)):
            return f"{quote(path)}, a virtual environment with that machine's packages"
        if any(within(path, folder) or within(folder, path) for folder in _runtimes(builder)):
            return f"{quote(path)}, a Java runtime of `jlink`"
        if _NATIVE.search(path.rstrip("/")) and not source.has_wildcard and not _is_from_context(builder, path):
            return quote(path)
    return None


def _runtimes(builder: Stage) -> Iterator[str]:
    """Yield the folders that `jlink` writes to."""
    for run in builder.done_runs:
        for command in run.commands:
            folder = command.option("--output") if command.name == "jlink" else None
            if folder:
                yield folder


def _is_from_context(builder: Stage, path: str) -> bool:
    """Whether a file comes from the context, and is a script as likely as not."""
    return any(put.kind == "context" for put in builder.files.covering(path))


def _problem(stage: Stage, builder: Stage, copy: Copy, native: str) -> Problem:
    return Problem(
        copy.instruction.span,
        f"{stage.label} copies {native}, out of {builder.label}, which has the platform of the machine that builds "
        f"({quote(f'--platform={builder.root.platform}')}) and is never told the image's. Built for another platform, "
        "the program fails with “exec format error”. Compile for `TARGETARCH`, or leave the stage on the target's "
        "platform.",
        Confidence.LIKELY,
        doubt="settings that are not read may make it build for the other platform",
        stage=stage.key,
        notes=(Note(builder.root.from_.span, "the builder's platform"),),
    )
