"""What of a stage a newer major line of an official image is known not to take as it is."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, NamedTuple

from rules.facts.names import table_name
from rules.model.puts import within
from rules.numbers import numbers_of
from rules.quoting import quote

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rules.dockerfile.reference import ImageReference
    from rules.facts.eol import EndOfLife
    from rules.model.stage import Stage


class _Break(NamedTuple):
    """A line from which on something has to change.

    Attributes:
        first: The line.
        then: The sentence, with `{found}` for what the stage has, and `{line}` for the line that is left.
        folder: A folder into which the stage puts something.
        file: What a file is called that the stage puts there.
        mention: How that folder is named through a variable of the image, in a value or a destination.
        command: What its commands and start commands say.
    """

    first: tuple[int, ...]
    then: str
    folder: str = ""
    mention: re.Pattern[str] | None = None
    file: re.Pattern[str] | None = None
    command: re.Pattern[str] | None = None


_BREAKS = {
    # README of jetty/jetty.docker, "Jetty 12 Migration Guide": `deploy` was among the image's modules up to 11
    "jetty": _Break(
        (12,),
        "The images of Jetty 12 deploy nothing out of {found} by themselves: add the module for its Servlet API, which "
        "is {module} for what ran on Jetty {line}",
        folder="/var/lib/jetty/webapps",
        mention=re.compile(r"\$\S+/webapps(?![\w.-])"),
    ),
    # caddyserver.com/docs/v2-upgrade: much of a simple file stays, and the directives are listed there
    "caddy": _Break(
        (2,),
        "Caddy 2 is not compatible with 1, and directives have changed: go through {found}",
        file=re.compile(r"Caddyfile"),
    ),
    # doc.traefik.io, "Migrating from v1 to v2": routers and services took the place of frontends and backends
    "traefik": _Break(
        (2,),
        "Since Traefik 2 the configuration has other keys: rewrite {found}",
        file=re.compile(r"traefik\.(?:toml|ya?ml)"),
    ),
    # dev.mysql.com, "Option and Variable Changes for MySQL 8.4": removed in 8.4.0; a server stops at an unknown option
    "mysql": _Break(
        (8, 4),
        "MySQL 8.4 stops at {found}, which it no longer knows",
        command=re.compile(r"--default-authentication-plugin"),
    ),
    # MongoDB's manual, "Legacy mongo Shell": deprecated in 5.0; gone in 6.0 (its community forums, topic 264720)
    "mongo": _Break((6,), "There {found} is called `mongosh`", command=re.compile(r"(?<![\w./:@-])mongo(?=\s+\S)")),
    # keycloak.org, "Migrating to the Quarkus distribution"
    "quay.io/keycloak/keycloak": _Break(
        (17,),
        "Keycloak runs on Quarkus since 17 and is configured otherwise: {found} was WildFly's, and its own folder is "
        "`/opt/keycloak`",
        folder="/opt/jboss",
    ),
}


def broken_by(end: EndOfLife, reference: ImageReference, stages: Sequence[Stage]) -> str:
    """Say what of the stages that move a newer line of the image does not take; empty where nothing is known.

    Args:
        end: The line that is over.
        reference: The image.
        stages: Those that are to move.
    """
    known = _BREAKS.get(table_name(reference))
    old, new = numbers_of(end.cycle), numbers_of(end.successor)
    if known is None or not old or not new or not old < known.first <= new:
        return ""
    found = next((one for stage in stages if (one := _found(known, stage)) is not None), None)
    if found is None:
        return ""
    module = quote("ee9-deploy" if old[0] > _LAST_WITH_JAVAX else "ee8-deploy")
    return f" {known.then.format(found=quote(found), line=end.cycle, module=module)}."


_LAST_WITH_JAVAX = 10
"""Jetty 11 serves `jakarta.servlet`, and older ones `javax.servlet` (the announcement of Jetty 10 and 11)."""


def _found(known: _Break, stage: Stage) -> str | None:
    """Return what a stage has that the line does not take."""
    paths = [put.path for put in stage.files.puts]
    if known.folder:
        named = known.mention is not None and any(known.mention.search(text) for text in _values(stage))
        return known.folder if named or any(within(path, known.folder) for path in paths) else None
    if known.file is not None:
        return next((path for path in paths if known.file.fullmatch(posixpath.basename(path))), None)
    assert known.command is not None, "each row looks for something"
    starts = (one.value.text for one in stage.image.start_command if one.set_in_file and one.value is not None)
    texts = [*starts, *(i.whole_value for i in stage.instructions if i.keyword in ("RUN", "HEALTHCHECK"))]
    match = next((match for text in texts if (match := known.command.search(text)) is not None), None)
    return match[0] if match is not None else None


def _values(stage: Stage) -> list[str]:
    return [one.whole_value for one in stage.instructions if one.keyword in ("ENV", "COPY", "ADD")]
