"""Whether what a COPY brings lies where the web server of the base image gives every file to whoever asks for it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rules.model.puts import within, within_any

if TYPE_CHECKING:
    from rules.api import Copy, DockerfileChange, Stage

_SERVED = {
    "php": "/var/www/html",
    "httpd": "/usr/local/apache2/htdocs",
    "nginx": "/usr/share/nginx/html",
}
"""The folder that each image serves as it comes (its Dockerfile, and the server's settings in it)."""
_SETTINGS = ("/etc/apache2", "/usr/local/apache2/conf", "/etc/nginx")
_SETS = re.compile(r"(?i)document_?root|\ba2(?:en|dis)(?:site|conf)\b|/etc/(?:apache2|nginx)|apache2/conf")
"""What may choose another folder, or keep files back."""


def served_folder(change: DockerfileChange, stage: Stage, copy: Copy) -> str | None:
    """Return the folder into which a COPY goes and that the image's own server serves.

    `None` where nothing is known of a server, where the file has settings for it, or where the project may keep files
    back by a `.htaccess`, which Apache reads there.
    """
    facts, reference = stage.facts, stage.root.reference
    folder = _SERVED.get(facts.name) if facts is not None else None
    if folder is None or reference is None or copy.destination is None or not within(copy.destination, folder):
        return None
    if folder == _SERVED["php"] and "apache" not in (reference.tag or ""):
        return None
    if any(within_any(put.path, _SETTINGS) for put in stage.files.puts) or _SETS.search(change.after.code):
        return None
    return None if ".htaccess" in (change.repository.context_names(change.path) or ()) else folder
