"""What FROM lines say where a build passes no arguments."""

from __future__ import annotations

from rules.api import PLATFORM_ARGS, UNKNOWN, Scope, Variable, parse_reference
from rules.build.variables.uses import uses


def with_empty(scope: Scope) -> Scope:
    """The variables of FROM lines as BuildKit checks them: what a build gives is empty, a platform's value is not.

    An ARG without a default sets nothing (convert.go, `buildMetaArgs`): `${NAME-word}` is the word, and
    `ARG TARGETARCH` leaves the platform's value where it is.
    """
    variables = {
        name: found._replace(value="")
        if found.value is UNKNOWN and found.kind == "arg" and not _is_of_platform(scope, found)
        else found
        for name, found in scope.variables.items()
        if not found.is_left_to_build
    }
    return Scope(variables, complete=True, escape=scope.escape)


def _is_of_platform(scope: Scope, variable: Variable) -> bool:
    """Whether the ARG is what BuildKit knows of the platform, or is made of that: `ARG FLAVOR=${TARGETARCH}`.

    So is perhaps one that is made of an earlier ARG of its own name.
    """
    names, waiting = {variable.name}, [variable]
    while waiting:
        each = waiting.pop()
        pairs = each.instruction.pairs if each.instruction is not None else ()
        default = next((value for name, value in pairs if name.text == each.name), None)
        used = set(uses(default.text, scope.escape)) if default is not None else set()
        if each.name in used or not PLATFORM_ARGS.isdisjoint({each.name, *used}):
            return True
        waiting += [found for name in used - names if (found := scope.get(name)) is not None]
        names |= used
    return False


def is_image(text: str | None) -> bool:
    """Tell whether a FROM may say this: a name of an image, `scratch`, or what cannot be known."""
    return text is None or (bool(text) and (parse_reference(text) is not None or text == "scratch"))
