"""What becomes of a pipe whose last command fails: whether it notices that nothing arrived, and what its RUN does."""

from __future__ import annotations

from enum import Enum
from itertools import groupby
from typing import TYPE_CHECKING

from rules.lazily import once

if TYPE_CHECKING:
    from rules.dockerfile.shell import Command
    from rules.model.steps import Run

_NOTICES = frozenset("tar bsdtar cpio gunzip unxz bunzip2 unzstd zcat bzcat xzcat gpg gpg2 apt-key funzip".split())
"""Commands that fail by themselves when nothing arrives, or no whole archive or key (tried with each of them)."""
_NOTICES_WITH_OPTION = {
    **dict.fromkeys(("gzip", "xz", "bzip2", "zstd", "lzma"), ("-d", "--decompress")),
    **dict.fromkeys(("md5sum", "sha1sum", "sha256sum", "sha512sum", "shasum"), ("-c", "--check")),
}
_NOTICES_AS = {
    "openssl": frozenset({"x509", "rsa", "pkey", "pkcs7", "pkcs12", "crl"}),
    "git": frozenset({"apply", "am"}),
    "kubectl": frozenset({"apply", "create"}),
}
_IMPORTS = ("-importcert", "-import")
_EXITS = frozenset({"exit", "return", "false"})


def notices(last: Command) -> bool:
    """Tell whether the command that gives a pipe its status fails when what arrives is nothing, or cut off."""
    if last.name in _NOTICES or last.has(*_NOTICES_WITH_OPTION.get(last.name, ())):
        return True
    words = [word.value for word in last.args]
    if last.name == "keytool":  # without a password it asks for one, and ends well when there is none
        return any(word in _IMPORTS for word in words) and any(word.startswith("-storepass") for word in words)
    return last.subcommand in _NOTICES_AS.get(last.name, ())


class End(Enum):
    """What the RUN does when a pipeline fails."""

    STOPS = "it fails too"
    GOES_ON = "the next command runs as if nothing had happened"
    CAUGHT = "what stands behind `||` runs"


@once
def ends(run: Run) -> dict[int, End]:
    """Return what the RUN does for each of its pipelines that fails; those inside a substitution are left out.

    `set -e` lets a list with `&&` go on where it is not the last of its commands that fails (POSIX, `set`).
    """
    outer = [command for command in run.commands if not command.nested]
    pipelines = [list(group) for _, group in groupby(outer, key=lambda command: command.pipeline)]
    found: dict[int, End] = {}
    within = End.STOPS  # what happens when one further left in the same list has failed
    after: Command | None = None
    for pipeline in reversed(pipelines):
        first, last = pipeline[0], pipeline[-1]
        if after is None:
            end = within = End.STOPS
        elif after.before == "&&":
            end = within
        elif after.before == "||":
            end = within = End.STOPS if _exits(after) else End.CAUGHT
        elif after.conditional:
            end = within = End.STOPS  # the `then` of an `if` ends no list, and a loop has lists of its own
        else:
            end, within = (End.STOPS if last.errexit else End.GOES_ON), End.GOES_ON
        found[first.pipeline] = end
        after = first
    return found


def _exits(command: Command) -> bool:
    return command.name in _EXITS and command.subcommand != "0"
