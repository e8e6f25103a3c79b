"""What a file of the build context holds that goes by the name of a secret, as far as it was read."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from rules.secrets.named.environment_files import held_by_settings
from rules.secrets.named.files import Held, is_encrypted, is_known_harmless, is_public_text, names_helpers_only

if TYPE_CHECKING:
    from rules.api import DockerfileChange, Stage
    from rules.secrets.named.files import Kind


def held_by(change: DockerfileChange, stage: Stage, kind: Kind, path: str) -> Held | None:
    """Say what a file holds; `None` for what is known to give nothing away.

    Args:
        change: The Dockerfile.
        stage: The stage that it is copied into.
        kind: What the file is by its name, or by where it goes.
        path: The file, in the build context.
    """
    if kind == "environment":
        return held_by_settings(change, stage, path)
    place = posixpath.join(change.repository.context_of(change.path) or "", path)
    text = change.repository.text(place)
    read = text is not None
    if kind == "client configuration":
        harmless = is_known_harmless(text, change.repository.exists(place))
        return None if harmless else Held("may hold the token for a package registry", likely=False, read=read)
    is_key = kind == "private key"
    if is_encrypted(text) or (is_key and is_public_text(text)) or names_helpers_only(path, text):
        return None
    return Held("holds a private key" if is_key else "holds credentials", likely=True, read=read)
