"""The certificates of the authorities, without which no HTTPS connection of the system's programs comes about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.facts.brought_along import brings_along
from rules.facts.distributions import DEBIAN_FAMILY

if TYPE_CHECKING:
    from rules.api import ImageFacts, Stage

CERTIFICATES = "ca-certificates"
"""The package of apt's that holds them."""
_WITHOUT = frozenset({"node"})
"""Official images whose slim variants remove `ca-certificates` again, as their Dockerfiles say: Node brings its own."""

WITH_CERTIFICATES = ("gcr.io/distroless/", "cgr.dev/chainguard/")
"""Images without a shell that have them, with time zones and accounts (their README, "What's in them")."""


_NAMED = ("SSL_CERT_FILE", "SSL_CERT_DIR")
"""Variables that name the certificates to programs that ask OpenSSL, or do as it does."""


def brings_certificates(stage: Stage) -> bool:
    """Tell whether certificates come from the base or from another package, or are not needed as far as we see."""
    facts = stage.facts
    if facts is None or not (_is_old_alpine(facts) or (has_none(facts) and facts.kind == "os")):
        return True
    if any(stage.image.env.get(name) is not None for name in _NAMED):
        return True
    if any("certs" in put.path or "ca-certificates" in put.path for put in stage.files.puts):
        return True
    present = [item for item in stage.packages.present if item.manager == "apt"]
    return any(brings_along(item.call, item.name, CERTIFICATES, facts.release) for item in present)


def certificates_of(stage: Stage) -> str:
    """Return what the rules have in common that see a stage without them."""
    return f"certificates {stage.key}"


def has_bundle(stage: Stage) -> bool:
    """Tell whether the base image is known to have the certificates of the authorities."""
    facts = stage.facts
    if facts is None:
        return False
    if facts.distro in ("alpine", "wolfi"):
        return not _is_old_alpine(facts)
    return facts.name.startswith(WITH_CERTIFICATES) or facts.has_tool("update-ca-certificates") is True


def has_none(facts: ImageFacts) -> bool:
    """Tell whether a base image of Debian or Ubuntu is known to have no certificates for the system's programs."""
    if facts.distro not in DEBIAN_FAMILY or facts.full or facts.has_tool("curl") or facts.has_tool("wget"):
        return False
    return (facts.kind == "os" or facts.name in _WITHOUT) and not facts.has_tool("update-ca-certificates")


def _is_old_alpine(facts: ImageFacts) -> bool:
    """Whether it is a release of Alpine that came without any certificates: those before 3.10."""
    numbers = facts.release.numbers if facts.distro == "alpine" and facts.release is not None else ()
    return bool(numbers) and numbers < (3, 10)
