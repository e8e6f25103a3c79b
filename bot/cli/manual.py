"""`hullcheck rules` and `hullcheck explain`."""

from __future__ import annotations

from difflib import get_close_matches
from operator import attrgetter
from typing import TYPE_CHECKING, TextIO

from bot.cli.faults import UsageFault
from rules import catalogue

if TYPE_CHECKING:
    from rules.rule import Rule


def table(out: TextIO) -> None:
    """Print one line a rule under its family: name, severity, default, title."""
    known = sorted(catalogue.load(), key=attrgetter("family", "id"))
    width = max((len(rule.id) for rule in known), default=0)
    family = ""
    for rule in known:
        if rule.family != family:
            out.write(f"{chr(10) if family else ''}{rule.family}\n")
            family = rule.family
        out.write(f"  {rule.id:<{width}}  {rule.severity!s:<7}  {rule.default:<6}  {rule.title}\n")


def explain(name: str, out: TextIO) -> None:
    """Print the page of a rule, or of every rule that another linter's id stands for.

    Args:
        name: The rule's id, or an alias in any case: `DL3002`, `dl3002`.
        out: Where to.

    Raises:
        UsageFault: No rule has that name.
    """
    for rule in found(name):
        out.write(f"# {rule.id}\n\n{rule.title}\n\n")
        out.write(f"Severity: {rule.severity}. Category: {rule.category}. Default: {rule.default}.\n")
        if rule.aliases:
            out.write(f"Elsewhere called: {', '.join(rule.aliases)}.\n")
        out.write(f"\n{rule.page.strip()}\n")


def found(name: str) -> tuple[Rule, ...]:
    """Return the rules that a name stands for: one for its id, one or more for another linter's.

    Raises:
        UsageFault: No rule has that name; the sentence gives the nearest one.
    """
    known = catalogue.by_id()
    if name in known:
        return (known[name],)
    ids = catalogue.by_alias().get(name.upper(), ())
    if ids:
        return tuple(known[each] for each in ids)
    near = get_close_matches(name, known, n=1)
    remedy = f"Did you mean {near[0]}?" if near else "`hullcheck rules` lists them all."
    raise UsageFault(f"There is no rule called {name!r}. {remedy}")
