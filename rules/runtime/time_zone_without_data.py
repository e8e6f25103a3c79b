"""See time_zone_without_data.md.

musl's manual ("Environment Variables", `TZ`) and tzset(3): a name is looked up below `/usr/share/zoneinfo`, and UTC is
taken where it is not found. Alpine's and Ubuntu's images have no such folder; both have it in the package `tzdata`.
"""

import posixpath
import re
from collections.abc import Iterator

from rules.api import (
    Category,
    Confidence,
    DockerfileChange,
    Instruction,
    PackageCall,
    Problem,
    Run,
    Severity,
    Stage,
    quote,
    rule,
)
from rules.packages.scripts import runs_scripts

_ZONE = re.compile(r"(?:Africa|America|Antarctica|Asia|Atlantic|Australia|Europe|Indian|Pacific)/[A-Za-z_/-]+")
_INSTALLS = {"alpine": "apk add --no-cache tzdata", "ubuntu": "apt-get install -y --no-install-recommends tzdata"}
_READ_ZONES = frozenset({"dotnet", "go", "python", "ruby"})
"""Languages that read the system's data: Java, Node.js and PHP have the zones themselves."""
_SPOKEN_OF = re.compile(r"tzdata|zoneinfo|/etc/localtime")
_BRINGS_ITS_OWN = re.compile(r"openjdk|nodejs|php|dotnet|icu|python|\bjre\b|\bjdk\b|ruby|postgres|mariadb|mysql")
"""Packages of runtimes that have the zones themselves, or that may bring the package along."""
_BRING_NOTHING = frozenset(
    "apt-transport-https apt-utils bash build-essential bzip2 ca-certificates cmake cron curl dumb-init file g++ gcc "
    "gettext-base git gnupg gnupg2 gosu gzip iproute2 iputils-ping jq less locales make nano net-tools "
    "netcat-openbsd openssh-client openssl pkg-config procps rsync sudo tar tini unzip wget xz-utils zip".split()
)
"""Packages with which Ubuntu's `tzdata` does not come along; what stands upon Python, Tcl or R often brings it."""
_PROGRAMS_WITH_ZONES = frozenset({"node", "java", "php", "bun", "deno"})
"""Programs of runtimes that have the zones themselves, where one is copied into the image."""


@rule(
    "time-zone-without-data",
    severity=Severity.WARNING,
    category=Category.CORRECTNESS,
    keywords=("ENV",),
    mentions=("tz",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """`TZ` names a time zone in an image that has no data of time zones."""
    if _mounts_data(change):
        return
    spoken_of = _SPOKEN_OF.search(change.after.code) is not None
    for stage in change.after.shipped:
        setting = stage.image.env.get("TZ")
        instruction = setting.instruction if setting is not None and setting.set_in_file else None
        if setting is None or instruction is None or not _ZONE.fullmatch(setting.value or ""):
            continue
        if not spoken_of and _has_no_data(stage):
            yield _problem(stage, instruction, setting.value or "")
        elif spoken_of and (removal := _removal(stage)) is not None:
            yield _removed(stage, instruction, setting.value or "", removal)


def _removal(stage: Stage) -> PackageCall | None:
    """Return the call that takes the data out of an image upon Alpine again, when no other thing can bring them.

    `/etc/localtime` is read where `TZ` is not set, and a copy there does not help.
    """
    facts = stage.facts
    if (
        facts is None
        or facts.distro != "alpine"
        or facts.kind == "server"
        or not _READ_ZONES.issuperset(facts.languages)
    ):
        return None
    data = [item for item in stage.packages.installed if item.name == "tzdata"]
    if not data or not all(item.is_removed_by_name for item in data) or _may_have_data(stage):
        return None
    commands = (command for run in stage.all_runs for command in run.commands)
    kept = any("zoneinfo" in str(command) and "/etc/localtime" not in str(command) for command in commands)
    others = (step.instruction for step in stage.all_steps if not isinstance(step, Run))
    return None if kept or any("zoneinfo" in one.text.lower() for one in others) else data[-1].removed_by


def _has_no_data(stage: Stage) -> bool:
    """Whether the image is a system's own, and nothing that comes to it has data of time zones."""
    facts = stage.facts
    os = facts is not None and facts.kind == "os" and facts.distro in _INSTALLS and facts.exact
    return os and not _may_have_data(stage)


def _may_have_data(stage: Stage) -> bool:
    """Whether a package, a copied tree or a script may have brought the data, or the zones of a runtime's own."""
    brought = any(_may_bring(stage, item.name) for item in stage.packages.present)
    brought |= any(posixpath.basename(put.path) in _PROGRAMS_WITH_ZONES for put in stage.files.puts)
    trees = any(put.tree and put.kind in ("stage", "image") and put.path in ("/", "/usr") for put in stage.files.puts)
    return brought or trees or stage.files.has_unreadable_run or runs_scripts(stage)


def _may_bring(stage: Stage, package: str) -> bool:
    if stage.facts is not None and stage.facts.distro == "ubuntu":
        return package not in _BRING_NOTHING
    return _BRINGS_ITS_OWN.search(package) is not None or "$" in package


def _mounts_data(change: DockerfileChange) -> bool:
    """Whether a compose file mounts the host's data."""
    builds = change.repository.builds_of(change.path)
    return any("zoneinfo" in path for build in builds for path in build.mounts)


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


def _removed(stage: Stage, instruction: Instruction, zone: str, removal: PackageCall) -> Problem:
    command = removal.command
    copied = any("/etc/localtime" in run.instruction.whole_value for run in stage.all_runs)
    local = ", and `/etc/localtime` is read only where `TZ` is not set" if copied else ""
    return Problem(
        instruction.span,
        f"{stage.label} sets `TZ` to {quote(zone)}, and {quote(str(command))} (line {command.line}) takes the data of "
        f"time zones out of the image: the name is not found, and the clock stays at UTC without a word{local}. Leave "
        f"`tzdata` in{', or take `TZ` out' if copied else ''}.",
        Confidence.LIKELY,
        doubt="the program may bring the zones along",
        instruction=instruction,
        stage=stage.key,
        key="TZ",
    )
