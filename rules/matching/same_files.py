"""One comment for Dockerfiles that are copies of one another: what is mended in one is mended in each alike."""

from __future__ import annotations

import posixpath
from dataclasses import replace
from typing import TYPE_CHECKING

from rules.quoting import listed, quote

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Mapping

    from rules.report import Finding

_NAMED = 3


def told_once(findings: Iterable[Finding], same: Mapping[str, Hashable]) -> list[Finding]:
    """Tell a new finding of files that are byte for byte the same at the first of them, with the names of the others.

    Args:
        findings: In the order of their paths.
        same: What each reviewed file is now and was before the change, by its path; equal for copies.
    """
    found: list[Finding] = []
    first: dict[object, int] = {}
    copies: dict[int, list[str]] = {}
    for finding in findings:
        if finding.baseline != "new" or finding.path not in same:
            found.append(finding)
            continue
        place = first.setdefault(_key(finding, same), len(found))
        if place < len(found) and found[place].path != finding.path:
            copies.setdefault(place, []).append(finding.path)
        else:
            found.append(finding)
    for place, paths in copies.items():
        what = "a copy" if len(paths) == 1 else "copies"
        said = f"{found[place].message} The same holds for {listed(map(quote, paths), _NAMED)}, {what} of this file."
        found[place] = replace(found[place], message=said)
    return found


def _key(finding: Finding, same: Mapping[str, Hashable]) -> object:
    """Return what copies have in common; files beside them are named alike in both."""
    folder = posixpath.dirname(finding.path)
    message = finding.message.replace(f"{folder}/", "") if folder else finding.message
    told = finding.rule, finding.severity, finding.confidence, finding.minor, finding.doubt
    return same[finding.path], finding.span.start, finding.span.end, message, told
