"""The certificate authorities by which HTTPS knows a server: where they lie, and whether an image has any."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rules.facts.distributions import DEBIAN_FAMILY

if TYPE_CHECKING:
    from rules.api import Stage

_BRING_AUTHORITIES = frozenset("ca-certificates ca-certificates-java certbot software-properties-common".split())
"""Packages of Debian that depend on the certificate authorities or are them."""


_FOR_ALL = re.compile(r"/(?:ca-certificates|certs|anchors|keyrings|trusted\.gpg\.d)(?:/|$)|\.crt$")


def is_for_all(path: str) -> bool:
    """Tell whether what lies at a path is meant for everyone: authorities, public keys of repositories."""
    return _FOR_ALL.search(path) is not None


def has_no_authorities(stage: Stage, program: str) -> bool:
    """Tell whether a bare Debian or Ubuntu installs a program without the authorities that it recommends."""
    facts = stage.facts
    if facts is None or facts.distro not in DEBIAN_FAMILY or facts.full or facts.kind != "os":
        return False
    if stage.files.has_unreadable_run or any("cert" in put.path for put in stage.files.puts):
        return False
    present = stage.packages.present
    return any(item.name == program for item in present) and all(
        item.call.no_recommends and item.name not in _BRING_AUTHORITIES for item in present
    )
