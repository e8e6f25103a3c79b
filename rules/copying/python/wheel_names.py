"""Wheels that are copied by a name which no wheel has: `dist/my-shop-*.whl`."""

from __future__ import annotations

import posixpath
import re
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from rules.api import Confidence, Problem, fix, quote, replace

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.api import DockerfileChange

_HYPHENATED = re.compile(r"([A-Za-z][\w.]*(?:-[A-Za-z_][\w.]*)+)(-(?:\d|\*|\[|\?).*\.whl)")
"""The name of a project with a hyphen, in front of a version: in a wheel's name hyphens part version and platform."""


def misspelt_wheels(change: DockerfileChange) -> Iterator[Problem]:
    """Yield the problem of each wheel of the context that is named with hyphens.

    Tools that build wheels write `_` there (PyPA specifications, "Binary distribution format", "Escaping and Unicode").
    """
    listing = change.repository.listing or ()
    for stage in change.stages:
        for copy in stage.copies:
            for source in copy.sources if copy.from_context else ():
                text = source.word.text
                folder, name = posixpath.split(text)
                found = _HYPHENATED.fullmatch(name)
                if found is None or any(fnmatchcase(posixpath.basename(one), name) for one in listing):
                    continue
                then = "The build stops here."
                if source.has_wildcard:  # BuildKit lets a pattern without a match pass
                    then = "The pattern matches nothing, and what installs the wheel stops the build."
                right = posixpath.join(folder, found[1].replace("-", "_") + found[2])
                yield Problem(
                    source.word.span,
                    f"{stage.label} copies {quote(text)}, and no wheel is called so: tools that build wheels write `_` "
                    f"for each `-` in a project's name. {then} Write {quote(right)}.",
                    Confidence.LIKELY,
                    doubt="something may give the wheel another name",
                    instruction=copy.instruction,
                    stage=stage.key,
                    key=text,
                    fix=fix("Name it as wheels are", replace(copy.instruction.source, source.word.span, right)),
                )
