"""See expose_admin_port.md."""

from collections.abc import Iterator
from typing import NamedTuple

from rules.api import (
    BY_ARGUMENT,
    Category,
    Confidence,
    DockerfileChange,
    Problem,
    Severity,
    Stage,
    is_script,
    quote,
    rule,
)
from rules.packages.scripts import may_be_script
from rules.purpose import is_for_development
from rules.runtime.ports.exposed import Exposed, exposed_in_shipped


class _Service(NamedTuple):
    """What a port is known for.

    Attributes:
        name: What people call it.
        servers: Parts of names of what listens there when that is the very point of the image.
        products: Products that offer it to their users.
        packages: Packages of the server: an image that brings one, and exposes nothing else, is there for it.
    """

    name: str
    servers: tuple[str, ...]
    products: tuple[str, ...]
    packages: frozenset[str]


_VNC = _Service("VNC", ("vnc",), ("vnc",), frozenset({"tigervnc-standalone-server", "tightvncserver", "x11vnc"}))
_ADMIN = {
    22: _Service(
        "SSH",
        ("ssh", "dropbear", "sftp", "bastion"),
        ("gitea", "forgejo", "gogs", "gitlab", "gerrit", "sftpgo"),
        frozenset({"openssh", "openssh-server", "ssh", "dropbear"}),
    ),
    23: _Service(
        "Telnet",
        ("telnetd", "busybox"),
        (),
        frozenset({"telnetd", "telnet-server", "inetutils-telnetd", "busybox-extras"}),
    ),
    3389: _Service("remote desktop", ("xrdp",), ("xrdp",), frozenset({"xrdp"})),
    5800: _VNC,
    5900: _VNC,
}
_INSPECTOR = 9229
"""Where Node.js is debugged by default (nodejs.org, "Debugging Node.js")."""


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
    yield from _inspectors(change, items)
    told: set[tuple[int, int]] = set()
    for item in items:
        port = _admin_port(item)
        if (
            port is None
            or (id(item.instruction), port) in told
            or _is_the_point(change, item.stage, port)
            or _is_all(items, item.stage, port)
        ):
            continue
        told.add((id(item.instruction), port))
        yield _problem(items, item, port)


def _problem(items: tuple[Exposed, ...], item: Exposed, port: int) -> Problem:
    """Speak of a port; where nothing installs a server for it, nobody gets a login, unless the program gives one."""
    by_script = any(may_be_script(command) for run in item.stage.done_runs for command in run.commands)
    served = by_script or _brings_server(item.stage, port)
    sure = _confidence(item, port, alone=all(_admin_port(one) is not None for one in items))
    exposed = f"{item.stage.label} exposes {quote(item.word.text)}, the port of {_ADMIN[port].name}"
    if served:
        text = (
            f"{exposed}. `docker run -P` and network policies drawn from the image open it, and whoever gets a login "
            "there is in the container. Take it out; `docker exec` and `kubectl exec` need no port."
        )
    else:
        text = (
            f"{exposed}, and the file installs no server for it. `docker run -P` and network policies drawn from the "
            "image open it. Take it out, unless the program itself listens there."
        )
    alone = item.numbers == (port, port) and not _is_repeated(items, item)
    return Problem(
        item.word.span,
        text,
        sure,
        doubt=BY_ARGUMENT if item.by_argument else "it may be what the image is there for",
        stage=item.stage.key,
        minor=not served,
        key=str(port),
        fix=item.without() if alone and (served or not _brings_programs(item.stage)) else None,
    )


def _brings_programs(stage: Stage) -> bool:
    """Whether a program of the project's own may listen there: one that another stage has built."""
    return any(put.kind == "stage" for put in stage.files.puts)


def _inspectors(change: DockerfileChange, items: tuple[Exposed, ...]) -> Iterator[Problem]:
    """Yield the port of Node.js's inspector, where the start does not switch it on, of which another rule speaks."""
    for item in items:
        ours = item.numbers == (_INSPECTOR, _INSPECTOR) and "node" in item.stage.runtime.languages
        starts = " ".join(one.value.text for one in item.stage.image.start_command if one.value is not None)
        if not ours or "inspect" in starts or is_for_development(change, item.stage):
            continue
        yield Problem(
            item.word.span,
            f"{item.stage.label} exposes {quote(item.word.text)}, the port of Node.js's inspector. As soon as "
            "`NODE_OPTIONS` says `--inspect=0.0.0.0`, whoever reaches that port runs code in the container. Take it "
            "out.",
            Confidence.POSSIBLE,
            doubt="the image may be there to be debugged",
            stage=item.stage.key,
            key=str(_INSPECTOR),
            fix=item.without(),
        )


def _confidence(item: Exposed, port: int, *, alone: bool) -> Confidence:
    """Ask of a range, which is there for something else, and where the image may be one for that very server.

    Such as upon a base that is not known, or where a script starts it that may start the server: nothing else is
    exposed, or a package of the server is there.
    """
    script = _starts_script(item.stage)
    if (
        item.numbers != (port, port)
        or not item.stage.base_known
        or (script and (alone or _brings_server(item.stage, port)))
    ):
        return Confidence.POSSIBLE
    return Confidence.LIKELY if item.by_argument or script else Confidence.CERTAIN


def _is_repeated(items: tuple[Exposed, ...], item: Exposed) -> bool:
    """Whether the instruction names the port once more, so that taking one word away leaves it exposed."""
    return any(one is not item and one.instruction is item.instruction and one.numbers == item.numbers for one in items)


def _starts_script(stage: Stage) -> bool:
    """Whether a script starts the container, which may start the server beside the program."""
    starts = (one.value for one in stage.image.start_command if one.value is not None)
    return any(is_script(word) for start in starts for word in start.words[:2])


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
    if any(name in text for name in _ADMIN[port].servers for text in texts):
        return True
    code = change.after.code.lower()
    return any(product in code for product in _ADMIN[port].products)


def _brings_server(stage: Stage, port: int) -> bool:
    return stage.packages.has(*_ADMIN[port].packages)


def _is_all(items: tuple[Exposed, ...], stage: Stage, port: int) -> bool:
    """Whether the server is installed, and the stages expose no port of anything else."""
    return _brings_server(stage, port) and all(_admin_port(item) is not None for item in items)
