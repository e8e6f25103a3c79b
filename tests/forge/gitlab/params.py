"""Checks a request's parameters as GitLab's API layer does; what no route knows is noted, for GitLab ignores it."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from tests.forge.gitlab.answer import Refused

if TYPE_CHECKING:
    from collections.abc import Mapping

SPEC = re.compile(r"(?P<name>[\w\[\]]+):(?P<type>\w+)(?P<required>!?)(?:\?(?P<values>\S+))?")
PAGING = "page:int per_page:int pagination:str page_token:str order_by:str sort:str"
TRUE, FALSE = {"true", "1", "yes", "on"}, {"false", "0", "no", "off"}

POSITION = (
    "base_sha:str! start_sha:str! head_sha:str! position_type:str!?text|image|file new_path:str new_line:int "
    "old_path:str old_line:int width:int height:int x:int y:int line_range:hash"
)
RANGE = "start:hash end:hash"
END = "line_code:str type:str old_line:int new_line:int"
NESTED = {"position": POSITION, "line_range": RANGE, "start": END, "end": END}


def parsed(query: str, raw: bytes, media: str) -> dict[str, Any]:
    """Put query and body together; `name[]` becomes a list.

    Raises:
        Refused: The body cannot be read.
    """
    found: dict[str, Any] = {}
    pairs = parse_qsl(query, keep_blank_values=True)
    if raw and media == "application/x-www-form-urlencoded":
        pairs += parse_qsl(raw.decode(errors="replace"), keep_blank_values=True)
    for name, value in pairs:
        if name.endswith("[]"):
            found.setdefault(name[:-2], []).append(value)
        else:
            found[name] = value
    if raw and media == "application/json":
        try:
            body = json.loads(raw)
        except ValueError as error:
            raise Refused.error(400, "Problem parsing JSON") from error
        if not isinstance(body, dict):
            raise Refused.error(400, "The request body is invalid")
        found |= body
    elif raw and media != "application/x-www-form-urlencoded":
        raise Refused.error(415, f"The provided content-type '{media}' is not supported.")
    return found


def checked(given: Mapping[str, Any], takes: str, where: str = "") -> tuple[dict[str, Any], list[str]]:
    """Return the parameters in their types, and the names that are not known.

    Raises:
        Refused: One is missing or of the wrong type.
    """
    known = {found["name"]: found for found in SPEC.finditer(takes)}
    unknown = [where_named(where, name) for name in given if name not in known]
    values: dict[str, Any] = {}
    for name, spec in known.items():
        shown = where_named(where, name)
        value = given.get(name)
        if value is None:
            if spec["required"]:
                raise Refused.error(400, f"{shown} is missing")
            if name in given:
                values[name] = None
            continue
        values[name], more = typed(value, spec["type"], name, shown)
        unknown += more
        if spec["values"] and values[name] not in spec["values"].split("|"):
            raise Refused.error(400, f"{shown} does not have a valid value")
    return values, unknown


def typed(value: Any, kind: str, name: str, shown: str) -> tuple[Any, list[str]]:
    """Return one value in its type."""
    taken: Any = None
    match kind, value:
        case "str", str() if "\0" not in value:
            taken = value
        case "list", list():
            taken = value
        case "str", int() | float():
            taken = str(value)
        case "int", int() if not isinstance(value, bool):
            taken = value
        case "int", str() if re.fullmatch(r"-?\d+", value):
            taken = int(value)
        case "bool", str() | int() if str(value).lower() in TRUE | FALSE:
            taken = str(value).lower() in TRUE
        case "hash", dict():
            return checked(value, NESTED[name], shown)
        case _:
            raise Refused.error(400, f"{shown} is invalid")
    return taken, []


def where_named(where: str, name: str) -> str:
    """Name a parameter as GitLab does: `position[line_range][start]`."""
    return f"{where}[{name}]" if where else name
