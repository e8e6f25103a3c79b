"""Relatives of an image that advice can name: smaller ones, runtime-only ones, ones that do not run as root."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rules.facts import image_table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rules.facts.distributions import Release

_NOTE = re.compile(r"\s*\(.*\)$")


@dataclass(frozen=True)
class Relatives:
    """Images to suggest instead of one.

    Attributes:
        smaller: Tags of the same image and version that were still built when the data were taken.
        runtime: Images that run what this one builds.
        nonroot: Images with the same content that do not run as root.
        nonroot_user: An account of the image itself that can run the program: name and uid.
    """

    smaller: tuple[str, ...] = ()
    runtime: tuple[str, ...] = ()
    nonroot: tuple[str, ...] = ()
    nonroot_user: tuple[str, int | None] | None = None


def relatives_of(name: str, tag: str | None, languages: Mapping[str, str | None], release: Release | None) -> Relatives:
    """Return an image's relatives, with the versions filled in; what cannot be filled in is left out."""
    family = image_table.family(name) or {}
    nonroot = family.get("nonroot_alternative") or {}
    user = nonroot.get("user")
    return Relatives(
        smaller=_smaller(name, tag, family),
        runtime=_runtime(family, languages, release),
        nonroot=tuple(str(nonroot[key]) for key in ("image", "distroless", "chainguard") if nonroot.get(key)),
        nonroot_user=(user, nonroot.get("uid")) if user else None,
    )


def _smaller(name: str, tag: str | None, family: dict[str, Any]) -> tuple[str, ...]:
    """Return `<name>:<version>-slim` and its like for a tag that is not one of them already."""
    kinds: list[str] = family.get("smaller", [])
    if tag is None or any(kind in tag for kind in ("slim", "alpine", *kinds)):
        return ()
    stem = "" if tag == "latest" else f"{tag}-"
    version = re.match(r"v?\d+(?:\.\d+)*", tag)
    stems = [stem, *([f"{version.group()}-"] if version else [])]
    found = (
        next((f"{name}:{one}{kind}" for one in stems if image_table.is_built(name, one + kind)), None) for kind in kinds
    )
    return tuple(image for image in found if image is not None)


def _runtime(family: dict[str, Any], languages: Mapping[str, str | None], release: Release | None) -> tuple[str, ...]:
    version = next((version for version in languages.values() if version), None)
    values = {
        "v": version.partition(".")[0] if version and languages.keys() & {"java", "node"} else version,
        "java": languages.get("java"),
        "codename": release.codename if release else None,
    }
    found = (_filled(template, values) for template in family.get("runtime_base", []))
    return tuple(image for image in found if image is not None and _exists(image))


def _exists(image: str) -> bool:
    """Tell whether a suggested image was there when the data were taken."""
    if image == "scratch":
        return True
    name, _, tag = image.partition(":")
    family = image_table.family(name)
    return family is not None and ("/" in name or image_table.is_built(name, tag or "latest"))


def _filled(template: str, values: Mapping[str, str | None]) -> str | None:
    note = _NOTE.search(template)
    text = _NOTE.sub("", template)
    only = re.search(r"only (\d+\.\d+)", note.group()) if note else None
    if only and not (values.get("v") or "").startswith(only[1]):
        return None
    for key in re.findall(r"\{(\w+)\}", text):
        value = values.get(key)
        if value is None:
            return None
        text = text.replace(f"{{{key}}}", value)
    return text
