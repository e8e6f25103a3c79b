"""Which variables the image that a stage starts from sets, or may set."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rules.api import Stage

_VERSION = re.compile(r"(?P<what>[A-Z][A-Z0-9]*)_(?:VERSION|MAJOR)")
_PROGRAMS = {"go": ("golang",), "java": ("jdk", "jre", "openjdk"), "node": ("nodejs", "yarn"), "python": ("pip",)}
"""What else the images of a language name in their variables: GOLANG_VERSION, YARN_VERSION."""


def is_bare(stage: Stage) -> bool:
    """Whether the stage stands on an image that sets no more than PATH."""
    return stage.root.is_scratch or (stage.facts is not None and stage.facts.kind == "os")


def is_set_by_base(stage: Stage, name: str) -> bool:
    """Whether the base image is known to set a variable, or says in it which version it holds.

    Publishers set `PYTHON_VERSION`, `CUDA_VERSION`, `NODE_VERSION`, `GOLANG_VERSION` or `NGINX_VERSION` in their images
    (their Dockerfiles: `ENV PYTHON_VERSION 3.13.1`); the tables hold no value that belongs to one version only.
    """
    facts = stage.facts
    if facts is not None and name in facts.env_names:
        return True
    version = _VERSION.fullmatch(name)
    if version is None or is_bare(stage):
        return False
    word = stage.root.base_word
    image = word.text.split("@")[0].rsplit("/", 1)[-1] if word is not None else ""
    languages = facts.languages if facts is not None else {}
    named = {*re.findall(r"[a-z][a-z0-9]*", re.sub(r"\$\{[^}]*\}|\$\w+", "", image).lower()), *languages}
    named.update(facts.name.split("/") if facts is not None else ())
    named.update(other for one in tuple(named) for other in _PROGRAMS.get(one, ()))
    return version["what"].lower() in named
