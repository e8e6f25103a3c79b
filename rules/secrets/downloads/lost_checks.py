"""Files that a command saves from an address in a variable, and whose checksum or signature is no longer tested."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from rules.api import Confidence, Problem, quote
from rules.secrets.downloads.checks import last_checks
from rules.secrets.downloads.fetched import FETCHERS, saved_path, urls

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rules.api import Command, Run, Stage

_PROOFS = (".asc", ".sig", ".sign", ".minisig", ".pem", ".key", ".gpg", ".sha256", ".sha512", ".sha1", ".md5", ".txt")
"""How the names of signatures, sums and keys end."""


def lost_checks(stage: Stage, was: Sequence[Stage], now: Sequence[Stage]) -> Iterator[Problem]:
    """Yield each file that is saved as before and that nothing tests any more, by the name it is saved under.

    Args:
        stage: Where it is saved.
        was: The stages to compare with, as they were.
        now: The same after the change: a file that is tested in one of them is tested.
    """
    before = {name for one in was for name in _tested(one)}
    for name, (run, command) in _saved(stage).items() if before else ():
        if name in before and not any(name in _tested(one) for one in now):
            yield Problem(
                command.span,
                f"{stage.label} still downloads {quote(name)}, but no longer tests its checksum or signature. A file "
                "that is replaced on the server then goes into the image unseen. Put the check back; a sum has to be "
                "that of the file that is fetched now.",
                Confidence.CERTAIN,
                instruction=run.instruction,
                stage=stage.key,
                key=f"saved {name}",
            )


def _tested(stage: Stage) -> frozenset[str]:
    """The saved files of a stage that a check behind their download names, or may be for."""
    saved = _saved(stage)
    last = last_checks(stage, saved_names(stage)) if saved else {}
    return frozenset(
        name for name, (run, _) in saved.items() if max(last.get(name, -1), last.get(None, -1)) >= run.index
    )


def saved_names(stage: Stage) -> set[str]:
    """Return the names of all files that the commands of a stage say to save, wherever from."""
    paths = (saved_path(command) for run in stage.runs for command in run.calls(*FETCHERS))
    return {posixpath.basename(path) for path in paths if path} - {""}


def _saved(stage: Stage) -> dict[str, tuple[Run, Command]]:
    """What a stage saves under a plain name from an address that is not written out."""
    found: dict[str, tuple[Run, Command]] = {}
    for run in stage.runs:
        for command in run.calls(*FETCHERS):
            name = posixpath.basename(saved_path(command) or "")
            if name and "$" not in name and not name.endswith(_PROOFS) and not any(urls(command, run)):
                found.setdefault(name, (run, command))
    return found
