"""Why a webhook call is turned away. The sentences are ours and never repeat what was sent."""

from __future__ import annotations


class InboundError(Exception):
    """Base of the two."""


class Unauthenticated(InboundError):  # noqa: N818 - the word of HTTP, as in bot.forges.base
    """The call does not prove that it comes from the forge: 401."""


class Malformed(InboundError):  # noqa: N818 - the same
    """The call is signed and is not a delivery that we can read: 400."""
