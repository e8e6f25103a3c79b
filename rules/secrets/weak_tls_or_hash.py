"""See weak_tls_or_hash.md."""

import re
from collections.abc import Iterator

from rules.api import Category, Command, Confidence, DockerfileChange, Problem, Run, Severity, Stage, quote, rule

_OLD_TLS = {
    "curl": ("--tlsv1.0", "--tlsv1.1", "--sslv2", "--sslv3", "-2", "-3"),
    "wget": (
        "--secure-protocol=SSLv2",
        "--secure-protocol=SSLv3",
        "--secure-protocol=TLSv1",
        "--secure-protocol=TLSv1_1",
    ),
    "openssl": ("-ssl2", "-ssl3", "-tls1", "-tls1_1"),
}
_MINIMUM = re.compile(r"MinProtocol\s*=\s*(?:SSLv[23]|TLSv1(?:\.[01])?)(?![.\d])")
_STRONG = re.compile(r"sha(?:224|256|384|512)sum|b[23]sum|gpgv?2?|cosign|minisign")


@rule(
    "weak-tls-or-hash",
    severity=Severity.INFO,
    category=Category.SECURITY,
    default="info",
    keywords=("RUN",),
    mentions=("md5", "sha1", "tls", "ssl", "shasum", "curl"),
    aliases=("S4423", "S4790"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A connection or a checksum uses an algorithm that is broken."""
    for stage in change.stages:
        for run in stage.runs:
            for command in run.commands:
                fact = _old_tls(command) or _weak_hash(run, command)
                if fact is not None:
                    yield _problem(stage, run, command, *fact)


def _old_tls(command: Command) -> tuple[str, str] | None:
    flags = [word.value for word in command.args if word.value in _OLD_TLS.get(command.name, ())]
    match = _MINIMUM.search(str(command)) if command.name in ("sed", "echo", "printf", "openssl") else None
    what = flags[0] if flags else match[0] if match is not None else None
    if what is None:
        return None
    return f"allows old encryption: {quote(what)}", (
        "TLS before 1.2 can be read and changed by whoever stands in between. Drop it; servers that speak nothing "
        "newer are not to be trusted with what goes into an image"
    )


def _weak_hash(run: Run, command: Command) -> tuple[str, str] | None:
    """Find a check by MD5 or SHA-1, unless a stronger one stands beside it."""
    old_shasum = command.name == "shasum" and command.option("-a", "--algorithm") in (None, "1")
    if command.name not in ("md5sum", "sha1sum") and not old_shasum:
        return None
    if not command.has("-c", "--check") or any(_STRONG.fullmatch(other.name) for other in run.commands):
        return None
    return f"checks what it downloads with {quote(command.name)}", (
        "For MD5 and SHA-1 two files with one sum can be made: whoever publishes the file can exchange it later, and "
        "the check passes. Use `sha256sum`, with a sum of your own where the publisher gives none"
    )


def _problem(stage: Stage, run: Run, command: Command, fact: str, then: str) -> Problem:
    return Problem(
        command.span,
        f"{stage.label} {fact}. {then}.",
        Confidence.CERTAIN,
        instruction=run.instruction,
        stage=stage.key,
        key=fact,
    )
