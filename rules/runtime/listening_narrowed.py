"""See listening_narrowed.md."""

import posixpath
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
from rules.runtime.ports.listening_otherwise import has_proxy, is_told_elsewhere, shares_network
from rules.runtime.ports.loopback import Bound, bound_to_loopback, words_of_server
from rules.runtime.starts.outside import given_by_builds

_ALL = re.compile(r"(?<![\d.])0\.0\.0\.0(?![\d.])|\[::\](?=:)")
"""Every address of the container: of IPv4, and of both (RFC 4291, section 2.2)."""
_LOOPBACK = re.compile(r"(?<![\d.\w])(?:127\.0\.0\.1|localhost)(?![\w.])|\[::1\](?=:)", re.IGNORECASE)
_WORD = re.compile(r"[\w-]+")
_TOLD_TO_CLIENTS = re.compile(r"rmi\.server\.hostname=\Z")
"""Stands in front of a name that a program gives to who asks it, and does not listen on (Java, "RMI Properties")."""
_NEAR = 60
"""Characters before an address among which the option stands that it belongs to."""
_OF_URLS = frozenset({"b", "urls", "aspnetcore_urls"})
"""Options and variables that say where to listen as a URL (Puma `--bind`, ASP.NET Core `--urls`)."""
_PLACE = re.compile(r"HOST|BIND|LISTEN|ADDR", re.IGNORECASE)
"""What variables are called that say where a program listens."""
_CLIENTS = re.compile(
    r"(?:^|_)(?:URL|URI|DSN|PROXY|ORIGINS?)$|(?:^|_)(?:DB|DATABASE|POSTGRES|PG|MYSQL|REDIS|MONGO|RABBITMQ|KAFKA|SMTP|MAIL|API|BACKEND|UPSTREAM)_",
    re.IGNORECASE,
)
"""What variables are called that say whom a program asks."""
_CONFIGURATIONS = frozenset({"gunicorn.conf.py", ".flaskenv", ".env", "runserver.py"})
"""Files that servers read by themselves, and that may say where to listen (`runserver.py`: a command of Django's of the
project's own)."""
_MAY_SAY = frozenset({"mkdocs.yml", "mkdocs.yaml", "manage.py"})
"""Files that say it now and then."""


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
        if was is None or has_proxy(stage) or shares_network(change):
            continue
        for now, then in _starts(stage, was):
            if now.instruction is not None and then.instruction is not None and _is_narrowed(then.text, now.text):
                yield _problem(stage, now.instruction, then.instruction, _LOOPBACK.search(now.text))
            elif (bound := _untold(change, stage, now, then)) is not None:
                yield _dropped(stage, now, then, bound)
        for name, setting in stage.image.env.items():
            old = was.image.env.get(name)
            if old is None or _CLIENTS.search(name) or not (_is_own(setting) and _is_own(old)):
                continue
            if _is_narrowed(old.value, setting.value, name):
                found = _LOOPBACK.search(setting.value or "")
                if setting.instruction is not None and old.instruction is not None:
                    yield _problem(stage, setting.instruction, old.instruction, found, name)
        yield from _unsaid(change, stage, was)


def _unsaid(change: DockerfileChange, stage: Stage, was: Stage) -> Iterator[Problem]:
    """Ask after a variable that said every address and is gone, where nothing says it any more."""
    said = (stage.image.start_line(), *(setting.value or "" for setting in stage.image.env.values()))
    started = [setting for setting in stage.image.start_command if setting.instruction is not None]
    if not started or any(map(_ALL.search, said)):
        return
    for name, old in was.image.env.items():
        gone = _is_own(old) and name not in {*stage.image.env, *given_by_builds(change)} and _PLACE.search(name)
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


def _untold(change: DockerfileChange, stage: Stage, now: Start, then: Start) -> Bound | None:
    """Return the server that was told to listen on every address and is told nothing now, where it needs to be.

    gunicorn listens on `0.0.0.0:$PORT` where that is set, and reads `gunicorn.conf.py` by itself (its documentation,
    "Settings", `bind` and `config`).
    """
    if not _ALL.search(then.text) or _ALL.search(stage.image.start_line()):
        return None
    bound = bound_to_loopback(words_of_server(now))
    if bound is None or bound.text or "PORT" in stage.image.env:
        return None
    if has_proxy(stage) or is_told_elsewhere(change, stage, bound):
        return None
    return None if _is_configured(change) else bound


def _is_configured(change: DockerfileChange) -> bool:
    """Whether the repository has a file that a server reads by itself and that may say where to listen."""
    files = change.repository.listing if change.repository.listing is not None else change.repository.files
    if any(posixpath.basename(path) in _CONFIGURATIONS for path in files):
        return True
    said = (change.repository.text(path) or "" for path in files if posixpath.basename(path) in _MAY_SAY)
    return any(map(_ALL.search, said))


def _dropped(stage: Stage, now: Start, then: Start, bound: Bound) -> Problem:
    place, before = now.instruction, then.instruction
    assert place is not None, "only what the file says has changed"
    return Problem(
        place.span,
        f"{stage.label} starts {quote(bound.server)} without an address now, which means `127.0.0.1`, where it said "
        f"{quote(_said(then))}. Only the container itself reaches it there: a published port, another container and "
        f"the cluster's probes get no answer. Write {quote(bound.advice)}.",
        Confidence.LIKELY,
        doubt="a file of settings may say another address",
        instruction=place,
        stage=stage.key,
        key=place.keyword,
        notes=(Note(before.span, "every address before", before=True),) if before is not None else (),
    )


def _said(then: Start) -> str:
    return next(word for word in then.text.replace('"', " ").replace(",", " ").split() if _ALL.search(word))


def _is_own(setting: Setting[str]) -> bool:
    return setting.instruction is not None and setting.value is not None


def _is_narrowed(then: str | None, now: str | None, name: str = "") -> bool:
    """Whether every address is named no more, and the loopback one stands exactly where it stood."""
    if then is None or now is None or _ALL.search(now) or not _listens(then, name):
        return False
    return _ALL.sub("0", _LOOPBACK.sub("0", then)).split() == _LOOPBACK.sub("0", now).split()


def _listens(text: str, name: str) -> bool:
    """Whether a text names every address, and not only in the address of something that is asked: `http://0.0.0.0`."""
    for found in _ALL.finditer(text):
        before = text[max(0, found.start() - _NEAR) : found.start()]
        if _TOLD_TO_CLIENTS.search(before):
            continue
        if not before.endswith("://"):
            return True
        words = _WORD.findall(f"{name} {before}")
        if len(words) > 1 and (_PLACE.search(words[-2]) or words[-2].strip("-").lower() in _OF_URLS):
            return True
    return False


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
