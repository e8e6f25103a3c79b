"""A health check that asks a Rails program for its front page."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from rules.api import Confidence, Problem, Start, quote
from rules.runtime.languages.ruby_programs import rails_of
from rules.runtime.ports.probes import addresses
from rules.user.writing.hindrances import is_rails

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.api import DockerfileChange

_HAS_ROUTE = (7, 1)
"""The first Rails whose new programs have `/up` (`Rails::HealthController`)."""


def probe_of_front_page(change: DockerfileChange) -> Iterator[Problem]:
    """Yield the health checks of Rails servers that ask `/`."""
    for stage in change.after.shipped:
        setting = stage.image.healthcheck
        if setting.instruction is None or not setting.value or change.after.is_for_developers(stage):
            continue
        asked = _front_page(setting.value)
        if asked is None or not is_rails(stage):
            continue
        rails = rails_of(change)
        if rails is not None and rails.is_before(_HAS_ROUTE):
            continue
        yield Problem(
            setting.instruction.span,
            f"The health check of {stage.label} asks {quote(asked)}, the front page: each probe has Rails render it, "
            "with its queries, and an error on that one page, or in a service behind it, counts as a container to "
            f"restart. Ask {quote('/up')}, which answers once the program has started and touches nothing else "
            "(`rails/health#show`; programs made with Rails 7.1 or newer have that route).",
            Confidence.LIKELY if rails is not None and rails.is_from(_HAS_ROUTE) else Confidence.POSSIBLE,
            doubt="a program that was made with an older Rails has no such route until it is added",
            instruction=setting.instruction,
            stage=stage.key,
            key="probe",
        )


def _front_page(start: Start) -> str | None:
    """Return the one address that a probe asks where it is the front page's."""
    asked = {address.url for address in addresses(start)}
    url = asked.pop() if len(asked) == 1 else ""
    parts = urlsplit(url)
    return url if parts.scheme in ("http", "https") and parts.path in ("", "/") and not parts.query else None
