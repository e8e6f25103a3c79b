"""Programs that ship on `scratch`, and the certificates of the authorities that they may need there."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from rules.copying.outputs.binaries import program_of
from rules.copying.outputs.offline_crates import asks_nobody
from rules.model.steps import Copy
from rules.packages.indexes.certificates import has_bundle

if TYPE_CHECKING:
    from rules.change import DockerfileChange
    from rules.model.stage import Stage

_OWN_ROOTS = {
    "go.mod": re.compile(r"golang\.org/x/crypto/x509roots/fallback|/(?:go)?rootcerts\b|/gocertifi\b"),
    "Cargo.toml": re.compile(r"\bwebpki-root|\brustls-tls\b(?!-native)"),
}
"""A manifest to the modules by which a program brings the authorities' certificates in itself (pkg.go.dev; docs.rs for
`webpki-roots`, and for the feature of `reqwest` that takes it along)."""
_PLACES = ("/etc/ssl", "/etc/pki")
_HINTS = ("cert", "ssl", "pki", "x509", ".pem", ".crt")


def without_certificates(stage: Stage) -> tuple[Copy, str] | None:
    """Return the first program of an image on `scratch` that has no certificates: its COPY and its path."""
    if not stage.root.is_scratch or not stage.image.start_command or _has_certificates(stage):
        return None
    for copy in stage.all_copies:
        found = program_of(copy)
        if found is not None and found[1].language != "c":
            return copy, found[0]
    return None


def brings_certificates(change: DockerfileChange) -> bool:
    """Tell whether a manifest of the repository that was read names a module which holds the certificates itself."""
    for path in change.repository.files:
        pattern = _OWN_ROOTS.get(posixpath.basename(path))
        if pattern is not None and pattern.search(change.repository.text(path) or ""):
            return True
    return False


def needs_none(change: DockerfileChange, copy: Copy) -> bool:
    """Tell whether a program is written in Rust, and each manifest that was read shows that it asks nobody."""
    found = program_of(copy)
    paths = [path for path in change.repository.files if posixpath.basename(path) == "Cargo.toml"]
    rust = found is not None and found[1].language == "rust"
    return rust and bool(paths) and all(asks_nobody(change.repository.text(path) or "") for path in paths)


def mounts_certificates(change: DockerfileChange) -> bool:
    """Tell whether a Compose file mounts the certificates where a Dockerfile's image looks for them."""
    mounts = (mount for build in change.repository.builds_of(change.path) for mount in build.mounts)
    return any(mount.startswith(_PLACES) for mount in mounts)


def loses_certificates(change: DockerfileChange, stage: Stage) -> bool:
    """Tell whether such a program had them before the change, from a package or with its base image."""
    was = change.was(stage)
    if was is None or was.root.is_scratch or without_certificates(stage) is None or brings_certificates(change):
        return False
    return was.packages.has("ca-certificates") or has_bundle(was)


def _has_certificates(stage: Stage) -> bool:
    """Whether something brings them, or whatever it brings may hold them."""
    text = " ".join(step.instruction.whole_value for step in stage.done_steps).lower()
    if any(hint in text for hint in _HINTS) or stage.done_runs:
        return True
    return any(
        put.tree and put.path in ("/", "/etc", "/usr", "/usr/share")
        for put in stage.files.puts
        if not (isinstance(put.step, Copy) and program_of(put.step) is not None)
    )
