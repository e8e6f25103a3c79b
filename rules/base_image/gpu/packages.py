"""System packages that an image of CUDA's has already, and those that belong to the host of a GPU."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rules.api import OS_MANAGERS, Confidence, Problem, Severity, delete_instruction, delete_word, fix, once, quote
from rules.base_image.gpu.cuda_images import CudaImage, cuda_image, spelled
from rules.quoting import listed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rules.api import Fix, Package, PackageCall, Run, Stage

_OF_HOSTS = re.compile(r"nvidia-(?:container-(?:toolkit(?:-base)?|runtime)|docker2?)|libnvidia-container(?:1|-tools)")
"""NVIDIA Container Toolkit, with its libraries (its install guide: it is set up where the container engine runs)."""
_ENGINES = re.compile(r"(?:docker|containerd|dockerd|podman|cri-o|crio|k3s|kind|buildah|moby)(?![a-z])|nvidia-ctk")
_BASE = r"cuda-cudart|cuda-compat"
_RUNTIME = rf"{_BASE}|cuda-runtime|cuda-libraries|cuda-nvtx|libcublas|libcusparse|libnpp"
_DEVEL = (
    rf"{_RUNTIME}|cuda-toolkit|nvidia-cuda-toolkit|cuda-nvcc|cuda-libraries-dev|cuda-cudart-dev|cuda-minimal-build|"
    "cuda-command-line-tools|cuda-nvml-dev|cuda-nvprof|libcublas-dev|libcusparse-dev|libnpp-dev|cuda"
)
"""What each flavour installs (NVIDIA's recipes, gitlab.com/nvidia/container-images/cuda, `dist/`)."""
_FLAVOURS = {
    name: re.compile(rf"(?P<name>{names})(?:-(?P<major>\d{{1,2}})(?:-(?P<minor>\d{{1,2}}))?)?")
    for name, names in (("base", _BASE), ("runtime", _RUNTIME), ("devel", _DEVEL))
}
_CUDNN = re.compile(r"libcudnn(?P<major>\d)(?:-cuda-\d+)?(?P<dev>-dev(?:-cuda-\d+)?)?")
_UBUNTUS = "nvidia-cuda-toolkit"
_WITH_DRIVER = re.compile(r"cuda(?:-runtime)?(?:-\d+)*")
_COLLECTIONS = re.compile(r"cuda(?:-toolkit)?(?:-\d+)*")
"""What depends on all parts of CUDA, of which the image has those that compile and run programs."""
_NOT_FOR_ARM = "cuda-compat"
_CLEANERS = frozenset({"rm", "set"})


def problems(stage: Stage) -> Iterator[Problem]:
    """Yield for each install of what the image has, and of what only a host needs."""
    image = cuda_image(stage)
    for run in stage.runs:
        for call in run.package_calls if not run.deferred else ():
            if call.manager not in OS_MANAGERS or call.action != "install":
                continue
            again = [package for package in call.packages if image is not None and _has(image, package)]
            host = [package for package in call.packages if _OF_HOSTS.fullmatch(package.name)]
            if host and _starts_containers(stage):
                host = []
            both = bool(again and host) and len(again) + len(host) == len(call.packages)
            if image is not None and again:
                yield _again(stage, image, again, None if both else _without(run, call, again))
            if host:
                yield _of_hosts(stage, host, None if both else _without(run, call, host))


def _has(image: CudaImage, package: Package) -> bool:
    """Whether the image has a package; one of another version, or of an exact one, is asked for on purpose."""
    if package.version is not None or package.kind != "name":
        return False
    cudnn = _CUDNN.fullmatch(package.name)
    if cudnn is not None:
        return int(cudnn["major"]) == image.cudnn and (cudnn["dev"] is None or image.flavour == "devel")
    found = _FLAVOURS[image.flavour].fullmatch(package.name)
    if found is None:
        return False
    asked = tuple(int(found[part]) for part in ("major", "minor") if found[part] is not None)
    return image.version[: len(asked)] == asked


def _again(stage: Stage, image: CudaImage, packages: Sequence[Package], repair: Fix | None) -> Problem:
    names = listed(quote(package.name) for package in packages)
    open_ended = any(not package.name[-1].isdecimal() for package in packages)
    unsure = open_ended or any(map(_may_add, packages))
    return Problem(
        packages[0].word.span,
        f"{stage.label} installs {names} upon {quote(image.text)}, which has CUDA {spelled(image.version)}"
        f"{f' and cuDNN {image.cudnn}' if image.cudnn else ''} already. "
        f"{_consequence(packages, open_ended=open_ended)}",
        Confidence.LIKELY if unsure else image.confidence,
        doubt=image.doubt or ("a part of it that the image lacks may be meant" if unsure else ""),
        stage=stage.key,
        severity=None if stage.layers_ship else Severity.INFO,
        key="cuda again",
        fix=repair,
    )


def _may_add(package: Package) -> bool:
    return _COLLECTIONS.fullmatch(package.name) is not None or package.name.startswith(_NOT_FOR_ARM)


def _consequence(packages: Sequence[Package], *, open_ended: bool) -> str:
    names = [package.name for package in packages]
    it = "it" if len(names) == 1 else "them"
    if _UBUNTUS in names:
        return (
            f"`{_UBUNTUS}` is the distribution's own CUDA, mostly an older one: its `nvcc` then stands beside that of "
            f"the image, some gigabytes larger. Leave {it} out."
        )
    drivers = [name for name in names if _WITH_DRIVER.fullmatch(name)]
    if drivers:
        return (
            f"{quote(drivers[0])} brings the driver besides, which has to be the host's and is mounted when a "
            f"container starts. Leave {it} out."
        )
    if open_ended:
        return (
            "A name without a version is the newest CUDA of the package source: beside the image's own it is some "
            f"gigabytes more, and which of the two is used is left to a link. Leave {it} out, or name the version."
        )
    if any(_COLLECTIONS.fullmatch(name) for name in names):
        return f"What comes on top is mostly documentation and tools with windows: leave {it} out."
    return f"There is nothing to add: leave {it} out."


def _of_hosts(stage: Stage, packages: Sequence[Package], repair: Fix | None) -> Problem:
    names = listed(quote(package.name) for package in packages)
    return Problem(
        packages[0].word.span,
        f"{stage.label} installs {names}, with which a host gives its GPUs to containers. Inside of one it has nothing "
        "to do: leave it out, and install it where the container engine runs.",
        Confidence.LIKELY,
        doubt="an image that starts containers itself needs it",
        stage=stage.key,
        severity=None if stage.layers_ship else Severity.INFO,
        key="container runtime",
        fix=repair,
    )


@once
def _starts_containers(stage: Stage) -> bool:
    """Whether something in the stage, or the name of its base, speaks of a container engine."""
    names = [stage.root.base_text or "", *(item.name for item in stage.packages.installed)]
    names += [command.name for run in stage.all_runs for command in run.commands]
    return any(_ENGINES.search(name) for name in names if not _OF_HOSTS.fullmatch(name))


def _without(run: Run, call: PackageCall, packages: Sequence[Package]) -> Fix | None:
    """Take packages out of an install; the whole RUN where it installs nothing else and only cleans up besides."""
    source, title = run.instruction.source, f"Leave {listed(package.name for package in packages)} out"
    if len(packages) < len(call.packages):
        return fix(title, *(delete_word(source, package.word.span) for package in packages))
    beside = {id(one.command) for one in run.package_calls if one.action in ("update", "clean") or one is call}
    alone = all(id(command) in beside or command.name in _CLEANERS for command in run.commands)
    return fix(title, delete_instruction(run.instruction)) if alone and run.commands else None
