"""See pack_gpu.md."""

from collections.abc import Iterator

from rules.api import Category, DockerfileChange, Problem, Severity, rule
from rules.base_image.gpu import conda, devel, environment, packages, queries, wheels


@rule(
    "pack-gpu",
    severity=Severity.WARNING,
    category=Category.CORRECTNESS,
    default="off",
    keywords=("FROM",),
    mentions=("nvidia", "cuda", "gpu"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """An image for GPUs fixes what the host decides, asks for a GPU while it is built, or has CUDA twice."""
    for stage in change.stages:
        yield from wheels.problems(stage)
        yield from queries.problems(stage)
        yield from environment.problems(stage)
        yield from packages.problems(stage)
        yield from devel.problems(change, stage)
        yield from conda.problems(stage)
