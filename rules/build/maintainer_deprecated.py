"""See maintainer_deprecated.md."""

import json
from collections.abc import Iterator

from rules.api import (
    Category,
    DockerfileChange,
    Fix,
    Instruction,
    Problem,
    Severity,
    delete_instruction,
    fix,
    quote,
    replace,
    rule,
)

_LABELS = ("org.opencontainers.image.authors", "maintainer")
_BESIDE = "A label of the file names the authors already: delete this line."


@rule(
    "maintainer-deprecated",
    severity=Severity.INFO,
    category=Category.MAINTAINABILITY,
    default="info",
    keywords=("MAINTAINER",),
    aliases=("DL4000", "MaintainerDeprecated", "DS-0022", "CKV_DOCKER_6", "S6586"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """MAINTAINER is used, which labels replaced."""
    labels = (
        name.text for one in change.after.dockerfile.instructions if one.keyword == "LABEL" for name, _ in one.pairs
    )
    said = any(name.strip("\"'") in _LABELS for name in labels)
    had = change.before is not None and any(map(_is_maintainer, change.before.dockerfile.instructions))
    for instruction in change.after.dockerfile.instructions:
        if _is_maintainer(instruction):
            yield Problem(
                instruction.span,
                f"`MAINTAINER` ({quote(instruction.value)}) is deprecated since Docker 1.13; registries and scanners "
                f"read labels. {_BESIDE if said else 'Write it as `LABEL org.opencontainers.image.authors`.'}",
                decision="a label for MAINTAINER",
                mends_alike=True,
                held_before=had,  # whoever takes over writes no more than another name
                fix=fix("Leave it to the label", delete_instruction(instruction)) if said else _fix(instruction),
            )


def _is_maintainer(instruction: Instruction) -> bool:
    return instruction.keyword == "MAINTAINER"


def _fix(instruction: Instruction) -> Fix:
    """The label with the same text but for its quotes; a dollar sign stays a dollar sign."""
    text = instruction.value.strip()
    if text[:1] == text[-1:] == "'" and text.count("'") == len("''"):
        text = text[1:-1]
    text = text.replace('"', "").strip()
    value = json.dumps(text, ensure_ascii=False).replace("$", f"{instruction.escape}$")
    label = f"LABEL org.opencontainers.image.authors={value}"
    return Fix("Write it as a label", (replace(instruction.source, instruction.span, label),))
