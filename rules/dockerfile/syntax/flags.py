"""Check the flags in front of an instruction's arguments (BuildKit's `bflag.go`, and the values it checks later)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rules.dockerfile.spelling import nearest
from rules.dockerfile.syntax.fault import fault, flag_name_span, listed
from rules.dockerfile.syntax.grammar import (
    ARCHITECTURES,
    FLAGS,
    NETWORKS,
    OPERATING_SYSTEMS,
    SECURITY_MODES,
    Takes,
)
from rules.dockerfile.syntax.mounts import device_faults, mount_faults
from rules.quoting import quote

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.dockerfile.nodes import Flag, Instruction, SyntaxFault

_UNIT = "ns|us|µs|μs|ms|s|m|h"
_DURATION = re.compile(rf"[+-]?(?:0|(?:(?:[0-9]++\.?[0-9]*+|\.[0-9]++)(?:{_UNIT}))++)")
_DURATION_PART = re.compile(rf"([0-9]*+\.?[0-9]*+)({_UNIT})")
_MILLISECONDS = {"ns": 1e-6, "us": 1e-3, "µs": 1e-3, "μs": 1e-3, "ms": 1.0, "s": 1e3, "m": 6e4, "h": 3.6e6}
_COUNT = re.compile(r"\+?[0-9]{1,10}")
_MOST_RETRIES = 2**31 - 1
_AFTER_SYSTEM = 2
"""Parts of a platform behind the operating system: the architecture and its variant."""


def known_flags(instruction: Instruction) -> bool:
    """Tell whether an instruction knows all its flags; one that it does not know may have taken what was meant."""
    return all(flag.name in FLAGS[instruction.keyword] for flag in instruction.flags)


def flag_faults(instruction: Instruction) -> Iterator[SyntaxFault]:
    """Yield what BuildKit refuses about an instruction's flags."""
    keyword = instruction.keyword
    if keyword in ("ARG", "STOPSIGNAL") or (keyword == "HEALTHCHECK" and instruction.value.upper() == "NONE"):
        # BuildKit never looks at these flags.
        return
    known = FLAGS[keyword]
    seen: set[str] = set()
    strange = False
    for flag in instruction.flags:
        takes = known.get(flag.name)
        if takes is None:
            told = _unknown(instruction, flag)
            if told.suggestion is not None or not strange:
                yield told
            strange = strange or told.suggestion is None
            continue
        if flag.name in seen and takes is not Takes.VALUES:
            yield fault(f"`--{flag.name}` stands twice: it is allowed once.", flag.span)
            continue
        seen.add(flag.name)
        found = _form(flag, takes) or _value(instruction, flag)
        if found:
            yield found
        elif flag.name == "mount":
            yield from mount_faults(flag, instruction.escape)
        elif flag.name == "device":
            yield from device_faults(flag)


def _unknown(instruction: Instruction, flag: Flag) -> SyntaxFault:
    """Name the flag that was meant, or what kind of thing this is."""
    keyword = instruction.keyword
    known = FLAGS[keyword]
    meant = nearest(flag.name, known)
    name = quote(f"--{flag.name}")
    if meant:
        place = flag_name_span(instruction, flag)
        return fault(
            f"`{keyword}` has no flag {name}: did you mean `--{meant}`?",
            place,
            meant if _form(flag._replace(name=meant), known[meant]) is None else None,
        )
    if known:
        return fault(f"`{keyword}` has no flag {name}; it knows {listed(f'--{each}' for each in known)}.", flag.span)
    return fault(f"`{keyword}` has no flags, so {name} stops the build.", flag.span)


def _form(flag: Flag, takes: Takes) -> SyntaxFault | None:
    """Check whether a flag has the value it needs."""
    if takes is not Takes.SWITCH:
        if flag.value is None:
            return fault(f"`--{flag.name}` needs a value, written `--{flag.name}=…` without blanks.", flag.span)
        return None
    if flag.value is None or flag.value.lower() in ("true", "false"):
        return None
    if not flag.value:
        return fault(f"`--{flag.name}=` needs `true` or `false`; `--{flag.name}` alone means true.", flag.span)
    return fault(f"`--{flag.name}` is `true` or `false`, not {quote(flag.value)}.", flag.value_span)


def _value(instruction: Instruction, flag: Flag) -> SyntaxFault | None:
    """Check a flag's value where BuildKit checks it without knowing the build."""
    value = flag.value or ""
    match instruction.keyword, flag.name:
        case "RUN", "network" | "security":
            return _choice(flag, NETWORKS if flag.name == "network" else SECURITY_MODES)
        case "FROM", "platform":
            return _platform(flag)
        case "HEALTHCHECK", "retries" if value:
            if _COUNT.fullmatch(value) is None or int(value) > _MOST_RETRIES:
                message = f"`--retries` is a whole number from 0 to {_MOST_RETRIES}, not {quote(value)}."
                return fault(message, flag.value_span)
        case "HEALTHCHECK", _ if value:
            return _duration(flag)
    return None


def _choice(flag: Flag, choices: tuple[str, ...]) -> SyntaxFault | None:
    """Check a value that must be one of a few; BuildKit expands no variables in it."""
    value = flag.value or ""
    if value in choices:
        return None
    if "$" in value:
        return fault(f"`--{flag.name}` takes no variables; it is one of {listed(choices)}.", flag.value_span)
    meant = nearest(value, choices)
    message = f"`--{flag.name}` is one of {listed(choices)}, not {quote(value)}."
    return fault(message, flag.value_span, meant)


def _duration(flag: Flag) -> SyntaxFault | None:
    """Check a duration as Go writes it, such as `1m30s`; BuildKit takes none below a millisecond."""
    value = flag.value or ""
    if _DURATION.fullmatch(value) is None:
        seconds = f"{value}s" if _COUNT.fullmatch(value) else None
        example = f"`{seconds}` for seconds" if seconds else "`30s` or `1m30s`"
        message = f"`--{flag.name}` is a duration with a unit, such as {example}; {quote(value)} is none."
        return fault(message, flag.value_span, seconds)
    total = sum(float(number) * _MILLISECONDS[unit] for number, unit in _DURATION_PART.findall(value))
    if total and (total < 1 or value.startswith("-")):
        return fault(f"`--{flag.name}` must be at least one millisecond.", flag.value_span)
    return None


def _platform(flag: Flag) -> SyntaxFault | None:
    """Check that a platform written out names an operating system and an architecture that exist."""
    value = (flag.value or "").lower()
    if not value or "$" in value:
        return None
    system, *rest = value.split("/")
    system = re.sub(r"\(.*\)$", "", system)
    if len(rest) > _AFTER_SYSTEM:
        return fault("`--platform` has too many parts. A platform reads `linux/amd64`.", flag.value_span)
    if not rest:
        known = system in OPERATING_SYSTEMS or system in ARCHITECTURES or system == "local"
        what = "neither an operating system nor an architecture"
    elif system not in OPERATING_SYSTEMS:
        known, what = False, f"no operating system: {quote(system)} is unknown"
    else:
        known, what = rest[0] in ARCHITECTURES, f"no architecture: {quote(rest[0])} is unknown"
    if known:
        return None
    return fault(f"`--platform` names {what}. A platform reads `linux/amd64`.", flag.value_span)
