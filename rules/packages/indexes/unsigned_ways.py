"""The way that packages come whose signatures nobody is to check, and who may change them on it."""

from __future__ import annotations

import re
from typing import NamedTuple

_ADDRESS = re.compile(r"(?P<gpgkey>gpgkey\s{0,9}=\s{0,9})?(?P<scheme>https?|ftp|file)://", re.IGNORECASE)
_LISTS_MIRRORS = re.compile(r"(?:mirrorlist|metalink)\s{0,9}=", re.IGNORECASE)


class Way(NamedTuple):
    """The way that packages take.

    Attributes:
        who: Who decides what arrives.
        sealed: Whether all of it comes from one server's own TLS, so that nobody between can change it.
        local: Whether it comes from folders of the image or the build alone, and from no network.
    """

    who: str
    sealed: bool = False
    local: bool = False


def way_of(text: str) -> Way:
    """Return the way of packages that a text gives the addresses of; keys that it names apart do not count.

    TLS names the server to apt, dnf and pacman, which verify its certificate unless told otherwise (`Verify-Peer` of
    apt-transport-https(1), `sslverify` of dnf.conf(5)): a proxy or a name server cannot pass for it then.
    """
    schemes = {found["scheme"].lower() for found in _ADDRESS.finditer(text) if not found["gpgkey"]}
    if schemes == {"file"}:
        return Way("", local=True)
    if schemes == {"https"} and _LISTS_MIRRORS.search(text) is None and "sslverify" not in text.lower():
        return Way("Who controls that server", sealed=True)
    return Way("Who controls a mirror, a proxy or the name server")
