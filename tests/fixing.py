"""Apply fixes, alone and together, and say what is wrong with the result."""

from __future__ import annotations

import re
from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING

import rules
from rules import catalogue
from rules.dockerfile.source import Source
from rules.edits import applied_to_tree
from rules.offers import reveals
from rules.problem import Confidence, Severity
from tests.cases import TODAY

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from rules import Finding
    from rules.problem import Edit

PATH = "Dockerfile"
_CONTINUED = re.compile(r"\\[ \t]*$", re.MULTILINE)
_BARE_LINE_FEED = re.compile(r"(?<!\r)\n")
_OF_TWO_MINDS = {"os-upgrade-in-image", "package-cache-mount-possible", "runtime-user-owns-code"}
"""What they ask for, other rules advise against in places, so that fixes are withheld and never shown."""
_OF_OTHERS_MAKING = {"prefer-heredoc"}
"""It finds a chain of two commands to which another rule's fix adds a third. That its own fix alone leaves nothing, the
review has verified before it offers it."""
OFF = frozenset(rule.id for rule in catalogue.load() if rule.default == "off") - _OF_TWO_MINDS


def findings_of(tree: dict[str, bytes], enable: Collection[str] = ()) -> tuple[Finding, ...]:
    """Review a file as a new one."""
    report = rules.review({}, tree, today=TODAY, enable=enable)
    assert report.crashes == ()
    return report.findings


def composed(findings: Iterable[Finding], tree: dict[str, bytes]) -> tuple[dict[str, bytes], list[Finding]]:
    """Apply the fixes of one file together, leaving out those that touch what another one changes."""
    edits: list[Edit] = []
    taken: list[Finding] = []
    for finding in findings:
        if finding.fix is None:
            continue
        together = list(dict.fromkeys([*edits, *finding.fix.edits]))
        if _collide(together):
            continue
        edits = together
        taken.append(finding)
    return applied_to_tree(tree, edits, PATH), taken


def _collide(edits: list[Edit]) -> bool:
    """Tell whether edits overlap or insert at one place, where the reviews offer only one of them."""
    ordered = sorted(edits, key=lambda edit: (edit.path or PATH, edit.span.start, edit.span.end))
    return any(
        (one.path or PATH) == (other.path or PATH)
        and (other.span.start < one.span.end or other.span.start == one.span.start)
        for one, other in pairwise(ordered)
    )


def faults_of_fixes(findings: Iterable[Finding], tree: dict[str, bytes], enable: Collection[str] = ()) -> list[str]:
    """Return what is wrong: fixes that do not hold alone, and what all together leave, bring or spoil."""
    found = tuple(findings)
    faults = [f"withheld {finding.rule}" for finding in found if finding.offer is not None and finding.fix is None]
    for finding in found:
        if finding.fix is not None:
            fixed = applied_to_tree(tree, finding.fix.edits, PATH)
            faults += [f"{finding.rule} {fault}" for fault in _spoilt(_text(tree), _text(fixed))]
    fixed, taken = composed(found, tree)
    return [*faults, *(_together(found, taken, findings_of(fixed, enable)) if taken else [])]


def faults_with_all_rules(found: tuple[Finding, ...], tree: dict[str, bytes]) -> list[str]:
    """Return what is wrong with the rules on that are off until a team asks for them, and without them.

    What those find is added to what is said anyway: a fix is then held to more rules. So it is asked again without them
    only where one of their fixes may have taken another's place, or a comment may speak of them.

    Args:
        found: What is found with them on.
        tree: Where.
    """
    faults = faults_of_fixes(found, tree, OFF)
    if any(finding.rule in OFF and finding.fix is not None for finding in found) or b"ignore" in tree[PATH]:
        faults += faults_of_fixes(findings_of(tree), tree)
    return faults


def _text(tree: dict[str, bytes]) -> str:
    return Source.decode(PATH, tree[PATH]).text


def _spoilt(before: str, after: str) -> list[str]:
    """Return what a fix spoils of the author's layout."""
    faults = []
    if Source(PATH, before).newline == "\r\n" and not _BARE_LINE_FEED.search(before) and _BARE_LINE_FEED.search(after):
        faults.append("writes a bare line feed")
    if before.startswith("# escape=`") and len(_CONTINUED.findall(after)) > len(_CONTINUED.findall(before)):
        faults.append("continues with a backslash")
    if any(line != line.rstrip() and line.strip() == "" for line in set(after.splitlines()) - set(before.splitlines())):
        faults.append("leaves a line of blanks")
    return faults


def _together(found: tuple[Finding, ...], taken: list[Finding], then: tuple[Finding, ...]) -> list[str]:
    before, after = Counter(f.rule for f in found), Counter(f.rule for f in then)
    gone = Counter(f.rule for f in taken)
    own = gone.keys() - _OF_OTHERS_MAKING
    left = [f"leaves {rule}" for rule in gone if rule in own and after[rule] > before[rule] - gone[rule]]
    counting = {f.rule for f in then if f.severity > Severity.INFO and f.confidence > Confidence.POSSIBLE}
    counting = {rule for rule in counting if not any(reveals(one, rule) for one in gone)}
    return [*left, *(f"brings {rule}" for rule in sorted(counting - gone.keys()) if after[rule] > before[rule])]
