"""Image references: `ghcr.io/astral-sh/uv:0.9`, `python`, `node:22@sha256:…`.

The grammar and its normalisation are those of distribution/reference (`regexp.go`, `normalize.go`), which
Docker and BuildKit use for `FROM` and `COPY --from`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property, lru_cache

_HUB = "docker.io"
_LEGACY_HUB = "index.docker.io"
_OFFICIAL = "library/"
_LONGEST_PATH = 255
"""Characters a repository's path may have (`RepositoryNameTotalLengthMax`)."""

_LABEL = r"(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)"
_DOMAIN = rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?"
_COMPONENT = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_PATH = rf"{_COMPONENT}(?:/{_COMPONENT})*"
_TAG = r"\w[\w.-]{0,127}"
_DIGEST = r"sha256:[a-f0-9]{64}|sha384:[a-f0-9]{96}|sha512:[a-f0-9]{128}"
_IS_IDENTIFIER = re.compile(r"[a-f0-9]{64}").fullmatch
_IS_DOMAIN = re.compile(_DOMAIN, re.ASCII).fullmatch
_MATCH = re.compile(rf"(?P<path>{_PATH})(?::(?P<tag>{_TAG}))?(?:@(?P<digest>{_DIGEST}))?", re.ASCII).fullmatch


@dataclass(frozen=True)
class ImageReference:
    """The name of an image in a registry, taken apart.

    Attributes:
        text: The reference as written.
        registry: The registry's host and port, `docker.io` where none is written.
        path: The repository inside its registry, such as `library/python`.
        tag: The tag as written; `None` where none is written, which means `latest` unless there is a digest.
        digest: The digest as written, such as `sha256:…`; it wins over the tag.
    """

    text: str
    registry: str
    path: str
    tag: str | None = None
    digest: str | None = None

    @cached_property
    def repository(self) -> str:
        """The normalised name without tag and digest, such as `docker.io/library/python`."""
        return f"{self.registry}/{self.path}"

    @cached_property
    def familiar(self) -> str:
        """The name as people write it: `python`, `grafana/grafana`, `ghcr.io/astral-sh/uv`."""
        if self.registry != _HUB:
            return self.repository
        short = self.path.removeprefix(_OFFICIAL)
        return self.path if "/" in short else short

    @property
    def written_name(self) -> str:
        """The name as written, without tag and digest."""
        name = self.text
        if self.digest is not None:
            name = name.removesuffix(f"@{self.digest}")
        if self.tag is not None:
            name = name.removesuffix(f":{self.tag}")
        return name

    @property
    def effective_tag(self) -> str | None:
        """The tag that is pulled: the written one, `latest` for a bare name, `None` for a bare digest."""
        return "latest" if self.tag is None and self.digest is None else self.tag

    def with_tag(self, tag: str) -> str:
        """Return the text of the same name with another tag and without the digest, which no longer fits."""
        return f"{self.written_name}:{tag}"


@lru_cache(maxsize=4096)
def parse_reference(text: str) -> ImageReference | None:
    """Read an image reference.

    `scratch` is no image but parses as one; callers that read a `FROM` look for it first.

    Args:
        text: The reference after variable expansion, without surrounding white space.

    Returns:
        The reference, or `None` where Docker would say "invalid reference format".
    """
    if _IS_IDENTIFIER(text):
        return None
    registry, rest = _split_registry(text)
    found = _MATCH(rest)
    if found is None or len(found["path"]) > _LONGEST_PATH or not _IS_DOMAIN(registry):
        return None
    return ImageReference(text, registry, found["path"], found["tag"], found["digest"])


def may_be_published(text: str) -> bool:
    """Whether a text is a reference to an image that its registry could hold.

    A namespace of Docker Hub is a Docker ID or an organization's name, and has no special characters: “can only contain
    numbers and lowercase letters” (docs.docker.com/accounts/general-faqs). An underscore is what a placeholder has.

    Args:
        text: As for `parse_reference`.
    """
    found = parse_reference(text)
    return found is not None and (found.registry != _HUB or "_" not in found.path.partition("/")[0])


def _split_registry(text: str) -> tuple[str, str]:
    """Return the registry and what follows it; the first component is a registry if it looks like a host."""
    first, slash, rest = text.partition("/")
    if not slash:
        return _HUB, _OFFICIAL + text
    if first == _LEGACY_HUB:
        registry = _HUB
    elif first == "localhost" or "." in first or ":" in first or first.lower() != first:
        registry = first
    else:
        registry, rest = _HUB, text
    if registry == _HUB and "/" not in rest:
        rest = _OFFICIAL + rest
    return registry, rest
