"""How packages are checked again whose signatures nobody was to look at: the keys, and where there are none to have."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rules.quoting import quote

if TYPE_CHECKING:
    from rules.dockerfile.shell.script import Command
    from rules.model.stage import Stage

_OF_OLD_RELEASES = re.compile(r"//(?:archive|snapshot)\.debian\.org\b|//old-releases\.ubuntu\.com\b")
"""Archives of releases that are over: the dates of their indexes have passed, and in time their keys have expired."""
_OF_APT = (("apt-key", ("add", "adv")), ("gpg", ("--dearmor", "--export")))
_OF_RPM = (("rpm", ("--import",)), ("rpmkeys", ("--import",)))
_IMPORTS = dict.fromkeys(("apt", "apt-get", "aptitude"), _OF_APT) | dict.fromkeys(
    ("rpm", "dnf", "yum", "microdnf", "tdnf", "zypper", "yum-config-manager"), _OF_RPM
)
"""By package manager the commands that hand it a key, each with the words of which it has one then."""


def way_out(stage: Stage, command: Command, *, needed: bool) -> str:
    """Say how a command does without an option that has it take any package.

    Args:
        stage: The stage.
        command: The command that has the option.
        needed: Whether it installs files of Alpine's, which somebody may not have signed.
    """
    if needed:
        return (
            "Put the signer's key into `/etc/apk/keys` and drop the flag; a file that nobody has signed needs its "
            "SHA-256 tested first."
        )
    above = [run for run in stage.all_runs if run.instruction.line <= command.line]
    old = next((told for run in above if (told := of_old_releases(run.instruction.whole_value))), "")
    if old:
        return old
    importing = (one for run in above for one in run.commands if one.start < command.start and _imports(command, one))
    first = next(importing, None)
    if first is None:
        return "Import the repository's key and drop the flag."
    return f"Drop the flag; line {first.line} imports a key: where it is not this repository's, import that one too."


def names_old_releases(text: str) -> bool:
    """Tell whether a text names an archive of releases that are over, whose lists never change."""
    return _OF_OLD_RELEASES.search(text) is not None


def of_old_releases(text: str) -> str:
    """Say what helps where a source is an archive of releases that are over; empty where it is none."""
    if not names_old_releases(text):
        return ""
    option = quote("-o Acquire::Check-Valid-Until=false")
    return (
        f"An old release needs {option} at most, which leaves the check of signatures on; once its keys have expired "
        "too, start from a release that is still maintained."
    )


def _imports(manager: Command, command: Command) -> bool:
    handing = dict(_IMPORTS.get(manager.name, ()))
    words = handing.get(command.name, ())
    return any(word.value in words for word in command.args)
