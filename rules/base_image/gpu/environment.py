"""Variables that fix in an image which GPUs a container gets, and what of the driver."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from rules.api import Confidence, Fix, Problem, Severity, delete_instruction, delete_word, fix, quote
from rules.base_image.gpu.cuda_images import cuda_image

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.api import Instruction, Stage, Word

_TOOLKIT, _CUDA, _CAPABILITIES = "NVIDIA_VISIBLE_DEVICES", "CUDA_VISIBLE_DEVICES", "NVIDIA_DRIVER_CAPABILITIES"
_NO_DEVICES = frozenset({"", "none", "void", "nodevfiles", "-1"})
"""What hides all GPUs on purpose (NVIDIA Container Toolkit, "GPU Enumeration"; CUDA Programming Guide)."""
_DEVICES = re.compile(r"(?:\d+|(?:GPU|MIG)-[\w/-]+)(?:,(?:\d+|(?:GPU|MIG)-[\w/-]+))*")


class _Set(NamedTuple):
    """A variable as the image ends up with it, with the places of its name and value."""

    name: str
    value: str
    instruction: Instruction
    words: tuple[Word, Word]


def problems(stage: Stage) -> Iterator[Problem]:
    """Yield for each of the three variables that an ENV of a stage fixes, and that is still in force at its end."""
    if not stage.layers_ship:
        return
    for name in (_TOOLKIT, _CUDA, _CAPABILITIES):
        found = _set_in(stage, name)
        problem = _check(stage, found) if found is not None else None
        if problem is not None:
            yield problem


def _set_in(stage: Stage, name: str) -> _Set | None:
    """Return a variable that the stage itself sets; `None` where an argument decides on the value."""
    setting = stage.image.env.get(name)
    if setting is None or setting.stage is not stage or setting.instruction is None or setting.value is None:
        return None
    pairs = [(word, value) for word, value in setting.instruction.pairs if word.text == name]
    word, value = pairs[-1] if pairs else (None, None)
    if word is None or value is None or "$" in value.text:
        return None
    return _Set(name, setting.value.strip(), setting.instruction, (word, value))


def _check(stage: Stage, found: _Set) -> Problem | None:
    value = found.value.lower()
    if found.name == _CAPABILITIES:
        return _of_everything(stage, found) if value == "all" else None
    if value in _NO_DEVICES:
        return None
    if found.name == _TOOLKIT and value == "all":
        return _said_before(stage, found)
    return _of_devices(stage, found) if _DEVICES.fullmatch(found.value) else _of_nothing(stage, found)


def _said_before(stage: Stage, found: _Set) -> Problem | None:
    """The image of CUDA says so itself (its Dockerfile, `ENV NVIDIA_VISIBLE_DEVICES all`); a stage may say it again."""
    image = cuda_image(stage) if stage.parent is None else None
    if image is None:
        return None
    return Problem(
        found.words[0].span,
        f"{stage.label} sets `{_TOOLKIT}=all`, which {quote(image.text)} has set already. Leave it out.",
        image.confidence,
        doubt=image.doubt,
        instruction=found.instruction,
        stage=stage.key,
        severity=Severity.INFO,
        key=_TOOLKIT,
        fix=_without(found),
    )


def _of_devices(stage: Stage, found: _Set) -> Problem:
    one_host = "" if found.value.replace(",", "").isdecimal() else " No other host has them."
    return _fixed(
        stage,
        found,
        f": wherever it starts, the program is shown what that names of the GPUs, and no other.{one_host} Leave it "
        "out, and choose the GPUs where the container is started: `docker run --gpus`, or what the scheduler gives it.",
    )


def _of_nothing(stage: Stage, found: _Set) -> Problem | None:
    """CUDA counts devices up to the first that it does not know, so that a word hides all of them (its guide)."""
    if found.name != _CUDA:
        return None  # a list in a file, or the name of a resource of Kubernetes' device plugin
    return _fixed(
        stage,
        found,
        ", which names no GPU: CUDA knows numbers and UUIDs, stops at the first word that is neither, and shows the "
        "program none behind it. Leave it out: without it the program sees all that the container is given.",
    )


def _fixed(stage: Stage, found: _Set, then: str) -> Problem:
    """Speak of a value that decides in the image what whoever starts it should; `then` follows the fact."""
    return Problem(
        found.words[0].span,
        f"{stage.label} ships with {quote(f'{found.name}={found.value}')}{then}",
        Confidence.LIKELY,
        doubt="each start of a container may set it otherwise",
        instruction=found.instruction,
        stage=stage.key,
        key=found.name,
        fix=_without(found),
    )


def _of_everything(stage: Stage, found: _Set) -> Problem:
    return Problem(
        found.words[0].span,
        f"{stage.label} asks for all of the driver by {quote(f'{found.name}={found.value}')}. The host then mounts its "
        "libraries for graphics, display and video as well, which a container needs that draws or encodes. Name what "
        "the program uses: `compute,utility` is enough for CUDA and `nvidia-smi`.",
        Confidence.LIKELY,
        doubt="the program may draw and encode besides",
        instruction=found.instruction,
        stage=stage.key,
        severity=Severity.INFO,
        key=found.name,
    )


def _without(found: _Set) -> Fix | None:
    """Take the variable out, and its ENV where that sets nothing else; `ENV NAME value` sets one."""
    instruction = found.instruction
    names = {word.text for word, _ in instruction.pairs}
    if names == {found.name}:
        return fix(f"Leave {found.name} out", delete_instruction(instruction))
    name, value = found.words
    pair = instruction.source.span(name.span.start, value.span.end)
    if names <= {_TOOLKIT, _CUDA} or [word.text for word, _ in instruction.pairs].count(found.name) > 1:
        return None  # both of them together would leave an ENV of nothing
    return fix(f"Leave {found.name} out", delete_word(instruction.source, pair))
