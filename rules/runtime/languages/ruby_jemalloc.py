"""jemalloc, installed for a Ruby that goes on with the C library's own allocator."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.api import OS_MANAGERS, Confidence, Edit, Installed, Problem, append_to_stage, fix, insert_line_before, quote
from rules.runtime.languages.ruby_programs import is_ruby
from rules.user.root.start_scripts import scripts_in_turn

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.api import DockerfileChange, Stage

_LIBRARIES = {"libjemalloc2": "libjemalloc.so.2", "jemalloc": "libjemalloc.so.2", "libjemalloc1": "libjemalloc.so.1"}
"""By package the name under which the dynamic loader finds the library (file lists of Debian, Alpine and EPEL)."""
_TOLD = ("jemalloc", "LD_PRELOAD")
_BUILT_IN = ("--with-jemalloc", "ld.so.preload")


def jemalloc_not_preloaded(change: DockerfileChange) -> Iterator[Problem]:
    """Yield the installs of jemalloc in images that ship, where nothing has Ruby load it."""
    for stage in change.after.shipped:
        if change.after.is_for_developers(stage):
            continue
        installed = next(
            (one for one in stage.packages.present if one.manager in OS_MANAGERS and one.name in _LIBRARIES), None
        )
        if installed is not None and is_ruby(stage) and not _is_loaded(change, stage):
            yield _problem(stage, installed)


def _is_loaded(change: DockerfileChange, stage: Stage) -> bool:
    """Whether something has it loaded, or may: a start script that was not read, as Rails' own does it.

    Who sets `MALLOC_CONF`, which jemalloc alone reads, has it loaded somewhere.
    """
    env = stage.image.env
    preload = env.get("LD_PRELOAD")
    if "MALLOC_CONF" in env or (preload is not None and (preload.value is None or "jemalloc" in preload.value)):
        return True
    text = " ".join(step.instruction.whole_value for step in stage.done_steps)
    if any(word in text for word in _BUILT_IN) or "jemalloc" in (stage.root.base_text or ""):
        return True
    if any(word in stage.image.start_line() for word in _TOLD):
        return True
    scripts = scripts_in_turn(change, stage)
    return any(script.text is None or any(word in script.text for word in _TOLD) for script in scripts)


def _problem(stage: Stage, installed: Installed) -> Problem:
    library = _LIBRARIES[installed.name]
    way_out = f"Say {quote(f'ENV LD_PRELOAD={library}')}: the loader looks for it where each platform keeps libraries."
    return Problem(
        installed.package.word.span,
        f"{stage.label} installs {quote(installed.name)}, and nothing loads it: Ruby goes on with the allocator of the "
        f"C library, and its memory grows with its threads as before. {way_out}",
        Confidence.LIKELY,
        doubt="`LD_PRELOAD` may be set where the container is started",
        instruction=installed.run.instruction,
        stage=stage.key,
        key="jemalloc",
        fix=fix("Load jemalloc", _edit(stage, library)) if installed.name != "libjemalloc1" else None,
    )


def _edit(stage: Stage, library: str) -> Edit | None:
    """Set it where the builds above do not have it yet: in front of what starts the container."""
    if "LD_PRELOAD" in stage.image.env:
        return None
    line = f"ENV LD_PRELOAD={library}"
    own = (setting.instruction for setting in stage.image.start_command if setting.stage is stage)
    first = next((instruction for instruction in own if instruction is not None), None)
    return insert_line_before(first, line) if first is not None else append_to_stage(stage, line)
