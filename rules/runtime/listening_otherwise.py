"""What makes a server that listens on the loopback address a server that is reached all the same."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rules.change import DockerfileChange
    from rules.model.stage import Stage
    from rules.runtime.loopback import Bound

_HOST_NETWORK = re.compile(r"network_mode:\s*[\"']?(?:host|service:|container:)")
_PROXIES = (
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
    return stage.packages.has(*_PROXIES) or any(stage.runtime.has_tool(name) for name in _PROXIES[:3])


def is_told_elsewhere(change: DockerfileChange, stage: Stage, bound: Bound) -> bool:
    """Tell whether a variable says it, or a compose file starts something else or shares the network of the host."""
    builds = change.repository.builds_of(change.path)
    if any(build.command for build in builds):
        return True
    variable = bound.variable
    if variable and (variable in stage.image.env or any(variable in build.environment for build in builds)):
        return True
    composed = (change.repository.text(build.path) or "" for build in builds)
    return any(map(_HOST_NETWORK.search, composed))
