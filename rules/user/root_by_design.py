"""Images that start as root on purpose: they give it up themselves, or exist to be built upon or run as a tool."""

from __future__ import annotations

import re

from rules.model.settings import PROMPTS, Start
from rules.model.stage import Stage, is_development_name

_DROPPERS = re.compile(
    r"\b(?:gosu|su-exec|setpriv|runuser|s6-setuidgid|s6-overlay|s6-svscan|chpst|supervisord|sshd|start-stop-daemon)\b"
)
_ENTRYPOINT_SCRIPTS = ("docker-entrypoint.sh", "docker-entrypoint")
_INITS = ("/init", "/sbin/init", "/lib/systemd/systemd", "/usr/sbin/init", "/usr/lib/systemd/systemd")
_TOOL_NAMES = frozenset(
    "base builder build ci tools toolchain sdk devcontainer export artifact artifacts binaries cli".split()
)


def drops_privileges(stage: Stage) -> bool:
    """Tell whether the start command, a package, or the base's own entrypoint gives up root before the program runs."""
    facts = stage.facts
    image = stage.image
    own_entrypoint = image.entrypoint.set_in_file
    if facts is not None and facts.drops_privileges and not own_entrypoint:
        return True
    if facts is not None and facts.unprivileged_workers:
        return True
    starts = [setting.value for setting in image.start_command if setting.value is not None]
    if starts and starts[0].text.startswith(_INITS):
        return True
    if own_entrypoint and starts and starts[0].program in _ENTRYPOINT_SCRIPTS:
        return True  # the script's name is the official images' convention for one that gives up root
    return _DROPPERS.search(stage.model.code) is not None


def is_no_service(stage: Stage) -> bool:
    """Tell whether the image is a base, a tool, a prompt or a set of files rather than something that serves."""
    name = stage.name or ""
    starts = [setting.value for setting in stage.image.start_command if setting.value is not None]
    return bool(
        stage.image.onbuild
        or (starts and all(_only_prompts(start) for start in starts) and stage.image.cmd.set_in_file)
        or is_development_name(name)
        or not _TOOL_NAMES.isdisjoint(name.split("-"))
        or stage.runtime.is_windows
    )


def _only_prompts(start: Start) -> bool:
    """Whether a command opens a shell or a language's prompt, options aside: `bash --login`, `php -a`."""
    words = start.text.split()
    return bool(words) and words[0].rsplit("/", 1)[-1] in PROMPTS and all(word.startswith("-") for word in words[1:])
