"""See pack_gpu.md."""

from collections.abc import Iterator

from rules.api import Category, DockerfileChange, Problem, Severity, rule
from rules.base_image import gpu_conda, gpu_devel, gpu_environment, gpu_packages, gpu_queries, gpu_wheels


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
        yield from gpu_wheels.problems(stage)
        yield from gpu_queries.problems(stage)
        yield from gpu_environment.problems(stage)
        yield from gpu_packages.problems(stage)
        yield from gpu_devel.problems(change, stage)
        yield from gpu_conda.problems(stage)
