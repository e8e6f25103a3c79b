"""The CMD of a base image that a new ENTRYPOINT clears, although it would run it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.api import Confidence, Origin, Problem, append_to_stage, fix, quote
from rules.runtime.starts.instructions import is_bare_init, passes_signals
from rules.runtime.starts.text import json_array

if TYPE_CHECKING:
    from rules.api import Stage, Start


def cleared_of_base(stage: Stage, was: Stage) -> Start | None:
    """Return the CMD of the base image that an ENTRYPOINT of this change clears, where it starts something."""
    now, then, cleared = stage.image, was.image, stage.image.cleared_cmd
    if cleared.origin is not Origin.BASE or cleared.value is None or now.cmd or not now.entrypoint.set_in_file:
        return None
    same = then.cmd.value is not None and then.cmd.value.words == cleared.value.words
    was_passed = then.cmd.origin is Origin.BASE and same and not then.entrypoint.set_in_file
    return cleared.value if was_passed and not cleared.value.is_prompt else None


def is_server_behind_init(stage: Stage, was: Stage) -> bool:
    """Tell whether the new ENTRYPOINT is an init alone, in front of a server, which a port of the base image shows.

    A tool, `mvn`, is given its words by whoever starts the container; some base images have an init of their own.
    """
    start, before = stage.image.entrypoint.value, was.image.entrypoint.value
    serves = stage.facts is not None and bool(stage.facts.ports)
    return serves and is_bare_init(start) and (before is None or not passes_signals(before.words))


def problem_of_base(stage: Stage, was: Stage, cleared: Start) -> Problem:
    """Say that the container ends at once, and with which CMD it does not.

    A script comes to what the base's own ENTRYPOINT does as a rule; an init does none of that, and runs it as well.
    """
    setting, init = stage.image.entrypoint, is_bare_init(stage.image.entrypoint.value)
    assert setting.instruction is not None
    before = was.image.entrypoint.value if init else None
    words = (*before.words, *cleared.words) if before is not None and before.form == "exec" else cleared.words
    command = f"CMD {json_array(words)}"
    base, runs = quote(stage.root.base_text or ""), "init" if init else "script"
    return Problem(
        setting.instruction.span,
        f"{stage.label} no longer starts {quote(' '.join(cleared.words))}: the new {quote(str(setting.instruction))} "
        f"clears the `CMD` of {base}. The {runs} runs what it is given, is given nothing, and the container exits. "
        f"Write {quote(command)} below it.",
        Confidence.LIKELY,
        doubt="who starts the container may give the command" if init else "the script may start the program by itself",
        stage=stage.key,
        instruction=setting.instruction,
        key=cleared.words[0],
        fix=fix("Pass the command of the base image", append_to_stage(stage, command)),
    )
