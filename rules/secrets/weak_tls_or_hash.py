"""See weak_tls_or_hash.md."""

import re
from collections.abc import Iterator

from rules.api import Category, Command, Confidence, DockerfileChange, Problem, Run, Severity, Stage, quote, rule
from rules.secrets.downloads.fetched import FETCHERS

_OLD_TLS = {
    "curl": ("--tlsv1.0", "--tlsv1.1", "--sslv2", "--sslv3", "-2", "-3"),
    "openssl": ("-ssl2", "-ssl3", "-tls1", "-tls1_1"),
}
_OF_WGET = ("sslv2", "sslv3", "tlsv1", "tlsv1_1")
"""What `--secure-protocol` of wget takes, in any case of letters (wget, `src/init.c`)."""
_SETTING = re.compile(r"(?P<key>MinProtocol|SECLEVEL)\s*=\s*(?P<value>[\w.]+)")
_WEAK = re.compile(r"SSLv[23]|TLSv1(?:\.[01])?|[01]")
"""The least that OpenSSL's configuration allows: a protocol, or a level of keys and signatures."""
_SUM = re.compile(
    r"(?<![0-9a-fA-F])(?:[0-9a-fA-F]{32}|[0-9a-fA-F]{40})(?![0-9a-fA-F])|\$\{?\w*(?:md5|sha1|sum|hash)", re.IGNORECASE
)
"""A sum of MD5 or SHA-1, or a variable named for one."""
_SAID = ("md5", "sha1", "shasum", "tls", "ssl", "seclevel")
"""Texts of which everything that is found holds one, in lower case, but for curl's `-2` and `-3`."""
_SHORT = re.compile("-[23]")
_REASON = re.compile(r"seclevel|cipher|\btls|ssl|md5|sha-?1|legacy|weak", re.IGNORECASE)
"""What a comment speaks of that gives the reason."""
_KEYS = "allows weak keys"
_ENCRYPTION = "allows old encryption"
_STRONG_DIGESTS = ("sha224", "sha256", "sha384", "sha512", "sha3-256", "sha3-512", "blake2b512")
_STRONG = re.compile(r"sha(?:224|256|384|512)sum|b[23]sum|gpgv?2?|cosign|minisign")


@rule(
    "weak-tls-or-hash",
    severity=Severity.INFO,
    category=Category.SECURITY,
    default="info",
    keywords=("RUN",),
    mentions=("curl", "ssl", "tls", "md5", "sha1", "shasum"),
    aliases=("S4423", "S4790"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A connection or a checksum uses an algorithm that is broken."""
    for stage in change.stages:
        for run in stage.runs:
            for command, fact, then in _found(run) if _may_say(run) else ():
                yield _problem(stage, run, command, fact, then)


def _found(run: Run) -> list[tuple[Command, str, str]]:
    """Return what a RUN does so; the weak keys that it allows with the old encryption are told with that."""
    told = ((command, _old_tls(run, command) or _weak_hash(run, command)) for command in run.commands)
    found = [(command, *fact) for command, fact in told if fact is not None]
    keys = [row for row in found if row[1].startswith(_KEYS)]
    others = [row for row in found if not row[1].startswith(_KEYS)]
    place = next((at for at, row in enumerate(others) if row[1].startswith(_ENCRYPTION)), None)
    if not keys or place is None:
        return found
    command, fact, then = others[place]
    others[place] = (command, f"{fact}, and {keys[0][1].removeprefix('allows ')}", then)
    return others


def _may_say(run: Run) -> bool:
    text = run.instruction.text.lower()
    return any(word in text for word in _SAID) or _SHORT.search(text) is not None


def _old_tls(run: Run, command: Command) -> tuple[str, str] | None:
    flags = [word.value for word in command.args if word.value in _OLD_TLS.get(command.name, ())]
    protocol = command.option("--secure-protocol") if command.name == "wget" else None
    flags += [f"--secure-protocol={protocol}"] if (protocol or "").lower() in _OF_WGET else []
    highest = command.option("--tls-max") if command.name == "curl" else None
    flags += [f"--tls-max {highest}"] if highest in ("1.0", "1.1") else []
    what = flags[0] if flags else _weak_setting(command)
    if what is None or (not flags and _is_put_back(run, command)):
        return None
    if what.startswith("SECLEVEL"):
        return f"{_KEYS}: {quote(what)}", (
            f"What goes by that file takes RSA keys of {'any length' if what.endswith('0') else '1024 bits'}. If one "
            "server needs it, allow it for the connection to that one"
        )
    if not flags:
        return f"{_ENCRYPTION}: {quote(what)}", (
            "What goes by that file takes TLS before 1.2, which can be read and changed by whoever stands in between. "
            "If one server needs it, allow it for the connection to that one"
        )
    return f"{_ENCRYPTION}: {quote(what)}", (
        "TLS before 1.2 can be read and changed by whoever stands in between. Drop it; servers that speak nothing "
        "newer are not to be trusted with what goes into an image"
    )


def _weak_setting(command: Command) -> str | None:
    """Return the weak setting that a command writes; what `sed` replaces stands before what it writes."""
    if command.name not in ("sed", "echo", "printf", "openssl"):
        return None
    for word in command.args:
        last = {match["key"]: match for match in _SETTING.finditer(word.value)}
        weak = next((match for match in last.values() if _WEAK.fullmatch(match["value"])), None)
        if weak is not None:
            return weak[0]
    return None


def _is_put_back(run: Run, command: Command) -> bool:
    """Whether the RUN restores the file that a command changed, as after a test."""
    changed = command.args[-1].value.rpartition("/")[2] if command.args else ""
    later = (other for other in run.calls("mv", "cp") if other.start > command.start and other.args)
    return any(other.args[-1].value.rpartition("/")[2] == changed for other in later)


def _weak_hash(run: Run, command: Command) -> tuple[str, str] | None:
    """Find a check by MD5 or SHA-1, unless a stronger one stands beside it."""
    old_shasum = command.name == "shasum" and command.option("-a", "--algorithm") in (None, "1")
    verb = command.subcommand if command.name == "openssl" else ""
    old_openssl = verb in ("md5", "sha1") or (verb == "dgst" and command.has("-md5", "-sha1"))
    if command.name not in ("md5sum", "sha1sum") and not old_shasum and not old_openssl:
        return None
    if any(_is_strong(other) for other in run.commands):
        return None
    if not _is_compared(run, command) and (old_openssl or not command.has("-c", "--check")):
        return None
    program = f"openssl {verb}" if old_openssl else command.name
    return f"checks what it downloads with {quote(program)}", (
        "For MD5 and SHA-1 two files with one sum can be made: whoever publishes the file can exchange it later, and "
        "the check passes. Use `sha256sum`, with a sum of your own where the publisher gives none"
    )


def _downloads_nothing(stage: Stage) -> bool:
    """Whether nothing is fetched, so that what is compared comes with the build context: its author chose it."""
    fetches = "://" in stage.model.code or any(run.calls(*FETCHERS) for run in stage.all_runs)
    return not fetches and any(copy.from_context for copy in stage.copies)


def _is_strong(command: Command) -> bool:
    if command.name == "openssl":
        return command.subcommand in _STRONG_DIGESTS or command.has(*(f"-{name}" for name in _STRONG_DIGESTS))
    return bool(_STRONG.fullmatch(command.name)) or command.option("-a", "--algorithm") in ("256", "384", "512")


def _is_compared(run: Run, command: Command) -> bool:
    """Whether a test compares the sum with one that is written out: `[ "$(md5sum x)" = "d41d…" ]`."""
    tests = run.calls("test", "[", "[[") if command.nested else ()
    return any(
        test.start < command.start < test.end and any(_SUM.search(word.value) for word in test.args) for test in tests
    )


def _problem(stage: Stage, run: Run, command: Command, fact: str, then: str) -> Problem:
    told = any(_REASON.search(one.text) for one in run.instruction.comments)
    edited = command.name == "sed"
    return Problem(
        command.span,
        f"{stage.label} {fact}. {then}.",
        Confidence.POSSIBLE if told else Confidence.LIKELY if edited else Confidence.CERTAIN,
        doubt="the file may hold nothing that `sed` replaces" if edited and not told else "",
        instruction=run.instruction,
        stage=stage.key,
        key=fact,
        untold=fact.startswith("checks") and _downloads_nothing(stage),
        decision=f"{stage.key} {fact}" if fact.startswith("allows") else "",
        shared_advice=f"{stage.key} {fact}" if fact.startswith("checks") else "",  # a sum for each download
    )
