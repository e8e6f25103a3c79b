"""Which CUDA an image brings, as NVIDIA's own images say it in their tags: `12.4.1-cudnn-devel-ubuntu22.04`.

NVIDIA's overview (https://hub.docker.com/r/nvidia/cuda, "Overview of Images") names three flavours: `base` has the CUDA
runtime (cudart), `runtime` the CUDA libraries and NCCL besides, `devel` headers and compilers besides.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from rules.api import BY_ARGUMENT, Confidence, once

if TYPE_CHECKING:
    from rules.api import Stage

Version = tuple[int, int]

_TAG = re.compile(r"(?P<major>\d{1,2})\.(?P<minor>\d{1,2})(?:\.\d+)?(?P<rest>-.*)?")
_FLAVOUR = re.compile(r"-(base|runtime|devel)(?![a-z])")
_CUDNN = re.compile(r"-cudnn(\d*)(?!\d)")
_BY_NVIDIA = ("docker.io", "nvcr.io")
_SINCE_NINE: Version = (12, 3)
"""The first CUDA whose image with a bare `cudnn` in its tag has cuDNN 9 (NVIDIA's supported-tags.md)."""
_GPU = re.compile(r"(?:^|/)nvidia/|(?<![a-z])cuda|(?:^|/)rocm/", re.IGNORECASE)
_MIRRORED = "it is a copy of NVIDIA's image by its name alone"
_BARE = "the tag does not say which flavour of the image it is"


class CudaImage(NamedTuple):
    """What the tag of an image of CUDA's tells.

    Attributes:
        text: The image as its `FROM` has it, arguments filled in, without a digest.
        version: Major and minor version of CUDA.
        flavour: `base`, `runtime` or `devel`; a tag of old without one is a `devel`.
        cudnn: The major version of cuDNN; `None` without.
        doubt: What may make it another image; empty where nothing does.
    """

    text: str
    version: Version
    flavour: str
    cudnn: int | None
    doubt: str

    @property
    def number(self) -> str:
        """The version as people write it: `12.4`."""
        return spelled(self.version)

    @property
    def confidence(self) -> Confidence:
        """How sure a statement is that rests on the image's name alone."""
        return Confidence.LIKELY if self.doubt else Confidence.CERTAIN


def spelled(version: Version) -> str:
    """Write a version of CUDA as people do: `12.4`."""
    return ".".join(map(str, version))


@once
def cuda_image(stage: Stage) -> CudaImage | None:
    """Return what the image at the root of a stage has of CUDA; `None` where it is none of NVIDIA's, or not known."""
    reference, word = stage.root.reference, stage.root.base_word
    if reference is None or word is None or not f"/{reference.path}".endswith("/nvidia/cuda"):
        return None
    tag = _TAG.fullmatch(reference.tag or "")
    if tag is None:
        return None
    version, rest = (int(tag["major"]), int(tag["minor"])), tag["rest"] or ""
    flavour, cudnn = _FLAVOUR.search(rest), _CUDNN.search(rest)
    number = None if cudnn is None else int(cudnn[1] or (9 if version > _SINCE_NINE else 8))
    doubts = (
        (BY_ARGUMENT, "$" in word.text),
        (_MIRRORED, reference.registry not in _BY_NVIDIA),
        (_BARE, flavour is None),
    )
    doubt = next((text for text, holds in doubts if holds), "")
    return CudaImage(
        reference.text.partition("@")[0], version, flavour[1] if flavour is not None else "devel", number, doubt
    )


def is_for_gpus(stage: Stage) -> bool:
    """Tell whether the image at the root of a stage is made for GPUs, by its name: of NVIDIA's, or with its CUDA."""
    reference = stage.root.reference
    return reference is not None and _GPU.search(reference.text) is not None
