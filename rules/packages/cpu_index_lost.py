"""See cpu_index_lost.md."""

import re
from collections.abc import Iterator

from rules.api import (
    Category,
    Confidence,
    DockerfileChange,
    Note,
    PackageCall,
    Problem,
    Run,
    Severity,
    Stage,
    quote,
    rule,
)

_MANAGERS = frozenset({"pip", "uv"})
_CPU = re.compile(r"download\.pytorch\.org/whl/(?:[\w.]+/)?cpu\b")
_ANY = re.compile(r"download\.pytorch\.org/whl/|\b(?:nvidia|cuda|cudnn|rocm)\b|\+cpu\b", re.IGNORECASE)
"""What says where the program comes from, or that a GPU is meant."""


@rule(
    "cpu-index-lost",
    severity=Severity.WARNING,
    category=Category.SIZE,
    compares=True,
    keywords=("RUN",),
    mentions=("torch",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """The change takes away the index from which PyTorch came without CUDA's libraries."""
    for stage, was in change.compared():
        then = _install(was) if _names(was, _CPU) else None
        now = _install(stage) if then is not None and not _names(stage, _ANY) else None
        if then is None or now is None or _is_named_in_files(change):
            continue
        run, call = now
        yield Problem(
            call.command.span,
            f"{stage.label} no longer takes `torch` from PyTorch's index of builds for the CPU: this change drops "
            f"{quote('download.pytorch.org/whl/cpu')}. PyPI's build for x86-64 brings CUDA's libraries along, several "
            "gigabytes that nothing uses without a GPU. Keep the index: `--index-url https://download.pytorch.org/whl/"
            "cpu` in an install of its own, or `--extra-index-url` with a version that ends in `+cpu`.",
            Confidence.LIKELY,
            doubt="the image may be meant for GPUs now",
            instruction=run.instruction,
            stage=stage.key,
            key="torch",
            notes=(Note(then[0].instruction.span, "from the index for the CPU before", before=True),),
        )


def _install(stage: Stage) -> tuple[Run, PackageCall] | None:
    """Return the install that names PyTorch."""
    calls = ((run, call) for run in stage.done_runs for call in run.package_calls if call.manager in _MANAGERS)
    found = ((run, call) for run, call in calls if any(package.name == "torch" for package in call.packages))
    return next(found, None)


def _names(stage: Stage, words: re.Pattern[str]) -> bool:
    """Whether an instruction of the chain, or its base image, says such a thing."""
    texts = (step.instruction.text for step in stage.all_steps)
    return words.search(stage.root.base_text or "") is not None or any(words.search(text) for text in texts)


def _is_named_in_files(change: DockerfileChange) -> bool:
    """Whether a file of the repository that was read names one of the indexes, as lists of requirements do."""
    return any(
        b"download.pytorch.org/whl/" in data for path, data in change.repository.files.items() if path != change.path
    )
