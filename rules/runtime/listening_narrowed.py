"""See listening_narrowed.md."""

import re
from collections.abc import Iterator

from rules.api import (
    Category,
    Confidence,
    DockerfileChange,
    Instruction,
    Note,
    Problem,
    Setting,
    Severity,
    Stage,
    Start,
    quote,
    rule,
)

_ALL = re.compile(r"(?<![\d.])0\.0\.0\.0(?![\d.])|\[::\](?=:)")
"""Every address of the container: of IPv4, and of both (RFC 4291, section 2.2)."""
_LOOPBACK = re.compile(r"(?<![\d.\w])(?:127\.0\.0\.1|localhost)(?![\w.])|\[::1\](?=:)", re.IGNORECASE)
_PLACE = re.compile(r"HOST|BIND|LISTEN|ADDR", re.IGNORECASE)
"""What variables are called that say where a program listens."""


@rule(
    "listening-narrowed",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    compares=True,
    keywords=("CMD", "ENTRYPOINT", "ENV"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """The change has the program listen on the loopback address, where it listened on every one."""
    for stage, was in change.shipped():
        if was is None:
            continue
        for now, then in _starts(stage, was):
            if now.instruction is not None and then.instruction is not None and _is_narrowed(then.text, now.text):
                yield _problem(stage, now.instruction, then.instruction, _LOOPBACK.search(now.text))
        for name, setting in stage.image.env.items():
            old = was.image.env.get(name)
            if old is not None and _is_own(setting) and _is_own(old) and _is_narrowed(old.value, setting.value):
                found = _LOOPBACK.search(setting.value or "")
                if setting.instruction is not None and old.instruction is not None:
                    yield _problem(stage, setting.instruction, old.instruction, found, name)
        yield from _unsaid(stage, was)


def _unsaid(stage: Stage, was: Stage) -> Iterator[Problem]:
    """Ask after a variable that said every address and is gone, where nothing says it any more."""
    said = (stage.image.start_line(), *(setting.value or "" for setting in stage.image.env.values()))
    started = [setting for setting in stage.image.start_command if setting.instruction is not None]
    if not started or any(map(_ALL.search, said)):
        return
    for name, old in was.image.env.items():
        gone = _is_own(old) and name not in stage.image.env and _PLACE.search(name)
        if gone and _ALL.match(old.value or "") and old.instruction is not None:
            place = started[-1].instruction
            assert place is not None, "those without were left out"
            yield Problem(
                place.span,
                f"{stage.label} no longer has {quote(f'{name}={old.value}')}. Where the program listens on the "
                "loopback address unless it is told, only the container itself reaches it now. Does it listen on every "
                "address by itself?",
                Confidence.POSSIBLE,
                doubt="the program may listen on every address by itself",
                instruction=place,
                stage=stage.key,
                key=name,
                notes=(Note(old.instruction.span, "set here before", before=True),),
            )


def _starts(stage: Stage, was: Stage) -> Iterator[tuple[Start, Start]]:
    """Yield what starts the container now, with the same instruction's command as it was."""
    for now, then in ((stage.image.entrypoint, was.image.entrypoint), (stage.image.cmd, was.image.cmd)):
        if now.value and then.value:
            yield now.value, then.value


def _is_own(setting: Setting[str]) -> bool:
    return setting.instruction is not None and setting.value is not None


def _is_narrowed(then: str | None, now: str | None) -> bool:
    """Whether every address is named no more, and the loopback one stands exactly where it stood."""
    if then is None or now is None or not _ALL.search(then) or _ALL.search(now):
        return False
    return _ALL.sub("0", _LOOPBACK.sub("0", then)).split() == _LOOPBACK.sub("0", now).split()


def _problem(stage: Stage, now: Instruction, then: Instruction, found: re.Match[str] | None, name: str = "") -> Problem:
    address = quote(found[0] if found is not None else "127.0.0.1")
    what = quote(name or now.keyword)
    return Problem(
        now.span,
        f"{stage.label} listens on {address} now, where it listened on every address ({what}). Only the container "
        "itself reaches it there: a published port, another container and the cluster's probes get no answer. Write "
        "`0.0.0.0` again.",
        Confidence.LIKELY,
        doubt="what asks it may share its network",
        instruction=now,
        stage=stage.key,
        key=name or now.keyword,
        notes=(Note(then.span, "every address before", before=True),),
    )
