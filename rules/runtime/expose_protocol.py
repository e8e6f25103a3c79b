"""See expose_protocol.md."""

from collections.abc import Iterator

from rules.api import Category, DockerfileChange, Problem, Severity, fix, quote, replace, rule
from rules.runtime.ports import HOST_MAPPING, exposed

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
    for item in exposed(change):
        protocol = item.protocol
        if not protocol or protocol in _PROTOCOLS:
            continue  # `80/` is read as TCP (go-connections, `SplitProtoPort`)
        lower = protocol.lower()
        known = lower in _PROTOCOLS
        if known and HOST_MAPPING.match(item.text or ""):
            continue  # expose-host-mapping puts it right
        port, sign, written = item.word.text.rpartition("/")
        right = port + sign + (lower if "$" in written else written.lower())  # with the quotes around it, if any
        if known:
            say = f"Tools that compare the text take {quote(protocol)} for something else than {quote(lower)}"
        else:
            say = "The builder knows `tcp`, `udp` and `sctp` and refuses the rest"
        yield Problem(
            item.word.span,
            f"`EXPOSE` of {item.stage.label} names the protocol {quote(protocol)}. {say}. "
            f"Write {quote(right) if known else 'one of the three, or none for TCP'}.",
            stage=item.stage.key,
            key=item.word.text,
            fix=fix(f"Write {lower}", replace(change.source, item.word.span, right))
            if known and not item.from_variable
            else None,
        )
