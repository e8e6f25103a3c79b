"""See stopsignal_for_server.md."""

from collections.abc import Iterator

from rules.api import (
    Category,
    Confidence,
    DockerfileChange,
    Origin,
    Problem,
    Severity,
    Stage,
    fix,
    insert_line_before,
    quote,
    replace,
    rule,
)
from rules.runtime.signals import signal_name

_SYSTEMD = ("SIGRTMIN+3", "systemd then powers the container off in order")
_NGINX = ("SIGQUIT", "the server then finishes the requests under way")
_WANTED = {
    "nginx": _NGINX,
    "openresty": _NGINX,
    "php-fpm": ("SIGQUIT", "the pool then finishes the requests under way"),
    "httpd": ("SIGWINCH", "the server then finishes the requests under way"),
    "httpd-foreground": ("SIGWINCH", "the server then finishes the requests under way"),
    "apache2-foreground": ("SIGWINCH", "the server then finishes the requests under way"),
    "systemd": _SYSTEMD,
}
_INIT_PATHS = frozenset({"/sbin/init", "/usr/sbin/init", "/lib/systemd/systemd", "/usr/lib/systemd/systemd"})


@rule(
    "stopsignal-for-server",
    severity=Severity.INFO,
    category=Category.RELIABILITY,
    default="info",
    keywords=("CMD", "ENTRYPOINT"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A server that stops gracefully on a signal of its own gets another one."""
    for stage in change.stages:
        found = _program(stage)
        wanted = _WANTED.get(found) if found is not None else None
        if wanted is not None and found is not None:
            yield from _problem(stage, found, *wanted)


def _program(stage: Stage) -> str | None:
    """Return which of the servers is process 1, when the stage itself says so in the exec form."""
    image = stage.image
    setting = image.entrypoint or image.cmd
    start = setting.value
    if setting.origin is not Origin.HERE or start is None or start.form != "exec":
        return None
    if start.words[0] in _INIT_PATHS:
        facts = stage.facts
        return None if facts is not None and facts.distro == "alpine" else "systemd"
    return start.program


def _problem(stage: Stage, program: str, wanted: str, why: str) -> Iterator[Problem]:
    image = stage.image
    signal, setting = image.stopsignal, image.entrypoint or image.cmd
    unknown = signal.origin is Origin.UNKNOWN
    if (unknown and program != "systemd") or (signal.set_in_file and signal.value is None):
        return
    if signal.value is not None and signal_name(signal.value) == wanted:
        return
    instruction = signal.instruction if signal.origin is Origin.HERE else None
    start = setting.instruction
    assert start is not None
    got = f"is stopped with {quote(signal.value)}" if signal.value else "is stopped with SIGTERM, Docker's default"
    edit = (
        replace(instruction.source, instruction.value_span, wanted)
        if instruction is not None
        else insert_line_before(start, f"STOPSIGNAL {wanted}")
    )
    yield Problem(
        (instruction or start).span,
        f"{stage.label} starts {quote(program)}, which {got}. That cuts connections off. "
        f"Say `STOPSIGNAL {wanted}`: {why}.",
        Confidence.POSSIBLE if unknown else Confidence.CERTAIN,
        stage=stage.key,
        fix=fix(f"Stop {program} with {wanted}", edit),
    )
