"""See volume_refused.md."""

from collections.abc import Iterator

from rules.api import Category, Confidence, DockerfileChange, Problem, Severity, delete_instruction, fix, quote, rule
from rules.repository.hosting import RAILWAY


@rule(
    "volume-refused",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    keywords=("VOLUME",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """The platform that builds the Dockerfile refuses each `VOLUME` in it."""
    builds = change.repository.builds_of(change.path)
    described = next((build.path for build in builds if build.path.startswith(RAILWAY)), "")
    for stage in change.stages if described else ():
        for instruction in stage.instructions:
            if instruction.keyword == "VOLUME":
                yield Problem(
                    instruction.span,
                    f"Railway builds this file ({quote(described)}), and refuses each `VOLUME`: the deploy stops with "
                    f"“docker VOLUME at Line {instruction.line} is not supported, use Railway Volumes”. Take it out; a "
                    "volume of the service's own can be mounted at the same path.",
                    Confidence.LIKELY,
                    doubt="the service may be set to build another file",
                    instruction=instruction,
                    stage=stage.key,
                    key=instruction.value,
                    fix=fix("Take it out", delete_instruction(instruction)),
                )
