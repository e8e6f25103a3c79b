"""A `devel` image of CUDA's that ships although nothing is compiled in it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rules.api import Confidence, Problem, Severity, quote
from rules.base_image.gpu.cuda_images import cuda_image
from rules.base_image.purpose import is_workshop, needs_toolchain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.api import Command, DockerfileChange, Stage

_COMPILERS = re.compile(r"(?:[\w.-]*-)?(?:gcc|g\+\+|cc|c\+\+|clang(?:\+\+)?|nvcc|make|cmake|ninja|meson|bazel)[\d.-]*")
_TOOLS = re.compile(
    r"(?:lib)?(?:gcc|g\+\+|clang|cmake|make|ninja|build-essential|meson|bazel)[\w.+-]*|[\w.+-]+-(?:dev|devel)"
)
"""Packages with which something is going to be compiled."""
_COMPILED = re.compile(
    r"flash[-_]attn|apex|deepspeed|pycuda|cupy|vllm|sglang|mamba[-_]ssm|causal[-_]conv1d|detectron2|pytorch3d|"
    r"torch[-_](?:scatter|sparse|cluster)|mmcv|bitsandbytes|auto[-_]?gptq|exllama\w*|llama[-_]cpp[-_]python|numba|"
    r"triton|tvm|horovod|transformer[-_]engine|xformers|megatron[-_\w]*|nerfacc|tinycudann|gsplat",
    re.IGNORECASE,
)
"""Python packages that compile with `nvcc`: when they are installed, or for the GPU that they then find."""
_KNOWN = frozenset(
    "apt apt-get pip pip3 python python3 echo rm mkdir ln cd export set curl wget tar useradd groupadd chown chmod cp "
    "mv conda mamba touch cat locale-gen test [ true".split()
)
"""Commands whose work asks for no compiler, as far as their arguments are looked at."""


def problems(change: DockerfileChange, stage: Stage) -> Iterator[Problem]:
    """Yield where a stage ships from a `devel` image, and nothing in the file asks for what that has more.

    What is not seen is asked about in the summary: a program may compile kernels for the GPU that it finds.
    """
    image = cuda_image(stage)
    reference, word = stage.root.reference, stage.root.base_word
    if image is None or image.flavour != "devel" or reference is None or word is None or not stage.ships:
        return
    if "-devel" not in image.text or is_workshop(change, stage) or _may_compile(stage):
        return
    runtime = image.text.replace("-devel", "-runtime")
    yield Problem(
        word.span,
        f"{stage.label} ships in {quote(image.text)}, with CUDA's compilers and headers, and nothing here compiles "
        f"with them. {quote(runtime)} has the libraries that run a program, in less than half of the size.",
        Confidence.POSSIBLE,
        doubt="a program may compile for the GPU that it finds",
        stage=stage.key,
        severity=Severity.INFO,
        key="cuda devel",
    )


def _may_compile(stage: Stage) -> bool:
    """Whether a step compiles, installs what is to be compiled, or does what is not known."""
    if stage.files.has_unreadable_run or stage.all_copies:
        return True  # what is copied may be sources, for which the image was chosen
    calls = [call for run in stage.all_runs for call in run.package_calls]
    names = [package.name for call in calls for package in call.packages]
    if any(_TOOLS.fullmatch(name) or _COMPILED.match(name) for name in names):
        return True
    if any(call.manifests or any(p.kind != "name" for p in call.packages) for call in calls):
        return True
    return any(_compiles(command) for run in stage.all_runs for command in run.commands)


def _compiles(command: Command) -> bool:
    if not command.name:
        return False
    return command.name not in _KNOWN or needs_toolchain(command) or _COMPILERS.fullmatch(command.name) is not None
