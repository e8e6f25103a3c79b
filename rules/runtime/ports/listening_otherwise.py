"""What makes a server that listens on the loopback address a server that is reached all the same."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rules.dockerfile.nodes import is_dockerfile
from rules.lazily import once
from rules.runtime.starts.outside import given_by_builds, has_env_file, texts_of_builds

if TYPE_CHECKING:
    from rules.change import DockerfileChange
    from rules.model.stage import Stage
    from rules.runtime.ports.loopback import Bound

_HOST_NETWORK = re.compile(r"network_mode:\s*[\"']?(?:host|service:|container:)")
PROXIES = (
    "nginx",
    "caddy",
    "haproxy",
    "apache2",
    "httpd",
    "traefik",
    "envoy",
    "supervisor",
    "supervisord",
    "lighttpd",
)


def has_proxy(stage: Stage) -> bool:
    """Tell whether a server in the same container may pass on what it gets."""
    return stage.packages.has(*PROXIES) or any(stage.runtime.has_tool(name) for name in PROXIES[:3])


_RUNS = re.compile(r"\b(?:docker|podman)[ \t]+run\b")
_ON_HOST = re.compile(r"(?<!\S)--net(?:work)?[= ]host\b")
"""A container with the network of the host (docker-run(1))."""


def is_told_elsewhere(change: DockerfileChange, stage: Stage, bound: Bound) -> bool:
    """Tell whether a variable says it, or a compose file starts something else or shares the network of the host."""
    if change.repository.starts_otherwise(change.path) or shares_network(change):
        return True
    if not bound.variable:
        return False
    return bound.variable in stage.image.env or bound.variable in given_by_builds(change) or has_env_file(change)


def shares_network(change: DockerfileChange) -> bool:
    """Tell whether a file that builds this one has a service with the network of the host, or of another one.

    Or a script starts a container with the network of the host.
    """
    return any(map(_HOST_NETWORK.search, texts_of_builds(change))) or _runs_on_host(change)


@once
def _runs_on_host(change: DockerfileChange) -> bool:
    texts = (change.repository.text(path) or "" for path in change.repository.files if not is_dockerfile(path))
    calls = (line for text in texts if "=host" in text or " host" in text for line in _lines(text))
    return any(_RUNS.search(line) and _ON_HOST.search(line) for line in calls)


def _lines(text: str) -> list[str]:
    return text.replace("\\\n", " ").splitlines()
