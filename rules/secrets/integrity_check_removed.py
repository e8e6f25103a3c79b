"""See integrity_check_removed.md."""

import posixpath
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from rules.api import (
    Category,
    Command,
    Confidence,
    DockerfileChange,
    Fix,
    Problem,
    Run,
    Severity,
    Span,
    Stage,
    Step,
    Variable,
    insert_after,
    quote,
    replace,
    rule,
)
from rules.packages.locks.calls import is_told_to_hold
from rules.purpose import is_for_development
from rules.quoting import listed
from rules.secrets.downloads.checks import last_checks
from rules.secrets.downloads.fetched import FETCHERS, added_name, saved_name, urls
from rules.secrets.downloads.lost_checks import lost_checks, saved_names
from rules.secrets.downloads.lost_pins import lost_pins
from rules.secrets.held_elsewhere import is_done_otherwise, is_held_elsewhere, lacks_lock, may_have_lock

_VERSION = re.compile(r"\$\{[^}]*\}|\$\w+|[0-9a-f]{7,}|[0-9]+")
_SAFE = re.compile(
    r"\.(?:sign?|asc|sha\d+(?:sum)?s?|md5|minisig|pem|key|gpg|txt)$|(?<![0-9a-f])[0-9a-f]{40}(?![0-9a-f])"
)
"""Addresses of signatures, sums and keys, and those that name the content itself by its commit."""

_LOCKED: dict[str, tuple[str, ...]] = {
    "pip": ("--require-hashes",),
    "pip3": ("--require-hashes",),
    "yarn": ("--frozen-lockfile", "--immutable"),
    "pnpm": ("--frozen-lockfile",),
    "bun": ("--frozen-lockfile",),
    "cargo": ("--locked", "--frozen"),
    "uv": ("--frozen", "--locked", "--require-hashes"),
    "bundle": ("--frozen", "--deployment"),
}
_LOCKED_BY = {
    "uv": ("UV_LOCKED", "UV_FROZEN"),
    "pip": ("PIP_REQUIRE_HASHES",),
    "pip3": ("PIP_REQUIRE_HASHES",),
    "bundle": ("BUNDLE_FROZEN", "BUNDLE_DEPLOYMENT"),
    "yarn": ("YARN_ENABLE_IMMUTABLE_INSTALLS",),
    "pnpm": ("CI",),
}
"""Variables that do what the flag does."""
_SET_IN_FILES = {
    "yarn": (".yarnrc.yml", re.compile(rb"^enableImmutableInstalls:\s*true", re.MULTILINE)),
    "pnpm": (".npmrc", re.compile(rb"^frozen-lockfile\s*=\s*true", re.MULTILINE)),
    "bun": ("bunfig.toml", re.compile(rb"^\s*frozenLockfile\s*=\s*true", re.MULTILINE)),
}
"""Settings that do so (yarnpkg.com, "Settings (.yarnrc.yml)"; pnpm.io, ".npmrc"; bun.sh, "bunfig.toml")."""


_BACK = "Put it back; if the lock file is behind, update it in this change."
_BOTH_BACK = "No `COPY` brings the lock file any more: put both back."


class Fetched(NamedTuple):
    """Something that a stage downloads.

    Attributes:
        key: The address without its versions: what stays the same across an upgrade.
        url: As written.
        span: Where.
        step: The instruction.
        checked: Whether its checksum or signature is tested.
    """

    key: str
    url: str
    span: Span
    step: Step
    checked: bool


@rule(
    "integrity-check-removed",
    severity=Severity.WARNING,
    category=Category.SECURITY,
    compares=True,
    keywords=("RUN", "ADD"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """The change takes away a check of what is downloaded or installed."""
    assert change.before is not None
    for stage in change.stages:
        was = change.was(stage)
        if was is None:  # split off from another stage: what no stage tests any more counts
            yield from _compared(change, stage, change.before.stages, change.stages)
        elif stage.instructions != was.instructions:
            yield from _compared(change, stage, (was,), (stage,))


def _compared(change: DockerfileChange, stage: Stage, was: Sequence[Stage], now: Sequence[Stage]) -> Iterator[Problem]:
    yield from _downloads(stage, was, now)
    if not is_for_development(change, stage):
        yield from _flags(change, stage, was, now)
        yield from _unlocked(change, stage, was, now)
    yield from lost_pins(change, stage, was, now)
    yield from lost_checks(stage, was, now)


def _downloads(stage: Stage, was: Sequence[Stage], now: Sequence[Stage]) -> Iterator[Problem]:
    checked = {fetched.key for one in was for fetched in _fetched(one) if fetched.checked}
    elsewhere = (one for one in now if one is not stage) if checked else ()
    seen = {fetched.key for one in elsewhere for fetched in _fetched(one) if fetched.checked}
    lost: dict[Step, list[Fetched]] = {}
    for fetched in _fetched(stage) if checked else ():
        if fetched.key not in checked or fetched.checked or fetched.key in seen or _SAFE.search(fetched.url):
            continue
        seen.add(fetched.key)
        lost.setdefault(fetched.step, []).append(fetched)
    yield from (_unverified(stage, found) for found in lost.values())


def _unverified(stage: Stage, found: list[Fetched]) -> Problem:
    """Speak at once of all that one instruction takes and does not test any more."""
    first, alone = found[0], len(found) == 1
    shown = listed((quote(fetched.url) for fetched in found), 2)
    sums = f"a sum has to be that of {'the file that is' if alone else 'each file as it is'} fetched"
    return Problem(
        first.span,
        f"{stage.label} still takes {shown}, but no longer tests {'its' if alone else 'their'} checksum or signature. "
        f"A file that is replaced on the server then goes into the image unseen. Put the check back; {sums} now.",
        Confidence.CERTAIN,
        instruction=first.step.instruction,
        stage=stage.key,
        key=" ".join(fetched.key for fetched in found),
    )


def _fetched(stage: Stage) -> Iterator[Fetched]:
    added = [
        (copy, source, source.path)
        for copy in stage.copies
        if copy.is_add
        for source in copy.sources
        if source.is_remote and source.path is not None
    ]
    found = [(run, url) for run in stage.runs for command in run.calls(*FETCHERS) for url in urls(command, run)]
    names = {saved_name(url) for _, url in found} | {added_name(copy, path) for copy, _, path in added}
    last = last_checks(stage, names | saved_names(stage)) if names else {}
    for copy, source, path in added:
        name = added_name(copy, path)
        checked = bool(name) and max(last.get(name, -1), last.get(None, -1)) >= copy.index
        sure = checked or copy.instruction.flag("checksum") is not None
        yield Fetched(_key(path), path, source.word.span, copy, sure)
    for run, url in found:
        name = saved_name(url)
        sure = bool(name) and max(last.get(name, -1), last.get(None, -1)) >= run.index
        yield Fetched(_key(url.text), url.text, url.word.span, run, sure)


def _key(url: str) -> str:
    """Return the URL without what a release changes: scheme, numbers, hashes, variables."""
    return _VERSION.sub("", url.partition("://")[2].partition("?")[0])


def _flags(change: DockerfileChange, stage: Stage, was: Sequence[Stage], now: Sequence[Stage]) -> Iterator[Problem]:
    """Find installs that lost the flag which ties them to the lock file or to hashes."""
    before: dict[tuple[str, str], str] = {}
    for name, verb, flag, command, run in (install for one in was for install in _installs(one)):
        if flag and not lacks_lock(run, name) and not is_done_otherwise(run, command):
            before.setdefault((name, verb), flag)
    tied = {(name, verb) for one in now if before for name, verb, flag, _, _ in _installs(one) if flag}
    for name, verb, flag, command, step in _installs(stage) if before else ():
        lost = before.get((name, verb)) if not flag else None
        if lost is None or (name, verb) in tied or is_held_elsewhere(change, stage, step, command):
            continue
        if (name == "bundle" and is_told_to_hold(step, command.start)) or _reads_no_list(command, lost):
            continue
        if _is_set_in_file(change, name):
            continue
        program = next((word for word in command.args if word.value == verb), command.program)
        assert program is not None, "a command of a name has a program"
        locked = may_have_lock(step, name)
        yield Problem(
            command.span,
            f"{stage.label} runs {quote(str(command))} without {quote(lost)}, which it had before. The build may then "
            f"install other versions than the lock file names, and nobody sees it. {_BACK if locked else _BOTH_BACK}",
            Confidence.CERTAIN,
            instruction=step.instruction,
            stage=stage.key,
            key=f"{name} {verb}",
            fix=Fix(f"Put {lost} back", (insert_after(step.instruction.source, program, f" {lost}"),))
            if locked and lost.startswith("--") and not _is_reversed(command, lost)
            else None,
        )


def _is_set_in_file(change: DockerfileChange, name: str) -> bool:
    """Whether the settings of a manager that were read say what the flag said."""
    file, setting = _SET_IN_FILES.get(name, ("", None))
    texts = (data for path, data in change.repository.files.items() if posixpath.basename(path) == file)
    return setting is not None and any(setting.search(data) for data in texts)


def _reads_no_list(command: Command, flag: str) -> bool:
    """Whether hashes are asked of packages that the command names itself: a file of requirements has them."""
    lists = (word.value.startswith(("-r", "--requirement")) for word in command.args)
    return flag in ("--require-hashes", "PIP_REQUIRE_HASHES") and not any(lists)


def _installs(stage: Stage) -> Iterator[tuple[str, str, str, Command, Run]]:
    for run in stage.runs:
        for command in run.calls(*_LOCKED):
            flags = [flag for flag in _LOCKED[command.name] if command.has(flag) and not _is_reversed(command, flag)]
            if not flags and not any(_is_reversed(command, flag) for flag in _LOCKED[command.name]):
                flags = [name for name in _LOCKED_BY.get(command.name, ()) if _is_set(run, command, name)]
            yield command.name, command.subcommand, flags[0] if flags else "", command, run


def _is_reversed(command: Command, flag: str) -> bool:
    """Whether a later word takes a flag back: `--no-frozen-lockfile`, `--frozen-lockfile=false`."""
    against = (f"--no-{flag[2:]}", f"{flag}=false")
    said = [word.value for word in command.args if word.value in (flag, *against)]
    return bool(said) and said[-1] in against


def _is_set(run: Run, command: Command, name: str) -> bool:
    """Whether a variable ties the install as the flag does; one of unknown value may."""
    prefix = next((word.value for key, word in command.assignments if key == name), None)
    found = prefix if prefix is not None else run.scope.get(name)
    value = found.value if isinstance(found, Variable) else found
    return value is not None and (not isinstance(value, str) or value.lower() not in ("", "0", "false", "no"))


def _unlocked(change: DockerfileChange, stage: Stage, was: Sequence[Stage], now: Sequence[Stage]) -> Iterator[Problem]:
    """Find `npm install` where `npm ci` was: the one installs what the lock file says, the other may rewrite it."""
    if not any(map(_installs_clean, was)) or any(map(_installs_clean, now)):
        return
    for run in stage.runs:
        for command in run.calls("npm"):
            if (
                command.subcommand not in ("install", "i")
                or len(command.operands()) > 1
                or command.has("-g", "--global")
                or is_held_elsewhere(change, stage, run, command)
            ):
                continue
            verb = next(word for word in command.args if word.value == command.subcommand)
            locked = may_have_lock(run, "npm")
            yield Problem(
                command.span,
                f"{stage.label} runs {quote(str(command))} where it ran `npm ci`. `npm install` takes newer versions "
                "where the lock file does not fit `package.json`, and nobody sees it. "
                f"{_BACK if locked else _BOTH_BACK}",
                Confidence.CERTAIN,
                instruction=run.instruction,
                stage=stage.key,
                key="npm ci",
                fix=Fix("Put npm ci back", (replace(run.instruction.source, verb.span, "ci"),)) if locked else None,
            )
            return


def _installs_clean(stage: Stage) -> bool:
    verbs = ("ci", "clean-install", "install-clean")
    return any(
        command.subcommand in verbs and not lacks_lock(run, "npm") and not is_done_otherwise(run, command)
        for run in stage.runs
        for command in run.calls("npm")
    )
