"""See label_in_discarded_stage.md."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from rules.api import (
    Category,
    Confidence,
    DockerfileChange,
    Instruction,
    Problem,
    Severity,
    Stage,
    names_read,
    quote,
    rule,
)
from rules.base_image.given_labels import is_given_by_build
from rules.model.lineage import built_upon
from rules.quoting import listed

_OF_IMAGES = ("org.opencontainers.image.", "org.label-schema.")
"""What describes an image to registries and scanners (OCI image-spec, annotations.md; label-schema.org)."""


@rule(
    "label-in-discarded-stage",
    severity=Severity.WARNING,
    category=Category.CORRECTNESS,
    keywords=("LABEL",),
    mentions=_OF_IMAGES,
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """What describes the image is set in a stage that is thrown away."""
    needed = change.after.needed_by_shipped
    for stage in change.stages:
        if stage.layers_ship or stage.index not in needed or _is_started(stage):
            continue
        heirs = [shipped for shipped in change.after.shipped if shipped.index > stage.index]
        if not heirs or any(key.startswith(_OF_IMAGES) for shipped in heirs for key in shipped.image.labels):
            continue
        found = [(one, key) for one in stage.instructions for key in _keys(one) if not is_given_by_build(change, key)]
        if found:
            yield replace(_problem(stage, found, heirs[-1]), held_before=_stood_there(change, stage, found[0][1]))


def _is_started(stage: Stage) -> bool:
    """Whether it, or one upon it, is an image of its own: something is started in it."""
    return any(one.keyword in ("ENTRYPOINT", "CMD") for other in built_upon(stage) for one in other.instructions)


def _stood_there(change: DockerfileChange, stage: Stage, key: str) -> bool:
    """Whether a stage had the label before the change, and was thrown away then too, whatever shipped."""
    was = change.was(stage)
    return was is not None and not was.layers_ship and any(key in _keys(one) for one in was.instructions)


def _keys(instruction: Instruction) -> list[str]:
    pairs = instruction.pairs if instruction.keyword == "LABEL" else ()
    return [name.text.strip("\"'") for name, _ in pairs if name.text.strip("\"'").startswith(_OF_IMAGES)]


def _problem(stage: Stage, found: list[tuple[Instruction, str]], shipped: Stage) -> Problem:
    """Speak of all labels of a stage; a single one may describe what is built there, unless the next FROM follows."""
    instruction, key = found[0]
    one = len(found) == 1
    rest = "" if one else f" and {len(found) - 1} more"
    meant = not one or instruction is stage.last_instruction
    describes, it = ("it describes", "it") if one else ("they describe", "them")
    return Problem(
        instruction.span,
        f"{stage.label} sets {quote(key)}{rest}, and only files are taken out of it: {shipped.label} ships without. If "
        f"{describes} that image, set {it} below the `FROM` at line {shipped.from_.line}{_and(stage, found, shipped)}.",
        Confidence.LIKELY if meant else Confidence.POSSIBLE,
        doubt="the stage may be published on its own",
        stage=stage.key,
        key=key,
    )


def _and(stage: Stage, found: list[tuple[Instruction, str]], shipped: Stage) -> str:
    """Name the variables that the labels read and that the other stage does not set."""
    own = _declared(stage.instructions)
    there = {name for link in shipped.chain for name in _declared(link.instructions)}
    labels = dict.fromkeys(instruction for instruction, _ in found)
    values = (value.text for one in labels for _, value in one.pairs if value is not None)
    read = dict.fromkeys(name for text in values for name in names_read(text))
    missing = [quote(f"{own[name]} {name}") for name in read if name in own and name not in there]
    return f", with {listed(missing)}, which end{'s' if len(missing) == 1 else ''} with this stage" if missing else ""


def _declared(instructions: Iterable[Instruction]) -> dict[str, str]:
    """Return the variables that instructions set, each with the keyword."""
    setting = (one for one in instructions if one.keyword in ("ARG", "ENV"))
    return {name.text: one.keyword for one in setting for name, _ in one.pairs}
