"""See expose_protocol.md."""

from collections.abc import Iterator

from rules.api import Category, DockerfileChange, Edit, Problem, Severity, fix, quote, replace, rule
from rules.quoting import listed
from rules.runtime.ports.exposed import HOST_MAPPING, Exposed, exposed

_PROTOCOLS = ("tcp", "udp", "sctp")


@rule(
    "expose-protocol",
    severity=Severity.INFO,
    category=Category.CORRECTNESS,
    default="info",
    keywords=("EXPOSE",),
    mentions=("/",),
    aliases=("ExposeProtoCasing", "DF078"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """`EXPOSE` names a protocol in capitals, or one that does not exist."""
    capitals: dict[int, list[Exposed]] = {}
    for item in exposed(change):
        protocol = item.protocol
        if not protocol or protocol in _PROTOCOLS:
            continue  # `80/` is read as TCP (go-connections, `SplitProtoPort`)
        if protocol.lower() not in _PROTOCOLS:
            yield Problem(
                item.word.span,
                f"`EXPOSE` of {item.stage.label} names the protocol {quote(protocol)}. The builder knows `tcp`, `udp` "
                "and `sctp` and refuses the rest. Write one of the three, or none for TCP.",
                stage=item.stage.key,
                key=item.word.text,
            )
        elif not HOST_MAPPING.match(item.text or ""):  # which expose-host-mapping puts right
            capitals.setdefault(id(item.instruction), []).append(item)
    yield from (_in_capitals(change, items) for items in capitals.values())


def _in_capitals(change: DockerfileChange, items: list[Exposed]) -> Problem:
    """Speak once of all words of an EXPOSE."""
    first = items[0]
    right = {item.word.text: _lowered(item) for item in items}
    protocols = dict.fromkeys(item.protocol or "" for item in items)
    edits: list[Edit] = [replace(change.source, item.word.span, right[item.word.text]) for item in items]
    title = next(iter(protocols)).lower() if len(protocols) == 1 else "them in lower case"
    return Problem(
        first.word.span,
        f"`EXPOSE` of {first.stage.label} names the protocol {listed(map(quote, protocols), None)}. The builder takes "
        f"capitals, too, and Docker's own check asks for lower case. Write {listed(map(quote, right.values()), None)}.",
        stage=first.stage.key,
        key=first.word.text,
        fix=fix(f"Write {title}", *edits) if not any(item.from_variable for item in items) else None,
        minor=True,
    )


def _lowered(item: Exposed) -> str:
    """Return a word with its protocol in lower case, and the quotes around it, if any."""
    port, sign, written = item.word.text.rpartition("/")
    return port + sign + ((item.protocol or "").lower() if "$" in written else written.lower())
