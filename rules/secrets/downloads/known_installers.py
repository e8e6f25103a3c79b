"""Well-known scripts that install a program which is to be had otherwise, under a version or with a sum."""

from __future__ import annotations

import re

from rules.quoting import quote

_OF_RUSTUP = (
    "Take `rustup-init` of a version from `https://static.rust-lang.org/rustup/archive/`, and check it against the "
    "`.sha256` beside it."
)
_OF_NODESOURCE = (
    "Add the source in its place: its key below `/etc/apt/keyrings`, and "
    "`deb [signed-by=<file>] https://deb.nodesource.com/node_<major>.x nodistro main`."
)
_OF_UV = "Copy the program of a version: `COPY --from=ghcr.io/astral-sh/uv:<version> /uv /uvx /bin/`."
_OF_COMPOSER = "Copy the program of a version: `COPY --from=composer:<version> /usr/bin/composer /usr/local/bin/`."
_OF_POETRY = "Install a version of it, best into an environment of its own: `pip install poetry==<version>`."
_OF_DOCKER = (
    "Where the client is enough, copy that of a version: `COPY --from=docker:<version>-cli /usr/local/bin/docker "
    "/usr/local/bin/`. Otherwise add Docker's source for the distribution, with its key, from "
    "`https://download.docker.com/linux/<distribution>`."
)
_SIGNED = (
    (re.compile(r"https?://getcomposer\.org/installer\Z"), _OF_COMPOSER),
    (re.compile(r"https?://install\.python-poetry\.org/?\Z"), _OF_POETRY),
    (re.compile(r"https?://raw\.githubusercontent\.com/(?:python-poetry|sdispater)/poetry/"), _OF_POETRY),
    (re.compile(r"https?://(?:get|test)\.docker\.com/?\Z"), _OF_DOCKER),
    (re.compile(r"https?://sh\.rustup\.rs/?\Z"), _OF_RUSTUP),
    (re.compile(r"https?://deb\.nodesource\.com/setup_"), _OF_NODESOURCE),
    (re.compile(r"https?://astral\.sh/uv/(?!.*\.ps1)"), _OF_UV),
)
"""By address where the same thing is to be had with a sum or signature, or under a version (the projects' manuals)."""


_HOME_OF_UV = re.compile(r"[\w/.~${}-]*/\.(?:local|cargo)/bin/uvx?\b")
"""Where uv's script puts its programs (docs.astral.sh/uv, "Storage"), as a file calls one of them."""


def instead_of(url: str, code: str) -> str | None:
    """Return the sentence that says how else a script's program is had; `None` for any other address.

    Args:
        url: What is fetched.
        code: The Dockerfile without its comments: what it calls where the script puts it is then to be called by name.
    """
    told = next((told for address, told in _SIGNED if address.match(url)), None)
    called = _HOME_OF_UV.search(code) if told is _OF_UV else None
    return f"{told} Then {quote(called[0])} is not there: call it by its name." if told and called else told
