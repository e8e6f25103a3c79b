"""See healthcheck_dropped.md."""

import re
from collections.abc import Iterator

from rules.api import (
    Category,
    Command,
    Confidence,
    Copy,
    DockerfileChange,
    Fix,
    Instruction,
    Note,
    Origin,
    Problem,
    Setting,
    Severity,
    Stage,
    Start,
    append_to_stage,
    fix,
    insert_after,
    insert_line_before,
    quote,
    rule,
)
from rules.dockerfile.shell.nested import SHELLS
from rules.facts.installers import NODE_MANAGERS
from rules.runtime.lost.brought_no_more import brought_no_more
from rules.runtime.ports.probes import asking

_PROBES = (b"livenessProbe:", b"readinessProbe:", b"startupProbe:", b"healthcheck:")


@rule(
    "healthcheck-dropped",
    severity=Severity.WARNING,
    category=Category.RELIABILITY,
    compares=True,
    keywords=("FROM",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """The change takes away the health check of a stage that ships, or what makes it fail at an error."""
    for stage, was in change.shipped():
        if was is None:
            continue
        lost, now = was.image.healthcheck, stage.image.healthcheck
        careless = _takes_any_answer(now.value) if now.set_in_file and now.value else None
        if careless is not None and lost.set_in_file and lost.value and "curlrc" not in change.after.code:
            strict = _fails_at_errors(lost.value)
            if strict is not None:
                yield _loosened(stage, careless, strict)
        if lost.set_in_file and lost.value and now.set_in_file and now.value:
            swallowed = _swallowed(now.value)
            if swallowed is not None and _swallowed(lost.value) is None:
                yield _never_fails(stage, lost, swallowed)
        if not lost.set_in_file or not lost.value or now.set_in_file or now.value:
            continue
        if not _is_probed_elsewhere(change):
            yield _problem(change, stage, was)


_FAILS = ("-f", "--fail", "--fail-with-body")
_JUDGES = ("-w", "--write-out", "-K", "--config")
"""Options of `curl` with which something else looks at the status, or that may hold `--fail`."""
_ALWAYS_PASSES = re.compile(r"\|\|\s*(?:true|:|exit\s+0)")
_ENDS_WELL = re.compile(rf"({_ALWAYS_PASSES.pattern})\s*;?\s*\Z")


def _swallowed(probe: Start) -> str | None:
    """Return what stands at the end of a probe and makes it end well whatever happened: `|| true`."""
    text = probe.words[-1] if probe.words else ""
    found = _ENDS_WELL.search(text)
    return found[1] if found is not None and (probe.form == "shell" or " " in text) else None


def _never_fails(stage: Stage, lost: Setting[Start], swallowed: str) -> Problem:
    instruction, then = stage.image.healthcheck.instruction, lost.instruction
    assert instruction is not None
    assert then is not None
    return Problem(
        instruction.span,
        f"The health check of {stage.label} cannot fail any more: {quote(swallowed)} at its end makes a success of "
        f"every error, and {quote(str(then), 70)} told them before this change. A program that hangs is reported "
        "healthy for ever. Write `|| exit 1`, or leave the end out.",
        stage=stage.key,
        instruction=instruction,
        key="never fails",
        notes=(Note(then.span, "failed here before", before=True),),
    )


def _takes_any_answer(probe: Start) -> Command | None:
    """Return the `curl` of a probe that nothing but its status decides, where that says 0 at an error's page."""
    asks = asking(probe)
    shell = [command for command in asks if command.name in SHELLS]
    curls = [command for command in asks if command.name == "curl"]
    if len(curls) != 1 or len(asks) != len(shell) + 1:
        return None
    curl = curls[0]
    judged = curl.has(*_FAILS, *_JUDGES) or curl.after in ("|", "|&") or curl.conditional or curl.negated
    known = any("://" in word.value for word in curl.args) and not any("$" in word.value[:1] for word in curl.args)
    return curl if known and not judged else None


def _fails_at_errors(probe: Start) -> Command | None:
    """Return the command of a probe that fails where the server answers with an error."""
    if _ALWAYS_PASSES.search(probe.text):
        return None
    found = (c for c in probe.commands if c.name == "wget" or (c.name == "curl" and c.has(*_FAILS)))
    return next((c for c in found if c.after not in ("|", "|&") and not c.has("--content-on-error")), None)


def _loosened(stage: Stage, curl: Command, strict: Command) -> Problem:
    setting = stage.image.healthcheck
    instruction = setting.instruction
    assert instruction is not None
    repairable = instruction.exec_form is None and curl.program is not None and not curl.nested
    return Problem(
        instruction.span,
        f"The health check of {stage.label} passes at any answer now: without `--fail`, `curl` ends well on a 500, and "
        f"{quote(str(strict), 70)} failed on it before this change. A program that only returns errors is reported "
        "healthy. Add `--fail`.",
        Confidence.LIKELY,
        doubt="that the server answers at all may be enough",
        stage=stage.key,
        instruction=instruction,
        key="any answer",
        notes=(Note(strict.span, "failed here before", before=True),),
        fix=fix("Fail on an error", insert_after(instruction.source, curl.program, " --fail"))
        if repairable and curl.program is not None
        else None,
    )


def _is_probed_elsewhere(change: DockerfileChange) -> bool:
    """Whether Kubernetes manifests or compose files of the repository have probes of their own."""
    return any(
        any(mark in data for mark in _PROBES)
        for path, data in change.repository.files.items()
        if path.endswith((".yaml", ".yml", ".tpl"))
    )


_SAYS_WHY = re.compile(
    r"\bhealth[ -]?check|\bprobes?\b|\bhealth\b.*\b(?:kubernetes|k8s|compose|swarm|ecs|nomad)\b", re.IGNORECASE
)


def _is_explained(change: DockerfileChange) -> bool:
    """Whether a comment that came with the change speaks of health checks: the author saw what goes."""
    known = {comment.text for comment in change.before.dockerfile.comments} if change.before is not None else set()
    new = (comment.text for comment in change.after.dockerfile.comments if comment.text not in known)
    return any(_SAYS_WHY.search(text) for text in new)


def _way_out(stage: Stage, lost: Setting[Start], gone: Copy | None) -> str:
    """Say how to get it back, in another image by what that has."""
    commands = lost.value.commands if lost.value is not None else ()
    missing = next((c.name for c in commands if c.name and stage.base_known and stage.runtime.lacks(c.name)), None)
    if gone is not None:
        return f"Ask with what is there now, for the file that {quote(str(gone.instruction), 70)} brought is not"
    return f"Ask with what is there now, for {quote(missing)} is not" if missing is not None else "Restate it"


def _problem(change: DockerfileChange, stage: Stage, was: Stage) -> Problem:
    lost = was.image.healthcheck
    assert lost.instruction is not None
    gone = brought_no_more(change, stage, was, lost.value) if lost.value is not None else None
    text = str(lost.instruction)
    before = f"set in line {lost.instruction.line} before this change"
    alike = _starts_alike(stage, was)
    sure = alike and not _is_explained(change) and not _may_bring_another(stage, was)
    return Problem(
        stage.from_.span,
        f"{stage.label} loses its health check: {quote(text)}, {before}. Docker, Swarm and compose's "
        "`condition: service_healthy` no longer notice a program that hangs. "
        f"{_way_out(stage, lost, gone)}, or say `HEALTHCHECK NONE` if that is intended.",
        Confidence.LIKELY if sure else Confidence.POSSIBLE,
        doubt="where it runs, other probes may watch it",
        stage=stage.key,
        notes=(Note(lost.instruction.span, "set here before", before=True),),
        fix=_restated(stage, lost.instruction) if gone is None and alike else None,
    )


def _starts_alike(stage: Stage, was: Stage) -> bool:
    """Whether the start has a word in common with the old one: of another program nobody knows what to ask."""
    now, then = (set(one.image.start_line(own=True).split()) for one in (stage, was))
    managers = {"node", *NODE_MANAGERS}
    return not now or not then or bool(now & then) or not (now.isdisjoint(managers) or then.isdisjoint(managers))


def _may_bring_another(stage: Stage, was: Stage) -> bool:
    """Whether the base image is another now, of which it is not known whether it has a health check."""
    return not stage.base_known and stage.root.base_text != was.root.base_text


def _restated(stage: Stage, lost: Instruction) -> Fix | None:
    if lost.exec_form is None and stage.runtime.has_shell is False:
        return None  # the shell form would find no shell
    start = next((s.instruction for s in stage.image.start_command if s.origin is Origin.HERE), None)
    text = lost.text.replace("\r\n", "\n")
    edit = insert_line_before(start, text) if start is not None else append_to_stage(stage, text)
    return fix("Restate the health check", edit)
