"""Ruby servers that run without YJIT, which their Ruby has."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rules.api import Confidence, Problem, fix, insert_line_before, quote
from rules.runtime.languages.ruby_programs import official_ruby, rails_of
from rules.user.root.start_scripts import scripts_in_turn

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.api import DockerfileChange, Setting, Stage, Start

_FIRST = (3, 3)
"""The first Ruby whose YJIT Rails itself switches on (Rails 7.2 release notes, "Enable YJIT by default")."""
_SWITCHED_ON_BY_RAILS = (7, 2)
_SERVES = re.compile(
    r"(?<![\w.-])(?:puma|unicorn|falcon|rackup|sidekiq|rails\s+(?:server|s))(?![\w.-])(?!.*\s(?:-v|--version|-h|--help)\b)"
)
_SAYS = re.compile(r"yjit|--jit|\bthrust\b", re.IGNORECASE)
"""What speaks of YJIT, or of a program made with Rails 8, whose template starts it through Thruster."""


def yjit_not_enabled(change: DockerfileChange) -> Iterator[Problem]:
    """Yield the servers in official images whose Ruby has YJIT, which nothing switches on."""
    for stage in change.after.shipped:
        line = official_ruby(stage)
        if line is None or line < _FIRST or change.after.is_for_developers(stage):
            continue
        started = stage.image.start_line(own=True)
        starts = [setting for setting in stage.image.start_command if setting.instruction is not None]
        if starts and _SERVES.search(started) and not _is_spoken_of(change, stage, started):
            rails = rails_of(change)
            if rails is None or rails.is_before(_SWITCHED_ON_BY_RAILS):
                yield _problem(stage, started, starts[-1], known=rails is not None)


def _is_spoken_of(change: DockerfileChange, stage: Stage, started: str) -> bool:
    """Whether the image, its start command or a start script says something of YJIT, be it that it stays off."""
    env = stage.image.env
    options = env.get("RUBYOPT")
    if "RUBY_YJIT_ENABLE" in env or (options is not None and (options.value is None or _SAYS.search(options.value))):
        return True
    return _SAYS.search(started) is not None or any(
        script.text is not None and _SAYS.search(script.text) for script in scripts_in_turn(change, stage)
    )


def _problem(stage: Stage, started: str, setting: Setting[Start], *, known: bool) -> Problem:
    instruction = setting.instruction
    assert instruction is not None
    here = setting.stage is stage
    return Problem(
        instruction.span,
        f"{stage.label} starts {quote(started, 80)}, and nothing switches on YJIT, the compiler that "
        f"{quote(stage.root.base_text or '')} comes with. Ruby then interprets all of the program; with YJIT a server "
        "answers some 15 to 25 % faster, for some memory. Say `ENV RUBY_YJIT_ENABLE=1`; Rails 7.2 and newer do it "
        "themselves, with their own defaults.",
        Confidence.LIKELY if known else Confidence.POSSIBLE,
        doubt="an initializer of the program may switch it on",
        instruction=instruction,
        stage=stage.key,
        key="yjit",
        fix=fix("Switch on YJIT", insert_line_before(instruction, "ENV RUBY_YJIT_ENABLE=1")) if here else None,
    )
