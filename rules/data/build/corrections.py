"""What the raw tables of images get wrong or leave out, each with the reason."""

from __future__ import annotations

from typing import Any

KINDS = {
    **dict.fromkeys(
        "alt archlinux centos cirros clearlinux clefos crux euleros mageia neurodebian opensuse sl sourcemage "
        "ubuntu-debootstrap ubuntu-upstart".split(),
        "os",
    ),
    **dict.fromkeys(
        "arangodb clickhouse couchbase couchdb crate eclipse-mosquitto elasticsearch emqx influxdb jetty kibana "
        "kong logstash neo4j registry rethinkdb solr sonarqube telegraf varnish zookeeper".split(),
        "server",
    ),
    "gcc": "sdk",
}
"""The kind of official images that have tags but no recipe in the raw table; by their own documentation."""

CONVENTIONS: list[dict[str, Any]] = [
    {
        "prefix": "dhi.io/",
        "nonroot": True,
        "unless": "(?:^|-)(?:dev|sdk|build|builder|compat)(?:-|$)",
        "source": "Docker Hardened Images documentation: runtime variants run as a non-root user, dev variants as root",
    },
    {
        "prefix": "cgr.dev/chainguard/",
        "nonroot": True,
        "unless": "(?:^|-)dev$",
        "source": "Chainguard documentation: images run as uid 65532 unless their page says otherwise",
    },
    {
        "prefix": "docker.io/nginxinc/nginx-unprivileged",
        "nonroot": True,
        "unless": "",
        "source": "nginxinc/docker-nginx-unprivileged README: runs as uid 101",
    },
]
"""What a publisher promises for all images under a name."""


def corrected(name: str, config: dict[str, Any]) -> dict[str, Any]:
    """Return a configuration of an image without the faults known in the raw table."""
    if name == "busybox":
        # The raw table takes it for a Linux distribution with bash; busybox has its own shell alone.
        return config | {"tools": ["busybox", "sh", "wget"]}
    return config
