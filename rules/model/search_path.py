"""Where a stage looks for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rules.model.stage import Stage

DEFAULT_PATH = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")
"""`PATH` of an image that sets none (moby, `DefaultPathEnvUnix`)."""


def path_folders(stage: Stage) -> tuple[str, ...] | None:
    """Return the folders of `PATH`; `None` when they cannot be known.

    Of a base image that is not known, the default is taken: hardly any has a project's own folder in it.
    """
    setting = stage.image.env.get("PATH")
    if setting is None:
        return DEFAULT_PATH
    if setting.value is not None:
        return tuple(map(_folder, setting.value.split(":")))
    pairs = setting.instruction.pairs if setting.instruction is not None else ()
    written = next(
        (value.text.strip("\"'") for name, value in pairs if name.text == "PATH" and value is not None), None
    )
    if written is None:
        return None
    folders: list[str] = []
    for part in written.split(":"):
        expanded = stage.scope.expand(part) if part not in ("$PATH", "${PATH}") else None
        if expanded is None and part not in ("$PATH", "${PATH}"):
            return None
        folders += [_folder(expanded)] if expanded is not None else DEFAULT_PATH
    return tuple(folders)


def _folder(text: str) -> str:
    """Return a folder without the slash behind it; the root keeps its own."""
    return text.rstrip("/") or text[:1]
