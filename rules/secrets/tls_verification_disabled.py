"""See tls_verification_disabled.md."""

import re
from collections.abc import Iterator

from rules.api import (
    Category,
    Confidence,
    DockerfileChange,
    Fix,
    Model,
    Problem,
    Run,
    Severity,
    Stage,
    Step,
    mended_at_once,
    once,
    quote,
    rule,
)
from rules.secrets.downloads.fetched import FETCHERS
from rules.secrets.named.readers import runs_below
from rules.secrets.tls.added_authorities import with_added_authority
from rules.secrets.tls.authorities import has_no_authorities
from rules.secrets.tls.places import Off, switched_off
from rules.secrets.tls.words import SHORT_FOR, WITH_HOST

_ASKED = re.compile(r"(?P<scheme>https?)://(?:[^/@\s]{0,200}@)?(?P<host>[\w.-]+)(?P<port>:\d+)?", re.IGNORECASE)
_HOST_BEHIND = 100
"""Where the host stands behind its option."""
_TRUSTED = re.compile(r"(?:(?:trusted|insecure)[-_]host)[\s=]+[\"']?(?P<host>[^\s\"',;]+)", re.IGNORECASE)
"""A host that pip or uv is to trust, in an option, its configuration or its variable."""
_SIGNED = frozenset({"apk", "apt", "apt-get", "dnf", "microdnf", "yum"})
"""Managers that check what they fetch by signatures too, with keys of the image: apk-repositories(5), apt-secure(8),
and `gpgcheck` in the dnf.conf of Fedora and Red Hat."""
_UNSIGNED = re.compile(
    r"allow-?untrusted|allow-?unauthenticated|allow-?insecure|force-yes|no-?gpg-?check|gpgcheck|trusted=yes",
    re.IGNORECASE,
)
"""What a file says that switches that off, or speaks of it."""


@rule(
    "tls-verification-disabled",
    severity=Severity.ERROR,
    category=Category.SECURITY,
    keywords=("RUN", "ENV", "ARG", "COPY", "ADD"),
    mentions=(
        *("curl", "ssl", "certificate", "verify", "tls", "no-check", "trusted-host", "trusted_host", "insecure"),
        *("trust-server-cert", "conda", "mamba"),
    ),
    aliases=tuple(f"CKV2_DOCKER_{number}" for number in (2, 3, 4, 5, 6, 12, 13, 14, 15, 16)),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """The check of certificates is switched off."""
    for stage in change.stages:
        for step in stage.steps:
            found = [
                off
                for off in switched_off(step)
                if not (_is_of_cleartext(change, off) or _is_unread(stage, off) or _is_hashed(step, off))
            ]
            told = [
                _problem(stage, step, off, bare=off.who in FETCHERS and has_no_authorities(stage, off.who))
                for off in found
            ]
            said = change.before is not None and any(off.what in change.before.code for off in found)
            yield from told if said else mended_at_once(told)


def _is_of_cleartext(change: DockerfileChange, off: Off) -> bool:
    """Whether the host to be trusted is asked by plain HTTP, so that it has no certificate; pip wants the word then."""
    behind = change.source.text[off.span.start : off.span.end + _HOST_BEHIND] if off.what in WITH_HOST else off.what
    trusted = _TRUSTED.search(behind)
    return trusted is not None and _schemes(change.after).get(trusted["host"].lower()) == {"http"}


def _is_unread(stage: Stage, off: Off) -> bool:
    """Whether the image's Python takes no notice: 2.7 alone reads the variable (PEP 493)."""
    version = stage.runtime.languages.get("python", "2") or "3"
    return off.what.startswith("PYTHONHTTPSVERIFY") and version.startswith("3")


def _is_hashed(step: Step, off: Off) -> bool:
    """Whether pip holds all that it fetches to the hashes of its requirements."""
    return isinstance(step, Run) and any(
        command.start <= off.span.start < command.end and command.has("--require-hashes") for command in step.commands
    )


def _is_signed(stage: Stage, off: Off) -> bool:
    """Whether what is fetched is checked by a signature all the same."""
    of_apt = off.what.startswith("Verify-")  # as its settings files have it
    return (off.who in _SIGNED or of_apt) and _UNSIGNED.search(stage.model.code) is None


@once
def _schemes(model: Model) -> dict[str, set[str]]:
    """Return by which schemes a file asks each host, with its port and without."""
    found: dict[str, set[str]] = {}
    for match in _ASKED.finditer(model.code):
        for host in (match["host"], match["host"] + (match["port"] or "")):
            found.setdefault(host.lower(), set()).add(match["scheme"].lower())
    return found


def _for(who: str) -> str:
    """Say whom it concerns: not the command that only writes the setting to a file."""
    if who in ("", "echo", "printf"):
        return ""
    return f" for {who}" if " " in who else f" for {quote(who)}"


def _then(stage: Stage, step: Step, off: Off) -> str:
    """Say what follows: of a variable behind all that the build does, for the container alone."""
    if _is_signed(stage, off):
        return (
            "The packages' signatures are still checked, but whoever stands between the builder and the server can "
            "hold newer ones back."
        )
    built = isinstance(step, Run) or not stage.layers_ship or runs_below(stage, step.instruction.span.start)
    if built or step.instruction.keyword != "ENV":
        return "Whoever stands between the builder and the server can then choose what is installed."
    return (
        "The container runs with it: whoever stands between it and a server can read what they say to each other, and "
        "answer in the server's place."
    )


def _is_conditional(step: Step, off: Off) -> bool:
    """Whether the command that switches it off may not run."""
    if not isinstance(step, Run):
        return False
    inside = (c for c in step.commands if c.span.start <= off.span.start < c.span.end)
    return any(command.conditional for command in inside)


def _problem(stage: Stage, step: Step, off: Off, *, bare: bool) -> Problem:
    way_out = (
        "Install `ca-certificates`, which the image lacks, and drop the option."
        if bare
        else "Copy the authority out of the build context instead: who is to be trusted must not come from whoever "
        "answers."
        if off.for_trust
        else with_added_authority(stage, step, off.who)
        or "Add the missing certificate authority to the image instead, or drop the option."
    )
    fix = (
        Fix("Check certificates again", (off.edit,))
        if off.edit is not None and not bare and not off.for_trust
        else None
    )
    what = SHORT_FOR.get(off.what, off.what)
    return Problem(
        off.span,
        f"{stage.label} switches off the check of certificates: {quote(off.what)}{_for(off.who)}. "
        f"{_then(stage, step, off)} {way_out}",
        Confidence.LIKELY if _is_conditional(step, off) else Confidence.CERTAIN,
        doubt="it runs under a condition",
        minor=_is_signed(stage, off),
        severity=Severity.WARNING if _is_signed(stage, off) else None,
        instruction=step.instruction,
        stage=stage.key,
        key=what,
        decision=f"{stage.key} {what}" if fix is None else f"{step.at} {what} {off.who}",
        fix=fix,
    )
