"""Servers that many files fetch from and that are gone for good, each with the day and where that is said.

Only what its operator has announced and carried out; a host that redirects (`jcenter.bintray.com`) is not gone.
"""

from __future__ import annotations

import re
from typing import NamedTuple


class GoneHost(NamedTuple):
    """A server, or one way to reach it, that answers no more.

    Attributes:
        pattern: How it stands in a command or an address.
        name: What a message calls it, in Markdown.
        since: What happened when, as a clause.
        instead: The way out, a sentence without its full stop.
    """

    pattern: re.Pattern[str]
    name: str
    since: str
    instead: str

    @property
    def address(self) -> str:
        """The name as it stands in a command, where it is an address."""
        return self.name.strip("`")


GONE_HOSTS = (
    # As JFrog's blog said under "Into the Sunset on May 1st: Bintray, JCenter, GoCenter, and ChartCenter"
    GoneHost(
        re.compile(r"//(?!jcenter\.)(?:[\w-]+\.)*bintray\.com(?![\w.-])", re.IGNORECASE),
        "`bintray.com`",
        "which JFrog closed on 1 May 2021",
        "Take the file from where the project publishes it now",
    ),
    # GitHub, "Improving Git protocol security on GitHub" (github.blog, 2021-09-01)
    GoneHost(
        re.compile(r"(?<!\w)git://github\.com(?![\w.-])", re.IGNORECASE),
        "`git://github.com`",
        "a protocol that GitHub switched off on 15 March 2022",
        "Write `https://github.com`",
    ),
    # kubernetes.io, "Kubernetes Legacy Package Repositories Will Be Frozen On September 13, 2023", update of 2024-03-26
    GoneHost(
        re.compile(
            r"//(?:apt|yum)\.kubernetes\.io(?![\w.-])"
            r"|//packages\.cloud\.google\.com/(?:apt/?\s+kubernetes-\w+|yum/repos/kubernetes-)",
            re.IGNORECASE,
        ),
        "Google's old repositories of Kubernetes",
        "which went away on 4 March 2024",
        "Take the packages from `https://pkgs.k8s.io`, which has a folder for each minor release",
    ),
    # sks-keyservers.net, "Update 2021-06-21": the pool has no DNS records any more (quoted in nginx/docker-nginx#597)
    GoneHost(
        re.compile(r"(?<![\w.-])(?:[\w-]+\.)*sks-keyservers\.net(?![\w.-])", re.IGNORECASE),
        "`sks-keyservers.net`",
        "which has had no servers in the DNS since 21 June 2021",
        # `hkps` checks a certificate, for which a slim image has nothing
        "Ask `keyserver.ubuntu.com` or, where `ca-certificates` is installed, `hkps://keys.openpgp.org`, if they have "
        "the key",
    ),
    # boostorg/boost#924 and #997: the agreement with JFrog ended in December 2024
    GoneHost(
        re.compile(r"//boostorg\.jfrog\.io(?![\w.-])", re.IGNORECASE),
        "`boostorg.jfrog.io`",
        "which was shut down at the end of 2024",
        "Take the release from `https://archives.boost.io`, whose paths have no `artifactory/main` in front",
    ),
    # Azure/AKS#4792; other names below azureedge.net were moved to another network and may answer still
    GoneHost(
        re.compile(r"//acs-mirror\.azureedge\.net(?![\w.-])", re.IGNORECASE),
        "`acs-mirror.azureedge.net`",
        "which Microsoft retired on 31 May 2025",
        "Take the file from `https://packages.aks.azure.com`",
    ),
)


def gone_host(text: str) -> GoneHost | None:
    """Return the server that a command or an address names and that answers no more."""
    return next((gone for gone in GONE_HOSTS if gone.pattern.search(text)), None)
