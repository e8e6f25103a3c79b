"""The diff of two texts, for files whose patch a forge does not give: the hunks that git would make."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

CONTEXT = 3
LINE_LIMIT = 20_000
"""Lines of either text above which no diff is made; forges show none for such a file either."""
STEP_LIMIT = 2_000_000
"""Steps after which two texts count as too different to compare; keeps a hostile file to about a second."""


class Change(NamedTuple):
    """Old lines `old..old_end` become new lines `new..new_end`; from 0, ends behind the last line."""

    old: int
    old_end: int
    new: int
    new_end: int


def diff(before: str, after: str, context: int = CONTEXT) -> str:
    r"""Return the unified diff of two texts, hunks only, as git prints it.

    Args:
        before: The old text; lines end at LF.
        after: The new text.
        context: Unchanged lines around a change.

    Returns:
        The hunks, with `\ No newline at end of file` where git writes it; empty when the texts are equal, and when
        they are too large or too different to be compared.
    """
    old, new = _lines(before), _lines(after)
    return "\n".join(_hunk(group, old, new, context) for group in _groups(changes(old, new), context))


def changes(old: list[str], new: list[str]) -> list[Change]:
    """Return the changes between two lists of lines: as few lines as can be, each slid as far down as it goes."""
    if max(len(old), len(new)) > LINE_LIMIT:
        return []
    head = _common(old, new)
    tail = _common(old[head:][::-1], new[head:][::-1])
    kept = _kept_of_shared(old, new, head, tail)
    if kept is None:
        return []
    bounds = [(head - 1, head - 1), *kept, (len(old) - tail, len(new) - tail)]
    found = [
        Change(i + 1, next_i, j + 1, next_j)
        for (i, j), (next_i, next_j) in pairwise(bounds)
        if next_i > i + 1 or next_j > j + 1
    ]
    return _slid(found, old, new)


def _lines(text: str) -> list[str]:
    lines = [f"{line}\n" for line in text.split("\n")]
    last = lines.pop()[:-1]
    return [*lines, last] if last else lines


def _common(old: list[str], new: list[str]) -> int:
    count = 0
    for one, other in zip(old, new, strict=False):
        if one != other:
            break
        count += 1
    return count


def _kept_of_shared(old: list[str], new: list[str], head: int, tail: int) -> list[tuple[int, int]] | None:
    """Look at the lines that both texts have, between their common head and tail; no other line can be kept."""
    shared = set(old[head : len(old) - tail]) & set(new[head : len(new) - tail])
    from_old = [at for at in range(head, len(old) - tail) if old[at] in shared]
    from_new = [at for at in range(head, len(new) - tail) if new[at] in shared]
    kept = _kept([old[at] for at in from_old], [new[at] for at in from_new])
    return None if kept is None else [(from_old[i], from_new[j]) for i, j in kept]


def _kept(old: list[str], new: list[str]) -> list[tuple[int, int]] | None:
    """Return the pairs of equal lines that a shortest edit script keeps, or `None` past the step limit.

    Myers, "An O(ND) Difference Algorithm and Its Variations", the greedy algorithm of its section 4: `reach[k]` is the
    furthest old line on diagonal `k` = old - new.
    """
    trail: list[dict[int, int]] = []
    reach = {1: 0}
    steps = 0
    for distance in range(len(old) + len(new) + 1):
        trail.append(dict(reach))
        for k in range(-distance, distance + 1, 2):
            down = k == -distance or (k != distance and reach.get(k - 1, -1) < reach.get(k + 1, -1))
            at = start = reach[k + 1] if down else reach[k - 1] + 1
            while at < len(old) and at - k < len(new) and old[at] == new[at - k]:
                at += 1
            reach[k] = at
            steps += 1 + at - start
            if at >= len(old) and at - k >= len(new):
                return _walk_back(trail, len(old), len(new))
        steps += len(reach)
        if steps > STEP_LIMIT:
            return None
    return []


def _walk_back(trail: list[dict[int, int]], old: int, new: int) -> list[tuple[int, int]]:
    kept: list[tuple[int, int]] = []
    for distance in range(len(trail) - 1, -1, -1):
        reach, k = trail[distance], old - new
        down = k == -distance or (k != distance and reach.get(k - 1, -1) < reach.get(k + 1, -1))
        origin = k + 1 if down else k - 1
        from_old = reach[origin] if distance else 0
        from_new = from_old - origin if distance else 0
        start = from_old + (not down) if distance else 0
        while old > start:
            old, new = old - 1, new - 1
            kept.append((old, new))
        old, new = from_old, from_new
    return kept[::-1]


def _slid(found: list[Change], old: list[str], new: list[str]) -> list[Change]:
    slid: list[Change] = []
    for change in reversed(found):
        behind = slid[-1] if slid else None
        moved = _slide(change, old, new, behind)
        if behind and moved.old_end == behind.old and moved.new_end == behind.new:
            slid[-1] = Change(moved.old, behind.old_end, moved.new, behind.new_end)
        else:
            slid.append(moved)
    return slid[::-1]


def _slide(change: Change, old: list[str], new: list[str], behind: Change | None) -> Change:
    """Move an insertion or a deletion down while the line behind it equals its first line."""
    i, i_end, j, j_end = change
    limit = behind.old if behind else len(old)
    inserts, deletes = i == i_end, j == j_end
    while i_end < limit and ((inserts and new[j] == new[j_end]) or (deletes and old[i] == old[i_end])):
        i, i_end, j, j_end = i + 1, i_end + 1, j + 1, j_end + 1
    return Change(i, i_end, j, j_end)


def _groups(found: list[Change], context: int) -> list[list[Change]]:
    groups: list[list[Change]] = []
    for change in found:
        if groups and change.old - groups[-1][-1].old_end <= 2 * context:
            groups[-1].append(change)
        else:
            groups.append([change])
    return groups


def _hunk(group: list[Change], old: list[str], new: list[str], context: int) -> str:
    first, last = group[0], group[-1]
    before = min(context, first.old)
    after = min(context, len(old) - last.old_end)
    lines = _printed(" ", old[first.old - before : first.old])
    for change, following in zip(group, [*group[1:], None], strict=True):
        lines += _printed("-", old[change.old : change.old_end])
        lines += _printed("+", new[change.new : change.new_end])
        lines += _printed(" ", old[change.old_end : following.old if following else last.old_end + after])
    old_range = _range(first.old - before, last.old_end + after)
    new_range = _range(first.new - before, last.new_end + after)
    return "\n".join([f"@@ -{old_range} +{new_range} @@", *lines])


def _printed(sign: str, lines: list[str]) -> list[str]:
    printed = []
    for line in lines:
        printed.append(sign + line.removesuffix("\n"))
        if not line.endswith("\n"):
            printed.append("\\ No newline at end of file")
    return printed


def _range(start: int, end: int) -> str:
    count = end - start
    first = start + (count > 0)
    return f"{first}" if count == 1 else f"{first},{count}"
