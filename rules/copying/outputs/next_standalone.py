"""The server that Next.js writes on request alone: `.next/standalone`, by `output: "standalone"` in its settings."""

from __future__ import annotations

import posixpath
import re
from dataclasses import replace
from typing import TYPE_CHECKING

from rules.copying.stages.gone_paths import Gone
from rules.facts.installers import NODE_MANAGERS
from rules.packages.projects.texts import text_in_image
from rules.quoting import quote

if TYPE_CHECKING:
    from rules.change import DockerfileChange
    from rules.model.stage import Stage
    from rules.model.steps import Run

_STANDALONE = re.compile(r"(?P<folder>/.*)/\.next/standalone(?:/.*)?")
_SETTINGS = tuple(f"next.config.{ending}" for ending in ("js", "mjs", "cjs", "ts", "mts"))
"""What Next.js reads in a project's folder (its documentation, "next.config.js")."""
_COMMENT = re.compile(r"/\*.*?\*/|(?<![:\w])//[^\n]*", re.DOTALL)
_OUTPUT = re.compile(r"\boutput\b|standalone|NEXT_PRIVATE", re.IGNORECASE)
"""What in the settings may ask for it: the option, also under a condition, and a variable of Next.js's own."""
_OTHERS_TAKEN = re.compile(r"""(?:from|require\(|import\()\s*["'][./@~#][^"']*["']""")
"""Settings that take in others, of the project or of its workspace."""


def no_standalone(change: DockerfileChange, builder: Stage, path: str) -> Gone | None:
    """Say that `next build` writes no server of its own since the change, for its settings no longer ask for one.

    ("output", "Automatically Copying Traced Files" in Next.js's documentation.)
    """
    wanted = _STANDALONE.fullmatch(path)
    if wanted is None or change.before is None or _is_told_otherwise(builder):
        return None
    builds = [run for run in builder.done_runs if any(_builds(call.manager, call.action) for call in run.package_calls)]
    if not builds:
        return None
    now = _settings(change, builds[-1], wanted["folder"])
    then = _settings(replace(change, repository=change.repository_before), builds[-1], wanted["folder"])
    if now is None or then is None or "standalone" not in then[1]:
        return None
    name, text = now
    if _OUTPUT.search(text) or _OTHERS_TAKEN.search(text):
        return None
    wanted_line = '`output: "standalone"`'
    why = f"{quote(name)} asks no longer for {wanted_line} with this change, and `next build` makes no such folder."
    return Gone(why, cure="Put that line back, or copy `.next` and what `next start` needs.")


def _builds(manager: str, action: str) -> bool:
    return manager in NODE_MANAGERS and action in ("run", "build")


def _is_told_otherwise(builder: Stage) -> bool:
    """Whether the file itself gives Next.js such a setting, or changes the settings."""
    return any(
        "next.config" in step.instruction.text or "NEXT_PRIVATE" in step.instruction.text for step in builder.done_steps
    )


def _settings(change: DockerfileChange, run: Run, folder: str) -> tuple[str, str] | None:
    """Return the file of settings that the build reads, without its comments; `None` where not exactly one was read."""
    texts = [(name, text_in_image(change, run, posixpath.join(folder, name))) for name in _SETTINGS]
    found = [(name, _COMMENT.sub("", text)) for name, text in texts if text is not None]
    return found[0] if len(found) == 1 else None
