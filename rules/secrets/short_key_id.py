"""See short_key_id.md."""

import re
from collections.abc import Iterator

from rules.api import Category, Command, DockerfileChange, Problem, Run, Severity, ShellWord, Stage, quote, rule

_RECEIVING = frozenset({"--recv-keys", "--recv-key", "--receive-keys", "--recv"})
_SHORT = re.compile(r"(?:0x)?[0-9A-Fa-f]{8}")
"""The last 32 bits of a fingerprint, which has 160 (RFC 4880, 12.2)."""
_COMPARED = re.compile(r"fingerprint|--with-colons|\b[0-9A-Fa-f]{40}\b|(?:[0-9A-Fa-f]{4} {1,2}){9}[0-9A-Fa-f]{4}")
"""What looks at the whole fingerprint, or has it, in the same RUN."""

_REFUSING = "keys.openpgp.org"
"""A server that answers no short id ("About", keys.openpgp.org)."""


@rule(
    "short-key-id",
    severity=Severity.WARNING,
    category=Category.SECURITY,
    keywords=("RUN",),
    mentions=("--recv", "--receive-keys"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A signing key is fetched by an id of 32 bits, for which anyone can make another key."""
    for stage in change.stages:
        if stage.index not in change.after.needed_by_shipped:
            continue
        for run in stage.runs:
            for command in run.calls("apt-key", "gpg", "gpg2"):
                short = [word for word in _asked_for(command) if _SHORT.fullmatch(word.value)]
                if short and _REFUSING not in str(command) and not _COMPARED.search(run.instruction.whole_value):
                    yield _problem(stage, run, command, short[0])


def _asked_for(command: Command) -> Iterator[ShellWord]:
    """Yield the keys that a command asks a server for."""
    receiving = False
    for word in command.args:
        if word.value.startswith("-"):
            receiving = word.value in _RECEIVING
        elif receiving:
            yield word


def _problem(stage: Stage, run: Run, command: Command, word: ShellWord) -> Problem:
    trusted = (
        "apt then trusts what either has signed, from each of its sources"
        if command.name == "apt-key"
        else "a signature of either is a good one then"
    )
    return Problem(
        word.span,
        f"{stage.label} asks a key server for {quote(word.value)}, the last 32 bits of a key's fingerprint. Another "
        f"key with the same ones is made in seconds, anyone may upload it, and {quote(command.name)} imports all that "
        f"the server has: {trusted}. Ask by the whole fingerprint, of 40 digits, as the key's owner gives it.",
        instruction=run.instruction,
        stage=stage.key,
        key=word.value.upper().removeprefix("0X"),
    )
