"""One comment for Dockerfiles that are copies of one another, or that start the same script, which is at fault.

What is mended in one copy is mended in each alike, and a script is mended once for all that start it.
"""

from __future__ import annotations

import posixpath
from dataclasses import replace
from typing import TYPE_CHECKING

from rules.quoting import listed, quote

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Iterator, Mapping

    from rules.report import Finding

_NAMED = 3


def told_once(findings: Iterable[Finding], same: Mapping[str, Hashable]) -> list[Finding]:
    """Tell a new finding of several files at the first of them, with the names of the others.

    They are byte for byte the same, or the same is said of the same place in a file beside them.

    Args:
        findings: In the order of their paths.
        same: What each reviewed file is now and was before the change, by its path; equal for copies.
    """
    found: list[Finding] = []
    first: dict[object, int] = {}
    others: dict[int, list[str]] = {}
    for finding in findings:
        if finding.baseline != "new" or finding.path not in same:
            found.append(finding)
            continue
        keys = (_key(finding, same), *_shared(finding))
        place = next((first[key] for key in keys if key in first), len(found))
        first.update(dict.fromkeys(keys, place))
        if place < len(found) and found[place].path != finding.path:
            others.setdefault(place, []).append(finding.path)
        else:
            found.append(finding)
    for place, paths in others.items():
        what = ", a copy of this file" if len(paths) == 1 else ", copies of this file"
        what = what if all(same[path] == same[found[place].path] for path in paths) else ""
        said = f"{found[place].message} The same holds for {listed(map(quote, paths), _NAMED)}{what}."
        found[place] = replace(found[place], message=said)
    return found


def _shared(finding: Finding) -> Iterator[object]:
    """Yield what findings of different Dockerfiles have in common that speak of one place in a file beside them."""
    places = tuple((note.path, note.span) for note in finding.notes if note.path is not None and not note.before)
    if places:
        yield places, finding.rule, finding.message, finding.minor


def _key(finding: Finding, same: Mapping[str, Hashable]) -> object:
    """Return what copies have in common; files beside them are named alike in both."""
    folder = posixpath.dirname(finding.path)
    message = finding.message.replace(f"{folder}/", "") if folder else finding.message
    told = finding.rule, finding.severity, finding.confidence, finding.minor, finding.doubt
    return same[finding.path], finding.span.start, finding.span.end, message, told
