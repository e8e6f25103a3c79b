"""See expose_admin_port.md."""

from collections.abc import Iterator

from rules.api import BY_ARGUMENT, Category, Confidence, DockerfileChange, Problem, Severity, Stage, quote, rule
from rules.runtime.ports import Exposed, exposed_in_shipped

_ADMIN = {22: "SSH", 23: "Telnet", 3389: "remote desktop", 5800: "VNC", 5900: "VNC"}
_SERVERS = {
    22: ("ssh", "dropbear", "sftp", "bastion"),
    23: ("telnetd", "busybox"),
    3389: ("xrdp",),
    5800: ("vnc",),
    5900: ("vnc",),
}
"""What listens there when that is the very point of the image."""

_PRODUCTS: dict[int, tuple[str, ...]] = {
    22: ("gitea", "forgejo", "gogs", "gitlab", "gerrit", "sftpgo"),
    23: (),
    3389: ("xrdp",),
    5800: ("vnc",),
    5900: ("vnc",),
}
"""Products that offer it to their users."""

_PACKAGES: dict[int, frozenset[str]] = {
    22: frozenset({"openssh", "openssh-server", "ssh", "dropbear"}),
    3389: frozenset({"xrdp"}),
    5800: frozenset({"tigervnc-standalone-server", "tightvncserver", "x11vnc"}),
    5900: frozenset({"tigervnc-standalone-server", "tightvncserver", "x11vnc"}),
}
"""Packages of the server: an image that brings one, and exposes nothing else, is there for it."""


@rule(
    "expose-admin-port",
    severity=Severity.WARNING,
    category=Category.SECURITY,
    keywords=("EXPOSE",),
    aliases=("DS-0004", "CKV_DOCKER_1", "S6473"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A port for remote administration is exposed."""
    items = tuple(exposed_in_shipped(change))
    for item in items:
        port = _admin_port(item)
        if port is None or _is_the_point(change, item.stage, port) or _is_all(items, item.stage, port):
            continue
        yield Problem(
            item.word.span,
            f"{item.stage.label} exposes {quote(item.word.text)}, the port of {_ADMIN[port]}. `docker run -P` and "
            "network policies drawn from the image open it, and whoever gets a login there is in the container. "
            "Take it out; "
            "`docker exec` and `kubectl exec` need no port.",
            _confidence(item, port),
            doubt=BY_ARGUMENT if item.by_argument else "the base image is not known",
            stage=item.stage.key,
            key=str(port),
            fix=item.without() if item.numbers == (port, port) else None,
        )


def _confidence(item: Exposed, port: int) -> Confidence:
    if item.numbers != (port, port):
        return Confidence.POSSIBLE  # a range is there for something else
    return Confidence.LIKELY if item.by_argument or item.stage.facts is None else Confidence.CERTAIN


def _admin_port(item: Exposed) -> int | None:
    numbers = item.numbers
    if numbers is None or (item.protocol or "tcp").lower() != "tcp":
        return None
    return next((port for port in _ADMIN if numbers[0] <= port <= numbers[1]), None)


def _is_the_point(change: DockerfileChange, stage: Stage, port: int) -> bool:
    """Whether the image starts the very server, is named after it, or is a product that brings it."""
    texts = [change.path.lower(), (stage.root.base_text or "").lower(), stage.name or ""]
    for shipped in change.after.shipped:
        texts += [start.value.text.lower() for start in shipped.image.start_command if start.value is not None]
    if any(name in text for name in _SERVERS[port] for text in texts):
        return True
    code = change.after.code.lower()
    return any(product in code for product in _PRODUCTS[port])


def _is_all(items: tuple[Exposed, ...], stage: Stage, port: int) -> bool:
    """Whether the server is installed, and the stages expose no port of anything else."""
    return stage.packages.has(*_PACKAGES.get(port, ())) and all(_admin_port(item) is not None for item in items)
