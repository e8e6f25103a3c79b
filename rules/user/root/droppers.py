"""Programs that give up root for another one, and the start scripts that call them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rules.model.scope import names_read
from rules.user.root.start_scripts import scripts_in_turn

if TYPE_CHECKING:
    from rules.change import DockerfileChange
    from rules.model.stage import Stage

DROPPERS = re.compile(
    r"\b(?:gosu|su-exec|setpriv|runuser|setuser|setuidgid|s6-setuidgid|s6-applyuidgid|s6-overlay|s6-svscan|chpst|supervisord?|sshd|fixuid|"
    r"openssh-server|start-stop-daemon)\b"
)
"""By name."""
AS_OTHER = re.compile(
    r"\b(?:su|sudo|doas)\s+(?:-\S*\s+(?:/\S+\s+)?)*(?:-u\s*)?[a-z_][\w-]*|--(?:user(?:spec)?|uid)[= ](?!root\b|0\b)\w"
)
"""`su app -c …`, `su -s /bin/sh app`, `sudo -u app …`, `uwsgi --uid www-data`, `chroot --userspec=app …`."""


def script_that_drops(change: DockerfileChange, stage: Stage) -> str | None:
    """Return the name of the start script, or of one that it names, that calls what gives up root.

    `None` where none that was read does.
    """
    read = ((script.name, _with_variables(stage, script.code)) for script in scripts_in_turn(change, stage))
    return next((name for name, text in read if DROPPERS.search(text) or AS_OTHER.search(text)), None)


def _with_variables(stage: Stage, text: str) -> str:
    """Return a script and what it reads of the image's variables: `exec $RUN_AS "$@"` may call `gosu app`."""
    settings = (stage.image.env.get(name) for name in names_read(text))
    return " ".join((text, *(setting.value for setting in settings if setting is not None and setting.value)))
