"""One comment for Dockerfiles that are copies of one another, that start the same script, or that move alike.

What is mended in one copy is mended in each alike, a script is mended once for all that start it, and what a move to
another base asks is answered once.
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

    They are byte for byte the same, or the same is said of the same place in a file beside them, or of the change.

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
    """Yield what findings of different Dockerfiles have in common that speak of one place in a file beside them.

    So have those that ask one question of the whole change. A repair of the Dockerfile is committed in each of them.
    """
    places = tuple((note.path, note.span) for note in finding.notes if note.path is not None and not note.before)
    if (places or finding.of_change) and not _mends_its_own(finding):
        yield places, finding.message, _told(finding)


def _mends_its_own(finding: Finding) -> bool:
    return finding.fix is not None and any(edit.path in (None, finding.path) for edit in finding.fix.edits)


def _key(finding: Finding, same: Mapping[str, Hashable]) -> object:
    """Return what copies have in common; files beside them are named alike in both."""
    folder = posixpath.dirname(finding.path)
    message = finding.message.replace(f"{folder}/", "") if folder else finding.message
    return same[finding.path], finding.span.start, finding.span.end, message, _told(finding)


def _told(finding: Finding) -> object:
    return finding.rule, finding.severity, finding.confidence, finding.minor, finding.doubt
