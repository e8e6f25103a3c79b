"""See base_family_changed.md."""

from collections.abc import Iterator

from rules.api import (
    Category,
    Confidence,
    DockerfileChange,
    ImageFacts,
    Note,
    Problem,
    Severity,
    Span,
    Stage,
    quote,
    rule,
)
from rules.base_image.lost_digests import short
from rules.base_image.moved.bare_images import missing_in_bare
from rules.base_image.moved.compiled_parts import asked_of_packages, libc_changed
from rules.base_image.possible_scripts import may_hold_scripts
from rules.base_image.tags import gains_compilers
from rules.build.variables.of_base import is_bare
from rules.copying.outputs.machine_code import machine_code
from rules.facts.distributions import DEBIAN_FAMILY, REDHAT_FAMILY, title_of
from rules.runtime.starts.instructions import shipped
from rules.runtime.starts.scripts import start_script

_BARE = frozenset({"scratch", "distroless", "busybox"})
"""Families to move away from without a loss: what ran there needed nothing."""
_WITHOUT_SYSTEM = frozenset({"scratch", "distroless"})
_ELSEWHERE = "Paths, accounts and versions differ: does %s count on the old ones?"


@rule(
    "base-family-changed",
    severity=Severity.INFO,
    category=Category.RELIABILITY,
    default="info",
    compares=True,
    keywords=("FROM",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """The image that ships moves to another family of systems."""
    for stage, was in change.shipped():
        if was is None or stage.root.base_text == was.root.base_text:
            continue
        if gains_compilers(was.root, stage.root):
            continue  # base-image-loosened says what that is
        before, after = _family(was), _family(stage)
        if before is None and is_bare(stage) and not _is_same_system(was, stage):
            yield _unknown(stage, was)
        elif before is not None and after is not None and before != after and before not in _BARE:
            yield _problem(change, stage, was, before, after)


def _is_same_system(was: Stage, stage: Stage) -> bool:
    """Whether the image before is only another build of the system, such as `example/alpine`, or cannot be told."""
    old, new = was.root.reference, stage.root.reference
    if old is None:
        return True
    return new is not None and old.path.rpartition("/")[2] == new.path.rpartition("/")[2]


def _unknown(stage: Stage, was: Stage) -> Problem:
    """Ask what went with an image that nothing is known of, where only a system takes its place."""
    return Problem(
        _place(stage),
        f"{stage.label} moves from {quote(was.root.base_text or '')} to {_name(stage)}, which brings a system and "
        "nothing else. What did the image before bring that the program still needs: libraries, configuration files, "
        "CA certificates, variables, an entrypoint?",
        Confidence.POSSIBLE,
        doubt="nothing is known of the image before, nor of what the program takes from it",
        stage=stage.key,
        key="unknown",
        of_change=True,
        notes=(Note(was.root.from_.span, "the base before", before=True),),
    )


def _family(stage: Stage) -> str | None:
    """Return the family of the system that a stage ends up on: programs of one do not simply run on another."""
    if stage.root.is_scratch:
        return "scratch"
    facts = stage.facts
    if facts is None or facts.distro is None:
        return None
    if facts.has_shell is False:
        return "distroless"
    return "apt" if facts.distro in DEBIAN_FAMILY else "rpm" if facts.distro in REDHAT_FAMILY else facts.distro


def _problem(change: DockerfileChange, stage: Stage, was: Stage, before: str, after: str) -> Problem:
    of_code = [*_of_code(change, stage, was, after)]
    questions = [*of_code, *_of_tools(change, stage, was, after)][:2]
    counts = "a script or a configuration file" if may_hold_scripts(change, stage) else "the program"
    asked = " ".join(questions) or _ELSEWHERE % counts
    return Problem(
        _place(stage),
        f"{stage.label} moves from {_name(was)} to {_name(stage)}. {asked}",
        Confidence.LIKELY if questions else Confidence.POSSIBLE,
        doubt="whether the program depends on what differs shows only when it runs",
        stage=stage.key,
        minor=bool(questions) and not of_code,
        key=f"{before} {after}",
        of_change=True,
        notes=(Note(was.root.from_.span, "the base before", before=True),),
    )


def _place(stage: Stage) -> Span:
    word = stage.root.base_word
    return word.span if word is not None else stage.root.from_.span


def _name(stage: Stage) -> str:
    reference, facts = stage.root.reference, stage.facts
    text = quote(short(reference) if reference is not None else stage.root.base_text or "")
    if facts is None or facts.distro is None:
        return text
    bare = _shell_of(facts) if facts.has_shell is False else ""
    return f"{text} ({', '.join(filter(None, (title_of(facts.distro), facts.libc, bare)))})"


def _shell_of(facts: ImageFacts) -> str:
    return "with BusyBox in `/busybox`, and no `/bin/sh`" if facts.has_busybox_shell else "without a shell"


def _of_code(change: DockerfileChange, stage: Stage, was: Stage, after: str) -> Iterator[str]:
    """Yield what this file gives reason to ask about compiled code and what it reads, the most telling first."""
    foreign = _foreign_code(stage)
    if foreign is not None:
        yield _of_foreign(stage, *foreign)
    if after in _WITHOUT_SYSTEM:
        yield from missing_in_bare(change, stage, was)
        return
    facts = stage.facts
    if foreign is None and facts is not None and libc_changed(was.facts, facts):
        yield from asked_of_packages(change, stage, was, facts)


def _of_tools(change: DockerfileChange, stage: Stage, was: Stage, after: str) -> Iterator[str]:
    """Yield what a script may miss, of which this file shows none that does: it is asked, and no reason to comment."""
    if after in _WITHOUT_SYSTEM:
        if not _calls_shell(stage) and not _starts_program_alone(stage) and may_hold_scripts(change, stage):
            missing = "`/bin/sh`" if stage.facts is not None and stage.facts.has_busybox_shell else "shell"
            yield (
                f"There is no {missing} and no package manager: does anything call one, a start script or a health "
                "check?"
            )
        return
    asked = {"bash", "curl"} - _started(change, stage)
    lacks = [
        name for name in sorted(asked) if was.runtime.has_tool(name) is True and stage.runtime.has_tool(name) is False
    ]
    if lacks and may_hold_scripts(change, stage):
        yield f"It no longer has {' or '.join(map(quote, lacks))}: does a script call it?"


def _started(change: DockerfileChange, stage: Stage) -> set[str]:
    """Return the programs of the start command, the health check and the start script: other rules miss them there."""
    found: set[str] = set()
    for one in shipped(change, "ENTRYPOINT", "CMD", "HEALTHCHECK"):
        if one.stage is stage:
            found |= {word.rpartition("/")[2] for word in one.start.text.split()}
            script = start_script(change, one) if one.instruction.keyword != "HEALTHCHECK" else None
            if script is not None:
                found.add((script.interpreter or "").rpartition("/")[2])
    return found


def _of_foreign(stage: Stage, builder: Stage, kind: str) -> str:
    theirs, ours = builder.runtime.libc, stage.runtime.libc
    again = "linked statically, or built" if kind == "programs" else "installed or built"
    brought = f"What it copies from {builder.label}, which has {theirs}, may hold {kind}"
    return f"{brought}: are they {again} again for {ours}?"


def _calls_shell(stage: Stage) -> bool:
    """Whether a start command or the health check is written for a shell, of which shell-in-scratch speaks."""
    image = stage.image
    starts = (setting.value for setting in (image.entrypoint, image.cmd, image.healthcheck) if setting.set_in_file)
    return any(start is not None and start.form == "shell" for start in starts)


def _starts_program_alone(stage: Stage) -> bool:
    """Whether one program that a stage built is all there is to start, and no probe: nobody is left to call a shell."""
    image = stage.image
    starts = [setting.value for setting in image.start_command if setting.value is not None]
    first = starts[0].words[0] if starts and starts[0].words else ""
    built = any(put.kind == "stage" and put.path == first for put in stage.files.puts)
    return built and all(start.form == "exec" for start in starts) and not image.healthcheck.set_in_file


def _foreign_code(stage: Stage) -> tuple[Stage, str] | None:
    """Return a stage of another C library that something compiled may be copied from, and what."""
    same = (None, "", stage.runtime.libc)
    for copy in stage.all_copies if stage.runtime.libc else ():
        builder = copy.from_stage
        if builder is not None and builder.runtime.libc not in same and (kind := machine_code(stage, copy)) is not None:
            return builder, kind
    return None
