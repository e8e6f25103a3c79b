"""Wheels and conda packages for another CUDA than the one that the base image has."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from rules.api import BY_ARGUMENT, Confidence, Problem, Severity, quote
from rules.base_image.gpu.cuda_images import CudaImage, Version, cuda_image, spelled
from rules.quoting import listed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.api import PackageCall, Run, ShellWord, Stage

_INDEXES = ("--index-url", "--extra-index-url", "--index", "--default-index", "--find-links", "--torch-backend")
_BUILD = re.compile(r"(?:^|[/+])cu(?P<major>\d{1,2})(?P<minor>\d)(?![\w.])")
"""How PyTorch's indexes and wheels name the CUDA that they are built with: `whl/cu118`, `torch==2.0.0+cu118`."""
_OF_CONDA = frozenset({"cudatoolkit", "pytorch-cuda", "cuda-version"})
"""conda's packages whose version is CUDA's own."""
_NUMBER = re.compile(r"=+v?(?P<major>\d{1,2})\.(?P<minor>\d{1,2})(?![\d])")
_NEWER = "with a driver that is new enough, a wheel runs beside an older CUDA of its major version"


class _Asked(NamedTuple):
    """One thing that is asked for by its CUDA, and the word that says so."""

    word: ShellWord
    version: Version


def problems(stage: Stage) -> Iterator[Problem]:
    """Yield for each install that asks for another CUDA than the image has.

    A wheel for an older minor version is none: it brings its libraries, and runs wherever the image does.
    """
    image = cuda_image(stage)
    if image is None or not stage.layers_ship:
        return
    for run in stage.runs:
        for call in run.package_calls if not run.deferred else ():
            asked = [one for one in _asked(call) if _differs(image.version, one.version)]
            if asked:
                yield _problem(stage, run, call, image, asked)


def _differs(image: Version, wheel: Version) -> bool:
    return wheel[0] != image[0] or wheel > image


def _asked(call: PackageCall) -> Iterator[_Asked]:
    """Yield what a call of pip, uv or conda says of CUDA, in the order of its words."""
    if call.action != "install":
        return
    if call.manager == "conda":
        for package in call.packages:
            number = _NUMBER.match(package.version or "") if package.name in _OF_CONDA else None
            if number is not None:
                yield _Asked(package.word, (int(number["major"]), int(number["minor"])))
        return
    said = [(use.value_word, use.value or "") for use in call.uses(*_INDEXES)]
    said += [(p.word, p.name if p.kind == "url" else p.version or "") for p in call.packages]
    for word, text in said:
        build = _BUILD.search(text.rstrip("/"))
        if build is not None:
            yield _Asked(word, (int(build["major"]), int(build["minor"])))


def _problem(stage: Stage, run: Run, call: PackageCall, image: CudaImage, asked: list[_Asked]) -> Problem:
    other = any(one.version[0] != image.version[0] for one in asked)
    wanted = listed(f"CUDA {spelled(version)}" for version in sorted({one.version for one in asked}))
    doubt = BY_ARGUMENT if any("$" in one.word.text for one in asked) else image.doubt or ("" if other else _NEWER)
    return Problem(
        asked[0].word.span,
        f"`{call.program}` installs into {stage.label} what is built for {wanted}, and {quote(image.text)} has CUDA "
        f"{image.number}. The image then holds {'both' if len({one.version for one in asked}) == 1 else 'all of them'}"
        f"{_consequence(image, asked, other=other)}. Take packages and image of one CUDA.",
        Confidence.LIKELY if doubt else Confidence.CERTAIN,
        doubt=doubt,
        instruction=run.instruction,
        stage=stage.key,
        severity=Severity.WARNING if other else Severity.INFO,
        key=f"cuda version {wanted}",
    )


def _consequence(image: CudaImage, asked: list[_Asked], *, other: bool) -> str:
    """Say what follows: PyTorch compares the major versions (torch/utils/cpp_extension.py, `_check_cuda_version`).

    The image lets a container start upon a driver that fits its own CUDA (its `NVIDIA_REQUIRE_CUDA`).
    """
    if any(one.version[0] > image.version[0] for one in asked):
        return ", and starts on hosts whose driver is too old for the newer one, where the GPU is then not found"
    if other and image.flavour != "devel":
        return ": PyTorch works with the libraries that come with it, and those of the image lie there unused"
    if other:
        return ", and PyTorch refuses to compile an extension with the `nvcc` of another major version"
    return ", and its own is the older one, by which it tells hosts which driver it needs"
