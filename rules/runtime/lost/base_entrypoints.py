"""The ENTRYPOINT of a base image whose work is missed where a new one takes its place.

What each script does is in it: docker-library/postgres, mysql, mariadb, mongo, wordpress and ghost, nextcloud/docker,
and nginx/docker-nginx with its `docker-entrypoint.d/20-envsubst-on-templates.sh`.
"""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from rules.api import Confidence, Origin, Problem, fix, quote, replace
from rules.runtime.starts.instructions import behind_init, is_bare_init, shipped
from rules.runtime.starts.scripts import READS_ANOTHER, start_script
from rules.runtime.starts.text import json_array

if TYPE_CHECKING:
    from rules.api import DockerfileChange, Fix, Stage, Start

_DATABASE = "makes the database in an empty data folder and takes user and password from the environment"
_APPLICATION = "puts the application into its volume and updates it there when the image is newer"
_WORK = {
    **dict.fromkeys(("postgres", "mysql", "mariadb", "mongo"), _DATABASE),
    "nextcloud": _APPLICATION,
    "nginx": "writes the templates of `/etc/nginx/templates` out with their variables filled in",
    **dict.fromkeys(("wordpress", "ghost"), "puts the application's files into an empty volume and sets it up"),
}
"""Image to what its script does at each start, and nothing else does."""
_DOES_IT_ITSELF = re.compile(
    r"\binitdb\b|\bpg_createcluster\b|mysql_install_db|mariadb-install-db|--initialize|/usr/src/|\brsync\b|\bwp\s+core\b"
)
"""What a start script or a RUN does that takes over from it."""
_ASKED_FOR = "NEXTCLOUD_UPDATE"
"""With this set Nextcloud's script does its work in front of any command, and not only of its server."""
_TEMPLATES = "/etc/nginx/templates"
_SERVERS = frozenset(
    "nginx postgres mysqld mysqld_safe mariadbd mariadbd-safe mongod apache2-foreground php-fpm".split()
)


def entrypoint_of_base_replaced(change: DockerfileChange, stage: Stage, was: Stage) -> Problem | None:
    """Say that a new ENTRYPOINT took the place of the base image's, where the container still is to run its server."""
    setting, facts, old = stage.image.entrypoint, stage.facts, was.image.entrypoint
    if facts is None or not facts.entrypoint or facts.name not in _WORK or not _has_work(stage, was):
        return None
    start = setting.value
    if setting.origin is not Origin.HERE or setting.instruction is None or not start or was.facts is None:
        return None
    if was.facts.name != facts.name or not old.value:
        return None
    does = any(_DOES_IT_ITSELF.search(run.instruction.whole_value) for run in stage.all_runs)
    if does or not _runs_server(change, stage, posixpath.basename(facts.entrypoint[-1])):
        return None
    return _problem(change, stage, facts.entrypoint, _WORK[facts.name], had=old.origin is Origin.BASE)


def _has_work(stage: Stage, was: Stage) -> bool:
    """Whether the script has something to do that it did before, or that the change gives it."""
    of_base = was.image.entrypoint.origin is Origin.BASE
    if stage.facts is None or stage.facts.name != "nginx":
        return of_base
    return bool(stage.files.below(_TEMPLATES)) and (of_base or not was.files.below(_TEMPLATES))


def _runs_server(change: DockerfileChange, stage: Stage, script: str) -> bool:
    """Whether what starts now is still the server, and does not hand over to the base image's script."""
    image = stage.image
    start, cmd = image.entrypoint.value, image.cmd.value
    assert start is not None, "the caller looked"
    texts = [start.text, cmd.text if cmd else ""]
    if any(script in posixpath.basename(word) for text in texts for word in re.split(r"[\s;&|\"']+", text)):
        return False
    if is_bare_init(start):
        return not cmd or _is_server(cmd) or _ASKED_FOR in image.env
    if start.form == "exec" and posixpath.basename((*behind_init(start.words), "")[0]) in _SERVERS:
        return True
    return _script_runs_server(change, stage, script)


def _script_runs_server(change: DockerfileChange, stage: Stage, script: str) -> bool:
    """Whether the new start is a script of the project that runs the server, and does not name the base image's."""
    found = next((found for found in shipped(change, "ENTRYPOINT") if found.stage is stage), None)
    read = start_script(change, found) if found is not None else None
    if read is None or re.search(rf"(?<![\w.-]){re.escape(script)}", read.text):
        return False
    if _DOES_IT_ITSELF.search(read.text) or READS_ANOTHER.search(read.text):
        return False
    return any(command.name in _SERVERS for command in read.commands)


def _is_server(start: Start) -> bool:
    """Whether the script does its work in front of a command: the server of the image."""
    return posixpath.basename(start.program) in _SERVERS or start.words[-1:] == ("current/index.js",)


def _problem(change: DockerfileChange, stage: Stage, script: tuple[str, ...], work: str, *, had: bool) -> Problem:
    setting = stage.image.entrypoint
    assert setting.instruction is not None, "the caller looked"
    assert setting.value is not None, "the caller looked"
    named = " ".join(script)
    chained = f"ENTRYPOINT {json_array((*setting.value.words, *script))}"
    bare = is_bare_init(setting.value)
    way = f"Put it behind the init: {quote(chained)}" if bare else f"End the new start in {quote(_handing_over(named))}"
    way = f"{way}{_command(stage)}"
    if posixpath.basename(setting.value.program) in _SERVERS and setting.value.form == "exec" and not stage.image.cmd:
        way = f"Write {quote(f'CMD {json_array(setting.value.words)}')} in its place, which that script runs at its end"
    return Problem(
        setting.instruction.span,
        f"{stage.label} {'no longer runs' if had else 'does not run'} {quote(named)} of "
        f"{quote(stage.root.base_text or '')}: {'the new ' if had else ''}{quote(str(setting.instruction))} takes its "
        f"place. That script {work}; nothing else does. {way}.",
        Confidence.LIKELY,
        doubt="what the container starts may do that work itself",
        stage=stage.key,
        instruction=setting.instruction,
        key=script[-1],
        fix=_fix(change, stage, chained) if bare else None,
    )


def _handing_over(script: str) -> str:
    return f'exec {script} "$@"'


def _command(stage: Stage) -> str:
    """Say what CMD has to be said again: an ENTRYPOINT clears the base image's."""
    cleared = stage.image.cleared_cmd.value
    if stage.image.cmd or not cleared:
        return ""
    return f", and say {quote(f'CMD {json_array(cleared.words)}')} below it, which the new `ENTRYPOINT` cleared"


def _fix(change: DockerfileChange, stage: Stage, chained: str) -> Fix | None:
    instruction, cleared = stage.image.entrypoint.instruction, stage.image.cleared_cmd.value
    assert instruction is not None, "the caller looked"
    if not stage.image.cmd and cleared:
        chained = f"{chained}\nCMD {json_array(cleared.words)}"
    return fix("Hand over to the base image's script", replace(change.source, instruction.span, chained))
