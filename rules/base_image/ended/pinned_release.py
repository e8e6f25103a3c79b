"""A release that the tag or the project's files hold to, and that the way out would leave."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rules.base_image.moved.version_contracts import contracts
from rules.base_image.moved.version_ranges import satisfies
from rules.base_image.named_images import facts_named
from rules.facts.replacement import same_release
from rules.numbers import numbers_of
from rules.quoting import quote

if TYPE_CHECKING:
    from datetime import date

    from rules.base_image.moved.version_contracts import Contract
    from rules.change import DockerfileChange
    from rules.model.stage import Stage

_IN_TAG = re.compile(r"(?<![\d.])\d+\.\d+\.\d+(?:[._]\d+)*")
_RELEASE = re.compile(r"=?\s*v?(\d+\.\d+\.\d+)")


def release_left(change: DockerfileChange, stage: Stage, instead: str | None, today: date) -> str:
    """Say which image keeps the release, and which file of the project asks for another one than the way out brings.

    Args:
        change: The file.
        stage: The stage that is to move.
        instead: Where to; `None` where no tag is named.
        today: The day to judge by.
    """
    reference = stage.reference
    if instead is None or reference is None or instead == reference.text:
        return ""
    release = _IN_TAG.search(reference.tag or "")
    same = same_release(reference, today) if release is not None and release[0] not in instead else None
    said = f" {quote(same)} keeps its release, and is not rebuilt any more." if same is not None else ""
    pinned = _pinned(change, stage, instead)
    if pinned is not None:
        where = f"{quote(pinned.path)} asks for {quote(pinned.constraint)}"
        said += f" {where}: both have to change together{', but for that one' if said else ''}."
    return said


def _pinned(change: DockerfileChange, stage: Stage, instead: str) -> Contract | None:
    """Return what a file of the project demands and the old image fits, or may fit, and the new one does not."""
    newer = facts_named(instead)
    older = stage.facts.languages if stage.facts is not None else {}
    for language, version in newer.languages.items() if newer is not None else ():
        now, before = numbers_of(version), numbers_of(older.get(language))
        for contract in contracts(change, language):
            exact = _RELEASE.fullmatch(contract.constraint)
            left = exact is not None and exact[1] not in instead
            if (left or satisfies(now, contract.comparable) is False) and satisfies(before, contract.comparable):
                return contract
    return None
