"""Options of `adduser` and `addgroup` that are another system's: two programs have these names."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rules.dockerfile.shell import Command
    from rules.model.stage import Stage

_OF_BUSYBOX = re.compile(r"-(?=\w*[SDGg])[SDHGghsuk]+")
"""Debian's takes an option for the beginning of a word, and `-S`, `-D` and `-g` are ambiguous (`system` or `shell`;
`debug` or `disabled-login`; `gid`, `gecos` or `group`). Letters together are no option at all."""
_OF_DEBIAN = frozenset({"--group", "--disabled-login", "--gid", "--quiet"})
"""Not among the long options of BusyBox's `adduser` (its `adduser.c`)."""


def foreign_option(stage: Stage, command: Command) -> str | None:
    """Return the first option of `adduser` or `addgroup` that the program of this stage's system refuses."""
    if stage.facts is None or stage.facts.is_distroless:
        return None  # `adduser` of a `debug` image is BusyBox's, whatever system its libraries are of
    words = [word.value for word in command.args]
    match command.name, stage.runtime.distribution:
        case "adduser" | "addgroup", "debian" | "ubuntu":
            return next((word for word in words if _OF_BUSYBOX.fullmatch(word)), None)
        case "adduser", "alpine":
            return next((word for word in words if word in _OF_DEBIAN), None)
    return None


def refusal(stage: Stage, command: Command) -> str | None:
    """Say, in a clause, which option the system's program refuses; `None` where it takes them all."""
    option = foreign_option(stage, command)
    whose = "BusyBox's" if stage.runtime.distribution == "alpine" else "Debian's"
    return f"{whose} `{command.name}` refuses `{option}`" if option is not None else None
