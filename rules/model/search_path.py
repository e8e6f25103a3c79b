"""Where a stage looks for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.lazily import once

if TYPE_CHECKING:
    from rules.model.stage import Stage
    from rules.model.steps import Step

DEFAULT_PATH = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")
"""`PATH` of an image that sets none (moby, `DefaultPathEnvUnix`)."""


@once
def path_folders(stage: Stage) -> tuple[str, ...] | None:
    """Return the folders of `PATH`; `None` when they cannot be known.

    Of a base image that is not known, the default is taken: hardly any has a project's own folder in it.
    """
    setting = stage.image.env.get("PATH")
    if setting is None:
        return DEFAULT_PATH
    if setting.value is not None:
        return tuple(map(_folder, setting.value.split(":")))
    base = stage.facts.env.get("PATH") if stage.facts is not None and stage.facts.env is not None else None
    folders: tuple[str, ...] | None = tuple(map(_folder, base.split(":"))) if base else DEFAULT_PATH
    for step in stage.done_steps:
        if step.instruction.keyword == "ENV":
            for name, value in step.instruction.pairs:
                if name.text == "PATH" and value is not None:
                    folders = _extended(step, value.text.strip("\"'"), folders)
    return folders


def _extended(step: Step, written: str, folders: tuple[str, ...] | None) -> tuple[str, ...] | None:
    """Return the folders of a `PATH` as an ENV sets it, with those that it had in place of itself."""
    found: list[str] = []
    for part in written.split(":"):
        own = part in ("$PATH", "${PATH}")
        expanded = step.scope.expand(part) if not own else None
        more = folders if own else (_folder(expanded),) if expanded is not None else None
        if more is None:
            return None
        found += more
    return tuple(found)


def _folder(text: str) -> str:
    """Return a folder without the slash behind it; the root keeps its own."""
    return text.rstrip("/") or text[:1]
