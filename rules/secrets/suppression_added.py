"""See suppression_added.md."""

import re
from collections import Counter
from collections.abc import Iterator

from rules.api import (
    Category,
    Confidence,
    Dockerfile,
    DockerfileChange,
    Problem,
    Severity,
    Suppression,
    quote,
    rule,
    suppressions,
)

_STRICT = re.compile(r"#?\s*(?:hadolint|tally)\b", re.IGNORECASE)
_DIRECTIVE = re.compile(r"(?:#?\s*check\s*=\s*)?(?:skip|error)=", re.IGNORECASE)
"""BuildKit's own, with its name or, at the top of the file, its value alone."""
_SENTENCE = 3
"""Words from which on a comment explains something."""


@rule(
    "suppression-added",
    severity=Severity.INFO,
    category=Category.MAINTAINABILITY,
    default="info",
    compares=True,
    mentions=("ignore", "skip="),
    aliases=("DL1001", "DF072"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """The change silences rules without saying why."""
    was = _comments(change.before.dockerfile) if change.before is not None else ()
    before = Counter(map(_key, was))
    added = []
    now = _comments(change.after.dockerfile)
    said = {comment.span.line: comment.text for comment in change.after.dockerfile.comments}
    above = _explained_above(said)
    explained = {
        one.names for one in now if one.reason or _is_explained(one, said, above)
    }  # a reason given once holds for the same names further down
    for suppression in now:
        if before[_key(suppression)] > 0:
            before[_key(suppression)] -= 1
        elif suppression.names not in explained and not _is_idle(change, suppression):
            added.append(suppression)
    gone = [one for one in was if before[_key(one)] > 0]  # of a comment that is only changed, what it gains counts
    dropped = {name for one in gone for name in one.names}
    added = [one for one in added if not dropped.issuperset(one.names)]
    if added:
        yield _problem(added, dropped, {rule for one in gone for rule in one.rules})


def _is_idle(change: DockerfileChange, suppression: Suppression) -> bool:
    """Whether it silences only what nobody here asked to be told."""
    return suppression.idle and not suppression.ours and suppression.rules.isdisjoint(change.policy.rules)


def _comments(dockerfile: Dockerfile) -> tuple[Suppression, ...]:
    return suppressions(dockerfile)


def _is_explained(one: Suppression, said: dict[int, str], above: set[int]) -> bool:
    """Whether a reason stands in the comment lines above, or below a directive."""
    line = one.comment.span.line
    return line in above or (bool(_DIRECTIVE.match(one.comment.text)) and _explains(said.get(line + 1, "")))


def _explained_above(said: dict[int, str]) -> set[int]:
    """Return the lines below a comment line that says something in words, as far as the comment goes on."""
    found: set[int] = set()
    for line in sorted(said):
        if _explains(said[line]) or line in found:
            found.add(line + 1)
    return found


def _explains(above: str) -> bool:
    """Whether a comment line says something in words."""
    words = above.split()
    return len(words) >= _SENTENCE and words[0].isupper() is False and "=" not in words[0] and "ignore" not in above


def _key(suppression: Suppression) -> str:
    return " ".join(suppression.comment.text.split())


def _way_out(one: Suppression) -> str:
    """Say where the reason goes: hadolint and BuildKit do not read a comment with words behind the names."""
    if _DIRECTIVE.match(one.comment.text):
        return "Write the reason in a comment below: the builder reads the directive in front of all comments only."
    if _STRICT.match(one.comment.text):
        return "Write the reason in a comment line above it; behind the names the linter would not read it."
    return "Write the reason behind the names."


def _problem(added: list[Suppression], dropped: set[str], known_before: set[str]) -> Problem:
    first, *others = added
    named = dict.fromkeys(name for one in added for name in one.names if name not in dropped)
    whole = _DIRECTIVE.match(first.comment.text) is not None and "all" in named
    names = "all of BuildKit's checks" if whole else ", ".join(map(quote, named))
    ours = sorted({rule for one in added for rule in one.rules} - known_before - set(named))
    known = f" ({', '.join(map(quote, ours[:3]))} here)" if ours and not whole else ""
    where = (
        "in the whole file" if first.last == 0 else f"for the {'stage' if first.whole_stage else 'instruction'} below"
    )
    if others:
        where += f" and on {len(others)} more line{'s' if len(others) > 1 else ''}"
    return Problem(
        first.comment.span,
        f"this change silences {names}{known} {where} and does not say why. Whoever meets the comment later cannot "
        f"tell whether it still holds. {_way_out(first)}",
        Confidence.CERTAIN,
        key=" ".join(_key(one) for one in added),
    )
