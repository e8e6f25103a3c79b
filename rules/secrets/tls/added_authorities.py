"""What to do instead of switching off the check of certificates where the image has been given the authority."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.quoting import quote

if TYPE_CHECKING:
    from rules.api import Run, Stage, Step

_STORES = {
    "/usr/local/share/ca-certificates": "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/ca-trust/source/anchors": "/etc/pki/tls/certs/ca-bundle.crt",
}
"""Where an authority is put, and the file that `update-ca-certificates` or `update-ca-trust` makes of all of them."""
_UPDATES = ("update-ca-certificates", "update-ca-trust")
_NAMED_BY = {
    **dict.fromkeys(("node", "npm", "pnpm", "yarn"), "NODE_EXTRA_CA_CERTS"),
    "pip": "PIP_CERT",
    "uv": "SSL_CERT_FILE",
}
"""Programs with authorities of their own, and the variable that names a file of others (Node.js' documentation,
"Command-line API"; pip's, "HTTPS Certificates"; uv's, "TLS certificates")."""
_BY_SYSTEM = frozenset({"curl", "wget", "git", "svn"})
"""Programs that read the system's authorities."""


def with_added_authority(stage: Stage, step: Step, who: str) -> str:
    """Return the way out where a step above adds an authority to the system's, or nothing.

    Args:
        stage: The stage.
        step: The step that switches the check off.
        who: The program that it concerns.
    """
    added = _added(stage, step)
    if added is None:
        return ""
    run, bundle = added
    has = f"The image has the authority that line {run.instruction.line} adds"
    if who in _BY_SYSTEM:
        return f"{has}, and {quote(who)} reads it: drop the option, or add the one that is missing there."
    if who not in _NAMED_BY:
        return ""
    return f"{has}: name its file to {quote(who)}, {quote(f'ENV {_NAMED_BY[who]}={bundle}')}, and drop the option."


def _added(stage: Stage, step: Step) -> tuple[Run, str] | None:
    """Return the RUN above a step that takes new authorities into the system's, and the file that holds all of them."""
    for folder, bundle in _STORES.items():
        first = min((put.step.at for put in stage.files.below(folder)), default=None)
        for run in stage.all_runs:
            if first is not None and first <= run.at <= step.at and run.calls(*_UPDATES):
                return run, bundle
    return None
