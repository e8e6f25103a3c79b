"""Options of `adduser` and `addgroup` that are another system's: two programs have these names."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rules.dockerfile.shell.script import Command
    from rules.model.stage import Stage

_OF_BUSYBOX = re.compile(r"-(?=\w*[SDGg])[SDHGghsuk]+")
"""Debian's takes an option for the beginning of a word, and `-S`, `-D` and `-g` are ambiguous (`system` or `shell`;
`debug` or `disabled-login`; `gid`, `gecos` or `group`). Letters together are no option at all."""
_OF_DEBIAN = frozenset({"--group", "--disabled-login", "--gid", "--quiet"})
"""Not among the long options of BusyBox's `adduser` (its `adduser.c`)."""
_OF_USERMOD = re.compile(r"-(?:aG|Ga)")
"""What puts an account into further groups: Debian's calls it an unknown option (tried), and BusyBox's `adduser.c` has
no `-a`."""


def is_of_usermod(option: str) -> bool:
    """Tell whether an option that `adduser` refuses is `usermod`'s, to put an account into a group."""
    return _OF_USERMOD.fullmatch(option) is not None


def foreign_option(stage: Stage, command: Command) -> str | None:
    """Return the first option of `adduser` or `addgroup` that the program of this stage's system refuses."""
    if stage.facts is None or stage.facts.is_distroless:
        return None  # `adduser` of a `debug` image is BusyBox's, whatever system its libraries are of
    words = [word.value for word in command.args]
    joins = next(filter(is_of_usermod, words), None) if command.name == "adduser" else None
    if joins is not None and stage.runtime.distribution in ("debian", "ubuntu", "alpine"):
        return joins
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
