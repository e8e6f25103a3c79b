"""See expose_host_mapping.md."""

from collections.abc import Iterator

from rules.api import Category, DockerfileChange, Problem, Severity, fix, quote, replace, rule
from rules.runtime.ports.exposed import HOST_MAPPING, exposed


@rule(
    "expose-host-mapping",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    keywords=("EXPOSE",),
    aliases=("ExposeInvalidFormat",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """`EXPOSE` names a host's port or address."""
    for item in exposed(change):
        match = HOST_MAPPING.match(item.text or "")
        if match is None:
            continue
        port = match["container"].lower()
        yield Problem(
            item.word.span,
            f"{quote('EXPOSE ' + item.word.text)} of {item.stage.label} names a port of the host; "
            "`EXPOSE` knows only the container's own. BuildKit warns and drops the host's part, other builders "
            "may refuse the file. Write "
            f"{quote(f'EXPOSE {port}')}; which port of the host leads there is said by `docker run -p` or compose.",
            stage=item.stage.key,
            key=item.word.text,
            fix=None if item.from_variable else fix(f"Expose {port}", replace(change.source, item.word.span, port)),
        )
