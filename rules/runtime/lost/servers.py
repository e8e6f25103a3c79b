"""The server that a base image started, where the change puts an image in its place that starts nothing of use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.api import Confidence, Origin, Problem, quote
from rules.runtime.starts.instructions import idle_start, is_to_serve

if TYPE_CHECKING:
    from rules.api import Stage


def lost_server(stage: Stage, was: Stage) -> Problem | None:
    """Return the problem of an image that was a server's, and starts only a shell or a prompt now.

    Where a port or a health check says that something is to listen, `final-stage-no-command` says more.
    """
    then = was.image
    if was.facts is None or was.facts.kind != "server" or stage.root.base_text == was.root.base_text:
        return None
    starts = [setting for setting in (then.entrypoint, then.cmd) if setting.value is not None]
    if not starts or any(setting.origin is not Origin.BASE for setting in starts):
        return None
    idle = idle_start(stage)
    if idle is None or is_to_serve(stage):
        return None
    old, new = was.root.base_text or "", stage.root.base_text or ""
    return Problem(
        stage.from_.span,
        f"{stage.label} no longer starts {quote(then.start_line(), 60)}, which {quote(old)} brought: {quote(new)} "
        f"starts only {quote(idle.text)}, and nothing in the file sets `ENTRYPOINT` or `CMD`. Say what the container "
        "starts, or in a comment that it only carries files now.",
        Confidence.POSSIBLE,
        doubt="it may be there for its files alone",
        stage=stage.key,
        key="server",
    )
