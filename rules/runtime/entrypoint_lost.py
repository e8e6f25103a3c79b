"""See entrypoint_lost.md."""

from collections.abc import Iterator

from rules.api import (
    Category,
    Confidence,
    Copy,
    DockerfileChange,
    Fix,
    Image,
    Note,
    Origin,
    Problem,
    Setting,
    Severity,
    Span,
    Stage,
    Start,
    quote,
    rule,
)
from rules.quoting import listed
from rules.runtime.lost.base_entrypoints import entrypoint_of_base_replaced
from rules.runtime.lost.brought_no_more import brought_no_more, went_with_its_copy
from rules.runtime.lost.cleared_commands import cleared_of_base, is_server_behind_init, problem_of_base
from rules.runtime.lost.on_purpose import is_explained, is_left_as_comment, is_said_by_manifest, ran_tests
from rules.runtime.lost.servers import lost_server
from rules.runtime.programs.deleted import deleted_program
from rules.runtime.starts.instructions import idle_start, is_bare_init, shipped
from rules.runtime.starts.placeholders import is_placeholder, problem_of_placeholder
from rules.runtime.starts.restated import restated
from rules.runtime.starts.scripts import StartScript, hands_over, reads_arguments, start_script
from rules.user.root.own_programs import waits_for_program

_NO_PROGRAM = frozenset("chmod chown chgrp mkdir cp mv ln rm touch true false : echo usage".split())
"""What does its work in an instant and belongs into a RUN; nothing stops running where it is gone."""
_INITS = frozenset("init my_init s6-svscan systemd".split())
"""What starts the services that a base image brings; it goes with that base."""


@rule(
    "entrypoint-lost",
    severity=Severity.ERROR,
    category=Category.RELIABILITY,
    compares=True,
    keywords=("FROM",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """The change takes away what a shipped stage started."""
    if change.repository.starts_otherwise(change.path):
        return
    for stage, was in change.shipped():
        if was is None or was.image.onbuild or is_explained(change, stage):
            continue
        lost = _lost(stage, was)
        if not lost:
            yield from filter(None, (lost_server(stage, was), _of_base(change, stage, was)))
        elif not is_said_by_manifest(change, lost):
            problem = _of_file(change, stage, was, lost)
            yield from (problem,) if problem is not None else ()


def _of_file(change: DockerfileChange, stage: Stage, was: Stage, lost: tuple[Setting[Start], ...]) -> Problem | None:
    """Speak of what the file said before; `None` where nothing of use is missed."""
    if is_placeholder(lost):
        return problem_of_placeholder(stage, was, lost)
    if _is_in_script(change, stage, was, lost) or _is_no_loss(stage, was, lost):
        return None
    guessed = _took_over(stage, was) and not _runs_arguments(change, stage, by_name=False)
    gone = _gone_with_it(change, stage, was, lost)
    waits = all(waits_for_program(one, s.value) for s in lost if s.value is not None for one in (was, stage))
    kept = is_left_as_comment(stage, lost)
    repair = None if guessed or waits or kept or gone is not None else restated(stage, was, lost)
    return _problem(stage, lost, Confidence.POSSIBLE if waits else _confidence(stage, was, gone), repair, gone)


def _of_base(change: DockerfileChange, stage: Stage, was: Stage) -> Problem | None:
    """Speak of what the base image says, and a new ENTRYPOINT clears or takes the place of."""
    cleared = cleared_of_base(stage, was)
    if cleared is not None and _runs_arguments(change, stage):
        return problem_of_base(stage, was, cleared)
    replaced = entrypoint_of_base_replaced(change, stage, was)
    if replaced is None and cleared is not None and is_server_behind_init(stage, was):
        return problem_of_base(stage, was, cleared)
    return replaced


def _lost(stage: Stage, was: Stage) -> tuple[Setting[Start], ...]:
    """Return what was written in the file before, was in force, and is not replaced now."""
    now, then = stage.image, was.image
    if not now.start_known and _base_changed(stage, was):
        return ()
    before = tuple(s for s in then.start_command if s.set_in_file)
    if not now.start_command:
        return before
    entrypoint_gone = then.entrypoint in before and not now.entrypoint and now.cmd.set_in_file
    if entrypoint_gone and _same(now.cmd, then.cmd):
        # A lost init is told by exec-form-regressed.
        return () if is_bare_init(then.entrypoint.value) else (then.entrypoint,)
    if then.cmd in before and not now.cmd and not now.cmd.set_in_file and _needs_cmd(stage, then):
        return (then.cmd,)
    return before if idle_start(stage) is not None and before else ()


def _is_no_loss(stage: Stage, was: Stage, lost: tuple[Setting[Start], ...]) -> bool:
    """Whether what is gone was no application, and the container may still start: a prompt, a `chmod`, an old init."""
    if stage.image.start_known and not stage.image.start_command:
        return False
    return all(
        s.value is not None and _is_no_application(s.value, base_changed=_base_changed(stage, was)) for s in lost
    )


def _is_no_application(start: Start, *, base_changed: bool) -> bool:
    name = start.program.rsplit("/", 1)[-1]
    return start.is_prompt or name in _NO_PROGRAM or (base_changed and name in _INITS and len(start.words) == 1)


def _confidence(stage: Stage, was: Stage, gone: Copy | None) -> Confidence:
    """Say less where an ENTRYPOINT took over, or the program went too and something else may start another."""
    now = stage.image
    is_left = not now.start_known or any(s.set_in_file for s in now.start_command)
    if _took_over(stage, was) or (gone is not None and is_left) or ran_tests(_lost(stage, was)):
        return Confidence.POSSIBLE
    if not now.start_known and went_with_its_copy(stage, was):
        return Confidence.POSSIBLE
    only_base = all(s.origin is Origin.BASE for s in now.start_command)
    return Confidence.CERTAIN if stage.base_known and only_base else Confidence.LIKELY


def _took_over(stage: Stage, was: Stage) -> bool:
    """Whether a new ENTRYPOINT stands where a CMD alone did: it may start the program by itself."""
    return stage.image.entrypoint.set_in_file and not was.image.entrypoint


def _gone_with_it(change: DockerfileChange, stage: Stage, was: Stage, lost: tuple[Setting[Start], ...]) -> Copy | None:
    """Return what brought the program, or a file that it is given, where the change takes that out as well."""
    found = (brought_no_more(change, stage, was, s.value) for s in lost if s.value is not None)
    return next((copy for copy in found if copy is not None), None)


def _is_in_script(change: DockerfileChange, stage: Stage, was: Stage, lost: tuple[Setting[Start], ...]) -> bool:
    """Whether the start script names the program that a lost CMD did, or runs no CMD."""
    script = _script(change, stage)
    if script is None:
        written = _written_in_place(stage)
        return bool(written) and all(s.value is not None and s.value.program in written for s in lost)
    if lost == (was.image.cmd,) and hands_over(script) is False:
        # where a script took over, what CMD says now are options of a program that it names
        same = all(word in script.text for s in lost if s.value is not None for word in s.value.words)
        return same or _took_over(stage, was) or not reads_arguments(script)
    return all(s.value is not None and s.value.program in script.text for s in lost)


def _script(change: DockerfileChange, stage: Stage) -> StartScript | None:
    """Return the script of the repository that a stage's ENTRYPOINT runs, where it was read."""
    found = next((found for found in shipped(change, "ENTRYPOINT") if found.stage is stage), None)
    return start_script(change, found) if found is not None else None


def _written_in_place(stage: Stage) -> str:
    """Return what here-documents of the file write to where the ENTRYPOINT is; empty without one."""
    start = stage.image.entrypoint.value
    name = start.words[-1] if start is not None and start.form == "exec" and start.words else ""
    return "\n".join(
        document.body
        for copy in stage.all_copies
        if name and copy.instruction.heredocs and copy.instruction.value.rstrip().endswith(name)
        for document in copy.instruction.heredocs
    )


def _needs_cmd(stage: Stage, then: Image) -> bool:
    """Whether what starts now is less than what started before, because the CMD is gone."""
    now = stage.image
    cleared = now.cleared_cmd
    return bool(
        (cleared and cleared.set_in_file and _same(cleared, then.cmd))
        or _same(now.entrypoint, then.entrypoint)
        or (
            not (then.entrypoint and then.entrypoint.set_in_file)
            and _waits_for_arguments(stage)
            and not _has_moved(then.cmd.value, now.entrypoint.value)
        )
    )


def _has_moved(cmd: Start | None, entrypoint: Start | None) -> bool:
    """Whether the ENTRYPOINT says all that the CMD has said: `CMD ["/start.sh"]` is `ENTRYPOINT ["/start.sh"]` now."""
    return cmd is not None and entrypoint is not None and set(cmd.text.split()) <= set(entrypoint.text.split())


def _waits_for_arguments(stage: Stage) -> bool:
    """Whether the new ENTRYPOINT is a script of the kind that runs what CMD gives it."""
    start = stage.image.entrypoint.value
    return start is not None and start.form == "exec" and "entrypoint" in start.words[-1].rsplit("/", 1)[-1]


def _same(one: Setting[Start], other: Setting[Start]) -> bool:
    return one.value is not None and other.value is not None and one.value.words == other.value.words


def _base_changed(stage: Stage, was: Stage) -> bool:
    return stage.root.base_text != was.root.base_text


def _runs_arguments(change: DockerfileChange, stage: Stage, *, by_name: bool = True) -> bool:
    """Whether the new ENTRYPOINT is a script that runs what CMD says: by its text, else by its name."""
    script = _script(change, stage)
    if script is None:
        return by_name and _waits_for_arguments(stage)
    return hands_over(script) is True


def _problem(
    stage: Stage, lost: tuple[Setting[Start], ...], confidence: Confidence, repair: Fix | None, gone: Copy | None
) -> Problem:
    instructions = [s.instruction for s in lost if s.instruction is not None]
    written = listed(quote(str(instruction)) for instruction in instructions)
    origins = _origins(lost)
    left = stage.image.start_command
    if not left:
        says = "starts anything" if stage.base_known else "sets a start command"
        fact = f"{stage.label} no longer {says}: it loses {written}."
        then = "`docker run` fails, or starts whatever the base image starts."
    elif left[-1].origin is Origin.BASE:
        rest = quote(left[-1].value.text) if left[-1].value is not None else ""
        fact = f"{stage.label} now starts only {rest}: it loses {written}."
        then = f"{rest} is the base image's own command{_what_comes_of_it(stage, left[-1])}."
    else:
        fact = f"{stage.label} loses {written}."
        then = f"The container now starts {' with '.join(quote(s.value.text) for s in left if s.value)} alone."
    return Problem(
        _place(stage, lost),
        f"{fact} Before this change {origins} {'it' if len(lost) == 1 else 'both'}. {then} {_way_out(gone)}",
        confidence,
        doubt="what is left may take its place" if stage.base_known else "the base image is not known, and may set one",
        stage=stage.key,
        notes=tuple(Note(i.span, "set here before", before=True) for i in instructions),
        fix=repair,
    )


def _way_out(gone: Copy | None) -> str:
    if gone is None:
        return "Restate it if that is not intended; if it is, say in a comment what starts the container."
    brought = quote(str(gone.instruction), 70)
    return f"What it starts came by {brought}, and nothing brings that now: if it is not intended, bring back both."


def _what_comes_of_it(stage: Stage, left: Setting[Start]) -> str:
    """Say what the base image's own command comes to: a prompt, or nothing where a RUN deletes the program."""
    deleted = deleted_program(stage, left.value.program) if left.value is not None else None
    if deleted is None:
        return ": the container comes up without the application"
    return f", and {quote(str(deleted), 60)} (line {deleted.line}) deletes its program: the container does not start"


def _place(stage: Stage, lost: tuple[Setting[Start], ...]) -> Span:
    """The stage, or the ENTRYPOINT in it that takes the place of what is lost, or clears the CMD."""
    entrypoint = stage.image.entrypoint
    if entrypoint.origin is Origin.HERE and entrypoint.instruction is not None:
        cleared = stage.image.cleared_cmd
        if any(setting.value is not None and _same(cleared, setting) for setting in lost):
            return entrypoint.instruction.span
    return stage.from_.span


def _origins(lost: tuple[Setting[Start], ...]) -> str:
    """Say who set what was lost: "`base` (line 12) set"."""
    lines: dict[str, list[str]] = {}
    for setting in lost:
        if setting.stage is not None and setting.instruction is not None:
            lines.setdefault(setting.stage.label, []).append(str(setting.instruction.line))
    return listed(f"{label} ({_numbered(numbers)}) set" for label, numbers in lines.items()) if lines else ""


def _numbered(lines: list[str]) -> str:
    return f"line {lines[0]}" if len(lines) == 1 else f"lines {listed(lines)}"
