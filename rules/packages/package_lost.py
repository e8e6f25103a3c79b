"""See package_lost.md."""

from collections.abc import Iterator
from typing import NamedTuple

from rules.api import (
    Category,
    Confidence,
    DockerfileChange,
    Installed,
    Note,
    Problem,
    Severity,
    Stage,
    quote,
    rule,
)
from rules.facts.command_packages import provides
from rules.facts.packages import is_build_only, is_listed
from rules.matching.delegated import installs_by_script, is_named_in_new_script
from rules.packages.build_tools.packages import is_language_toolkit
from rules.packages.indexes.certificates import brings_certificates, certificates_of
from rules.packages.indexes.sources import adds_source_before
from rules.packages.libraries.linked import linked_with
from rules.packages.libraries.loaded import need_of
from rules.packages.lost.gone import gone_from
from rules.packages.lost.replaced import is_explained, lacks, may_be_in_base, runs_new_script
from rules.packages.lost.restoring import restored
from rules.packages.lost.still_called import calls_of
from rules.purpose import AT_A_PROMPT, is_called_builder, is_called_for_development
from rules.quoting import listed
from rules.runtime.scripts.calls import ScriptCall, script_calls
from rules.runtime.scripts.tools import lacking
from rules.runtime.starts.instructions import shipped

_NETWORK = frozenset("curl wget git pip pip3 npm yarn pnpm uv go cargo gem bundle composer gpg apt-key".split())
_NOT_ASKED = AT_A_PROMPT | frozenset(
    "gnupg gnupg2 apt-transport-https software-properties-common lsb-release dirmngr apt-utils curl wget git sudo jq "
    "unzip zip bzip2 xz-utils tar procps net-tools iputils-ping grep sed gawk findutils coreutils file tree rsync bash "
    "openssh-client shadow netcat netcat-openbsd telnet dnsutils".split()
)
"""What people work and build with: an image that nothing in the file calls them in is better without."""

_MANY = 6
"""More than these at once is a rewrite, and its author knows."""


class Lost(NamedTuple):
    """A package that the image had and has not any more.

    Attributes:
        item: As it was installed before.
        command: The command of it that is still used; empty when none is known.
        line: Where that is used, 0 for the start command and the health check; a line of the script, if one uses it.
        checks: Whether the health check uses it.
        still: Whether that called it before the change as well.
        script: The start script that uses it, its path in the repository; empty for the others.
        sure: Whether it is called whatever happens, and everything ends where it fails.
    """

    item: Installed
    command: str = ""
    line: int = 0
    checks: bool = False
    still: bool = True
    script: str = ""
    sure: bool = True


@rule(
    "package-lost",
    severity=Severity.WARNING,
    category=Category.RELIABILITY,
    compares=True,
    keywords=("FROM",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """The change takes a package out of a shipped image that something may still need."""
    if change.after.dockerfile.faults:
        return  # what stands behind a fault is not read
    for stage, was in change.shipped():
        if was is None:
            continue
        gone = tuple(item for item in gone_from(stage, was) if not is_named_in_new_script(change, item.name))
        in_scripts = _in_scripts(change, stage) if gone else {}
        used = tuple(lost for item in gone if (lost := _used(stage, was, item, in_scripts)) is not None)
        certificates = next((item for item in gone if item.name == "ca-certificates"), None)
        by_script = runs_new_script(stage, was) and installs_by_script(change, stage)
        if certificates is not None and not brings_certificates(stage) and not by_script:
            yield _certificates(stage, certificates)
        for lost in used:
            yield _still_used(stage, lost)
        needed = _needed(change, stage, was, gone, used)
        yield from (_still_needed(stage, item, need) for item, need in needed)
        told = {lost.item.name for lost in used} | {item.name for item, _ in needed}
        rest = () if _is_meant(change, stage) else _silent(change, stage, was, gone, told)
        if 0 < len(rest) <= _MANY:
            yield _question(stage, rest)


def _in_scripts(change: DockerfileChange, stage: Stage) -> dict[str, ScriptCall]:
    """Return the programs that the stage's start scripts and its health check's call, each with its first call.

    What a start script calls whatever happens is left to `start-tool-missing`, which says what becomes of the start.
    """
    found: dict[str, ScriptCall] = {}
    certain: set[str] = set()
    for written in shipped(change, "ENTRYPOINT", "CMD", "HEALTHCHECK"):
        for call in script_calls(change, written) if written.stage is stage else ():
            found.setdefault(call.name, call)
            if call.certain and written.instruction.keyword != "HEALTHCHECK":
                certain.add(call.name)
    return {name: call for name, call in found.items() if name not in certain}


def _used(stage: Stage, was: Stage, item: Installed, in_scripts: dict[str, ScriptCall]) -> Lost | None:
    """Return where a command of the package is still called, when nothing else can have brought it."""
    commands = provides(item.name)
    if not commands or item.name == "ca-certificates":
        return None
    for run in stage.done_runs:
        for command in run.commands:
            if command.name in commands and lacks(stage, was, command.name):
                called = any(one.name == command.name for before in was.done_runs for one in before.commands)
                return Lost(item, command.name, command.line, still=called)
    starts = [setting.value for setting in (*stage.image.start_command, stage.image.healthcheck) if setting.set_in_file]
    for start in starts:
        for call in calls_of(start, commands) if start is not None else ():
            if lacks(stage, was, call.name):
                checks = start is stage.image.healthcheck.value
                still = _was_called(was, call.name, checks=checks)
                return Lost(item, call.name, checks=checks, still=still, sure=call.sure)
    for name in sorted(commands & in_scripts.keys()):
        if lacks(stage, was, name):
            return Lost(item, name, in_scripts[name].span.line, still=False, script=in_scripts[name].script)
    return None


def _was_called(was: Stage, name: str, *, checks: bool) -> bool:
    """Whether the health check, or what was started, called a command before the change."""
    settings = (was.image.healthcheck,) if checks else was.image.start_command
    texts = (setting.value.text for setting in settings if setting.value is not None)
    return any(word.rsplit("/", 1)[-1] == name for text in texts for word in text.split())


def _certificates(stage: Stage, item: Installed) -> Problem:
    run = next((run for run in stage.done_runs for command in run.commands if command.name in _NETWORK), None)
    where = f"; line {run.instruction.line} already needs them" if run is not None else ""
    return Problem(
        stage.from_.span,
        f"{stage.label} no longer installs {quote('ca-certificates')}, and its base image has none{where}. Every "
        "outgoing HTTPS connection then fails with an unknown certificate authority, at run time and not before. "
        "Install it again unless the program brings its own.",
        Confidence.LIKELY,
        doubt="the program may bring its own certificates",
        stage=stage.key,
        key="ca-certificates",
        cause=certificates_of(stage),
        notes=(Note(item.call.command.span, "installed here before", before=True),),
        fix=restored(stage, item),
    )


def _still_used(stage: Stage, lost: Lost) -> Problem:
    calls = "still calls" if lost.still else "calls"
    started = not (lost.line or lost.script)
    sure = started and stage.runtime.lacks(lost.command)
    caller, failure = _caller(lost)
    base = quote(stage.root.base_text or "")
    then = f"{base} does not have it: {failure.lower()}" if sure else f"{failure} unless the base image has it"
    fact = f"{stage.label} no longer installs {quote(lost.item.name)}, and {caller} {calls} {quote(lost.command)}"
    certain = lost.sure and stage.runtime.has_tool(lost.command) is False
    return Problem(
        stage.from_.span,
        f"{fact}. {then}.",
        Confidence.CERTAIN if certain else Confidence.LIKELY,
        doubt="something that was not read may bring it" if sure else "the base image may have it",
        stage=stage.key,
        key=lost.item.name,
        cause=lacking(stage, lost.command) if started else "",
        notes=(Note(lost.item.call.command.span, "installed here before", before=True),),
        fix=restored(stage, lost.item),
        severity=Severity.ERROR if sure and certain else None,
    )


def _caller(lost: Lost) -> tuple[str, str]:
    """Return what calls the command of a package, and what becomes of that without it."""
    if lost.script:
        return f"line {lost.line} of the script {quote(lost.script)}", "The script fails there"
    if lost.line:
        return f"line {lost.line}", "The build stops there"
    return ("its health check", "Every probe fails") if lost.checks else ("what it starts", "The container fails there")


def _needed(
    change: DockerfileChange, stage: Stage, was: Stage, gone: tuple[Installed, ...], used: tuple[Lost, ...]
) -> list[tuple[Installed, str]]:
    """Return what the project needs of the rest, each with the reason."""
    if _is_meant(change, stage):
        return []
    told = {lost.item.name for lost in used}
    left = [item for item in gone if item.name not in told]
    found = ((item, need_of(change, stage, item.name) or linked_with(change, stage, item.name)) for item in left)
    return [(item, need) for item, need in found if need is not None and not is_explained(stage, was, item)]


def _still_needed(stage: Stage, item: Installed, need: str) -> Problem:
    return Problem(
        stage.from_.span,
        f"{stage.label} no longer installs {quote(item.name)}, {need}.",
        Confidence.LIKELY,
        doubt="another package may bring it",
        stage=stage.key,
        key=item.name,
        cause=f"package {item.name}",
        notes=(Note(item.call.command.span, "installed here before", before=True),),
        fix=restored(stage, item),
    )


def _is_meant(change: DockerfileChange, stage: Stage) -> bool:
    """Whether nobody need ask: the image is for development or builds."""
    return is_called_for_development(change, stage) or is_called_builder(change, stage)


def _silent(
    change: DockerfileChange, stage: Stage, was: Stage, gone: tuple[Installed, ...], named: set[str]
) -> tuple[Installed, ...]:
    """Return what else went from an image that is otherwise the same: perhaps in passing."""
    if stage.root.base_text != was.root.base_text or len(change.stages) != len(
        change.before.stages if change.before else ()
    ):
        return ()
    if (len(gone) > _MANY and len(gone) * 2 > len(was.packages.present)) or runs_new_script(stage, was):
        return ()
    distribution = stage.runtime.distribution or "debian"
    asked = tuple(
        item
        for item in gone
        if item.name not in named | _NOT_ASKED
        and (item.name != "ca-certificates" or stage.facts is None)
        and (not is_build_only(item.name, distribution) or is_language_toolkit(item.name))
        and not any(other.packages.has(item.name) for other in change.stages)
        and not may_be_in_base(stage, item)
        and _is_package(was, item)
    )
    if len(asked) > _MANY * 3:
        return ()
    return tuple(item for item in asked if not is_explained(stage, was, item))


def _is_package(was: Stage, item: Installed) -> bool:
    """Whether the install can have brought it: apt stops at a name that neither Debian nor another source has."""
    return item.manager != "apt" or is_listed(item.name) or adds_source_before(was, item.run, item.call)


def _question(stage: Stage, rest: tuple[Installed, ...]) -> Problem:
    names = tuple(dict.fromkeys(item.name for item in rest))
    return Problem(
        stage.from_.span,
        f"{stage.label} no longer installs {listed(map(quote, names))}. Nothing in this file calls "
        f"{'it' if len(names) == 1 else 'them'}, but the program may, or a library it loads. Is that intended?",
        Confidence.POSSIBLE,
        stage=stage.key,
        key=" ".join(names),
        severity=Severity.INFO,
        notes=(Note(rest[0].call.command.span, "installed here before", before=True),),
    )
