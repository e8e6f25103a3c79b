"""See stopsignal_for_server.md."""

import posixpath
import re
from collections.abc import Iterator

from rules.api import (
    Category,
    Confidence,
    DockerfileChange,
    Origin,
    Problem,
    Setting,
    Severity,
    Stage,
    Start,
    fix,
    insert_line_before,
    quote,
    replace,
    rule,
)
from rules.runtime.signals import signal_name
from rules.runtime.start_instructions import behind_init, is_script_entrypoint, reads_code

_SYSTEMD = ("SIGRTMIN+3", "systemd then powers the container off in order")
_CUTS_OFF = "That cuts connections off"
_STARTS_ANEW = "systemd starts itself anew on that, so `docker stop` waits ten seconds and kills everything"
_NGINX = ("SIGQUIT", "the server then finishes the requests under way")
_WANTED = {
    "nginx": _NGINX,
    "openresty": _NGINX,
    "php-fpm": ("SIGQUIT", "the pool then finishes the requests under way"),
    "apache2": ("SIGWINCH", "the server then finishes the requests under way"),
    "httpd": ("SIGWINCH", "the server then finishes the requests under way"),
    "httpd-foreground": ("SIGWINCH", "the server then finishes the requests under way"),
    "apache2-foreground": ("SIGWINCH", "the server then finishes the requests under way"),
    "systemd": _SYSTEMD,
}
_INIT_PATHS = frozenset({"/sbin/init", "/usr/sbin/init", "/lib/systemd/systemd", "/usr/lib/systemd/systemd"})
_PHP_FPM = re.compile(r"php-?fpm[\d.]*\Z")
_ENDS_AT_ONCE = frozenset({"-t", "-T", "-v", "-V", "-h", "-s"})
"""Options of nginx with which it serves nothing (`nginx -h`)."""


@rule(
    "stopsignal-for-server",
    severity=Severity.INFO,
    category=Category.RELIABILITY,
    default="info",
    keywords=("CMD", "ENTRYPOINT", "STOPSIGNAL"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A server that stops gracefully on a signal of its own gets another one."""
    for stage in change.stages:
        found = _program(stage)
        wanted = _WANTED.get(found) if found is not None else None
        if wanted is not None and found is not None:
            yield from _problem(stage, found, *wanted)


def _program(stage: Stage) -> str | None:
    """Return which of the servers is process 1, when this stage chose it or the signal that it gets."""
    start = _process_1(stage)
    if start is None or not start.value:
        return None
    if Origin.HERE not in (start.origin, stage.image.stopsignal.origin):
        return None
    words = _behind_shell(start.value)
    if not words or (posixpath.basename(words[0]) in ("nginx", "openresty") and not _ENDS_AT_ONCE.isdisjoint(words)):
        return None
    if words[0] in _INIT_PATHS:
        facts = stage.facts
        return None if facts is not None and facts.distro == "alpine" else "systemd"
    name = posixpath.basename(words[0])
    return "php-fpm" if _PHP_FPM.match(name) else name


def _behind_shell(start: Start) -> tuple[str, ...]:
    """Return the words of what gets the signal: behind an init, or where the shell makes way by `exec`."""
    if start.form == "exec" and not reads_code(start.words):
        return behind_init(start.words)
    last = start.commands[-1] if start.commands else None
    if last is None or last.wrappers != ("exec",) or last.program is None:
        return ()
    return (last.program.value, *(word.value for word in last.args))


def _process_1(stage: Stage) -> Setting[Start] | None:
    """Return the setting that says what runs: behind the start script of a base that we know, CMD."""
    image, facts = stage.image, stage.facts
    written = image.entrypoint.value
    if facts is not None and written is not None and written.words == facts.entrypoint and is_script_entrypoint(stage):
        return image.cmd  # the official images' scripts end in `exec "$@"`
    if written and written.form == "exec" and not behind_init(written.words):
        return image.cmd  # `tini --` passes on what it gets
    return image.entrypoint or image.cmd


def _problem(stage: Stage, program: str, wanted: str, why: str) -> Iterator[Problem]:
    signal, setting = stage.image.stopsignal, _process_1(stage)
    unknown = signal.origin is Origin.UNKNOWN
    if (unknown and program != "systemd") or (signal.set_in_file and signal.value is None):
        return
    if signal.value is not None and signal_name(signal.value) == wanted:
        return
    instruction = signal.instruction if signal.origin is Origin.HERE else None
    start = setting.instruction if setting is not None else None
    place = instruction or start
    assert place is not None
    got = f"is stopped with {quote(signal.value)}" if signal.value else "is stopped with SIGTERM, Docker's default"
    then = _STARTS_ANEW if program == "systemd" and not signal.value else _CUTS_OFF
    edit = (
        replace(instruction.source, instruction.value_span, wanted)
        if instruction is not None
        else insert_line_before(place, f"STOPSIGNAL {wanted}")
    )
    yield Problem(
        place.span,
        f"{stage.label} starts {quote(program)}, which {got}. {then}. Say `STOPSIGNAL {wanted}`: {why}.",
        Confidence.POSSIBLE if unknown else Confidence.CERTAIN,
        stage=stage.key,
        fix=fix(f"Stop {program} with {wanted}", edit),
    )
