"""Files that the server of a base image reads by itself, where a change takes them away and names none of them.

The folders are those of the images' own Dockerfiles and documentation (docker-library/docs: nginx, httpd, caddy,
haproxy, php, tomcat, rabbitmq, eclipse-mosquitto; the init scripts of postgres, mysql, mariadb and mongo).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rules.api import Confidence, Note, Problem, quote
from rules.cluster_manifests import mounts_in_cluster
from rules.copying.uses import is_there, uses_of
from rules.model.puts import meet
from rules.model.steps import Copy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.api import DockerfileChange, Put, Stage

_SETTINGS = "it starts with the settings that the image brings"
_PAGES = "it serves the image's own page"
_SCRIPTS = "a new database is made without them"

_NGINX = {"/etc/nginx": _SETTINGS, "/usr/share/nginx/html": _PAGES}
_READ: dict[str, dict[str, str]] = {
    "nginx": _NGINX,
    "nginxinc/nginx-unprivileged": _NGINX,
    "httpd": {"/usr/local/apache2/conf": _SETTINGS, "/usr/local/apache2/htdocs": _PAGES},
    "caddy": {"/etc/caddy": _SETTINGS, "/usr/share/caddy": _PAGES},
    "haproxy": {"/usr/local/etc/haproxy": _SETTINGS},
    "php": {"/usr/local/etc/php": _SETTINGS, "/usr/local/etc/php-fpm.d": _SETTINGS, "/etc/apache2": _SETTINGS},
    "tomcat": {"/usr/local/tomcat/conf": _SETTINGS, "/usr/local/tomcat/webapps": "it runs without the application"},
    "rabbitmq": {"/etc/rabbitmq": _SETTINGS},
    "eclipse-mosquitto": {"/mosquitto/config": _SETTINGS},
    **{name: {"/docker-entrypoint-initdb.d": _SCRIPTS} for name in ("postgres", "mysql", "mariadb", "mongo")},
}
"""Image to the folders in which its program looks by itself, and what follows where a file is not there."""


class _Lost(NamedTuple):
    """What a COPY brought to such a folder: where, and what follows without it."""

    put: Put
    folder: str
    effect: str


def lost_server_files(change: DockerfileChange, stage: Stage, was: Stage) -> Iterator[Problem]:
    """Yield what the base image's program read before a change, the first of each folder that nothing new comes to."""
    name = stage.facts.name if stage.facts is not None else ""
    if was.facts is None or was.facts.name != name or stage.files.has_unreadable_run:
        return
    composed = (mount for build in change.repository.builds_of(change.path) for mount in build.mounts)
    mounts = {*composed, *mounts_in_cluster(change)}
    copied = {put.source for put in stage.files.puts if isinstance(put.step, Copy)}  # else it went to another place
    for folder, effect in _READ.get(name, {}).items():
        if any(meet(folder, mount) for mount in mounts) or _is_filled_anew(stage, was, folder):
            continue
        lost = next((put for put in was.files.below(folder) if _is_lost(stage, put) and put.source not in copied), None)
        confidence = _confidence(change, lost) if lost is not None else None
        if lost is not None and confidence is not None:
            yield _problem(stage, _Lost(lost, folder, effect), confidence)


def _is_lost(stage: Stage, put: Put) -> bool:
    """Whether nothing brings it any more; what a plain image's start command names is told as such."""
    plain = stage.facts is not None and stage.facts.is_plain
    named = plain and next(uses_of(stage, put.path), None) is not None
    return isinstance(put.step, Copy) and not named and not is_there(stage, put.path)


def _is_filled_anew(stage: Stage, was: Stage, folder: str) -> bool:
    """Whether something new comes to the folder, or a RUN or a start command that is new speaks of it."""
    then = {(put.path, put.kind, put.source) for put in was.files.puts}
    if any(
        (put.path, put.kind, put.source) not in then
        for put in (*stage.files.below(folder), *stage.files.covering(folder))
    ):
        return True
    old = {str(step.instruction) for step in was.all_steps}
    return any(
        folder in step.instruction.whole_value and str(step.instruction) not in old and not isinstance(step, Copy)
        for step in stage.all_steps
    )


def _confidence(change: DockerfileChange, put: Put) -> Confidence | None:
    """How sure it is that this was not meant: a file that left the repository as well was given up."""
    if put.kind != "context":
        return Confidence.LIKELY if put.kind == "stage" else None
    context = change.repository.context_of(change.path)
    there = change.repository.exists(f"{context}/{put.source}") if context is not None else None
    return {True: Confidence.LIKELY, None: Confidence.POSSIBLE, False: None}[there]


def _problem(stage: Stage, lost: _Lost, confidence: Confidence) -> Problem:
    copy = lost.put.step.instruction
    return Problem(
        stage.from_.span,
        f"{stage.label} no longer gets {quote(lost.put.path)}: this change takes away {quote(str(copy))} and nothing "
        f"else brings it. The program of {quote(stage.root.base_text or '')} reads {quote(lost.folder)} by itself, and "
        f"{lost.effect}. Copy it again, unless that is meant.",
        confidence,
        doubt="a volume may bring it",
        stage=stage.key,
        key=lost.put.path,
        notes=(Note(copy.span, "copied here before", before=True),),
    )
