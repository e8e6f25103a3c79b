"""See time_zone_without_data.md.

musl's manual ("Environment Variables", `TZ`) and tzset(3): a name is looked up below `/usr/share/zoneinfo`, and UTC is
taken where it is not found. Alpine's and Ubuntu's images have no such folder; both have it in the package `tzdata`.
"""

import re
from collections.abc import Iterator

from rules.api import (
    Category,
    Confidence,
    DockerfileChange,
    Instruction,
    Problem,
    Severity,
    Stage,
    quote,
    rule,
)
from rules.packages.scripts import runs_scripts

_ZONE = re.compile(r"(?:Africa|America|Antarctica|Asia|Atlantic|Australia|Europe|Indian|Pacific)/[A-Za-z_/-]+")
_INSTALLS = {"alpine": "apk add --no-cache tzdata", "ubuntu": "apt-get install -y --no-install-recommends tzdata"}
_SPOKEN_OF = re.compile(r"tzdata|zoneinfo|/etc/localtime")
_BRINGS_ITS_OWN = re.compile(r"openjdk|nodejs|php|dotnet|icu|python|\bjre\b|\bjdk\b|ruby|postgres|mariadb|mysql")
"""Packages of runtimes that have the zones themselves, or that may bring the package along."""


@rule(
    "time-zone-without-data",
    severity=Severity.WARNING,
    category=Category.CORRECTNESS,
    keywords=("ENV",),
    mentions=("tz",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """`TZ` names a time zone in an image that has no data of time zones."""
    if _SPOKEN_OF.search(change.after.code):
        return
    for stage in change.after.shipped:
        setting = stage.image.env.get("TZ")
        instruction = setting.instruction if setting is not None and setting.set_in_file else None
        if setting is None or instruction is None or not _ZONE.fullmatch(setting.value or ""):
            continue
        if _has_no_data(stage):
            yield _problem(stage, instruction, setting.value or "")


def _has_no_data(stage: Stage) -> bool:
    """Whether the image is a system's own, and nothing that comes to it has data of time zones."""
    facts = stage.facts
    if facts is None or facts.kind != "os" or facts.distro not in _INSTALLS or not facts.exact:
        return False
    brought = any(_BRINGS_ITS_OWN.search(item.name) or "$" in item.name for item in stage.packages.present)
    trees = any(put.tree and put.kind in ("stage", "image") and put.path in ("/", "/usr") for put in stage.files.puts)
    return not (brought or trees or stage.files.has_unreadable_run or runs_scripts(stage))


def _problem(stage: Stage, instruction: Instruction, zone: str) -> Problem:
    facts = stage.facts
    assert facts is not None, "the caller looked"
    assert facts.distro is not None, "the caller looked"
    return Problem(
        instruction.span,
        f"{stage.label} sets `TZ` to {quote(zone)}, and {quote(stage.root.base_text or '')} has no data of time zones: "
        "the name is not found, and the clock stays at UTC without a word. Install them with "
        f"{quote(_INSTALLS[facts.distro])}.",
        Confidence.LIKELY,
        doubt="the program may bring the zones along",
        instruction=instruction,
        stage=stage.key,
        key="TZ",
    )
