"""Images of .NET without ICU, which programs need for any culture but the invariant one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.problem import Confidence, Note, Problem
from rules.quoting import quote

if TYPE_CHECKING:
    from rules.model.settings import Setting
    from rules.model.stage import Stage

_IMAGES = frozenset(f"mcr.microsoft.com/dotnet/{name}" for name in ("runtime-deps", "runtime", "aspnet"))
_SMALL = ("alpine", "chiseled", "distroless")
"""What the tags of images without ICU say, unless `-extra` stands behind it (dotnet/dotnet-docker, "Enabling
globalization functionality" and "Distroless .NET images")."""
_SWITCH = "DOTNET_SYSTEM_GLOBALIZATION_INVARIANT"


def missing_icu(stage: Stage) -> Problem | None:
    """Return what there is to say of a program that is told to use ICU in an image without it."""
    setting = wants_icu(stage)
    if setting is None or setting.instruction is None or has_icu(stage) is not False:
        return None
    base = stage.root.base_text or ""
    cure = "Install it with `apk add --no-cache icu-libs`" if "alpine" in base else "Take the image with `-extra`"
    return Problem(
        stage.from_.span,
        f"{stage.label} sets {quote(f'{_SWITCH}={setting.value}')}, and {quote(base)} has no ICU: the program stops at "
        f"its start with “Couldn't find a valid ICU package”. {cure}, or leave the variable to the image, which turns "
        "cultures off.",
        Confidence.LIKELY,
        doubt="the project may set `InvariantGlobalization` itself, or bring ICU along",
        stage=stage.key,
        key="ICU",
        notes=(Note(setting.instruction.span, "set here"),),
    )


def wants_icu(stage: Stage) -> Setting[str] | None:
    """Return the variable with which a file turns cultures on; `None` where it does not."""
    setting = stage.image.env.get(_SWITCH)
    if setting is None or not setting.set_in_file or (setting.value or "").lower() not in ("false", "0"):
        return None
    return setting


def has_icu(stage: Stage) -> bool | None:
    """Tell whether an image has ICU; `None` where that is not known."""
    facts = stage.facts
    if facts is None or facts.name not in _IMAGES or facts.tag is None or stage.files.has_unreadable_run:
        return None
    if "extra" in facts.tag.split("-") or not any(mark in facts.tag for mark in _SMALL):
        return True
    names = [item.name for item in stage.packages.installed] + [
        text for put in stage.files.puts for text in (put.path, put.source)
    ]
    if any("icu" in name.lower() for name in names) or any(
        put.tree and put.kind in ("stage", "image") and put.path in ("/", "/usr", "/usr/lib", "/lib")
        for put in stage.files.puts
    ):
        return True
    return None if any("$" in item.name for item in stage.packages.installed) else False
