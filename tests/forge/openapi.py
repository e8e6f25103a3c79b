"""Checks every exchange and every webhook against GitHub's own OpenAPI description.

The description is open-world: it lets unknown keys pass. A request of ours with an unknown key is a mistake that the
real forge may refuse or, worse, ignore, so requests are checked closed-world here.
"""

from __future__ import annotations

import gzip
import json
import re
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import jsonschema_rs
from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import best_match
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from tests.forge.openapi_trim import DESCRIPTION

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

JSON = "application/json"
ROOT = "urn:github"

# Where the published description and the running service differ. Each line: schema, property, why it may be null.
NULLABLE = (
    # An outdated comment has no line any more; GitHub's own webhook schema says so (`webhooks_review_comment`).
    ("pull-request-review-comment", "line"),
    ("pull-request-review-comment", "position"),
    ("review-comment", "position"),
    ("review-comment", "line"),
    # A comment on a whole file never had one.
    ("pull-request-review-comment", "original_line"),
    ("review-comment", "original_line"),
    ("webhooks_review_comment", "original_line"),
    # The fork may have been deleted; GitHub's own webhook schemas say so.
    ("pull-request", "head.repo"),
    ("pull-request-simple", "head.repo"),
)


def is_moment(value: object) -> bool:
    """Accept what GitHub writes: `2026-11-21T10:00:00Z`."""
    if not isinstance(value, str):
        return True
    try:
        return datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        return False


def is_address(value: object) -> bool:
    """Accept absolute addresses only."""
    return not isinstance(value, str) or re.match(r"(https?|git|ssh)://|git@", value) is not None


FORMATS = FormatChecker(formats=())
FORMATS.checks("date-time")(is_moment)
FORMATS.checks("uri")(is_address)
QUICK_FORMATS = {"date-time": is_moment, "uri": is_address}


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of the description, such as `pulls/create-review`.

    Attributes:
        id: The description's `operationId`.
        method: In capitals.
        template: The path with `{names}`.
        parameters: Names that the query may use, with their JSON type.
        for_apps: Whether an installation may call it.
    """

    id: str
    method: str
    template: str
    parameters: Mapping[str, str]
    for_apps: bool


def nullable(node: Any) -> Any:
    """Rewrite OpenAPI 3.0's `nullable` as JSON Schema says it."""
    if isinstance(node, list):
        return [nullable(item) for item in node]
    if not isinstance(node, dict):
        return node
    done = {key: nullable(value) for key, value in node.items() if key != "nullable"}
    if node.get("nullable") is not True:
        return done
    if isinstance(done.get("type"), str):
        done["type"] = [done["type"], "null"]
    if "enum" in done:
        done["enum"] = [*done["enum"], None]
    return done if "type" in done else {"anyOf": [done, {"type": "null"}]}


def make_nullable(schema: dict[str, Any], name: str, *below: str) -> None:
    """Let a property be null, here or further below."""
    if below:
        make_nullable(schema["properties"][name], *below)
    else:
        schema["properties"][name] = schema["properties"][name] | {"nullable": True}


def template_pattern(template: str) -> re.Pattern[str]:
    """Turn a path template into a pattern; contents, refs and comparisons hold slashes."""
    wide = {"path", "ref", "basehead"}
    parts = re.split(r"\{(\w+)\}", template)
    names = [f"(?P<{name}>{'.+' if name in wide else '[^/]+'})" for name in parts[1::2]]
    texts = [re.escape(text) for text in parts[0::2]]
    return re.compile("".join(text + name for text, name in zip(texts, [*names, ""], strict=True)))


class Description:
    """GitHub's description, compiled: finds operations and judges requests, responses and webhooks."""

    def __init__(self, document: dict[str, Any]) -> None:
        schemas = document["components"]["schemas"]
        for schema, name in NULLABLE:
            make_nullable(schemas[schema], *name.split("."))
        # In the list an account must be a person *and* an enterprise; shown alone it may be either, which is meant.
        listed = document["paths"]["/app/installations"]["get"]["responses"]["200"]["content"][JSON]["schema"]
        listed["items"] = {"$ref": "#/components/schemas/installation"}
        self.document = nullable(document)
        self.registry: Registry[Any] = Registry().with_resource(ROOT, DRAFT202012.create_resource(self.document))
        self.validators: dict[str, Draft202012Validator] = {}
        self.known = jsonschema_rs.Registry([(ROOT, self.document)], draft=jsonschema_rs.Draft202012)
        self.quick: dict[str, jsonschema_rs.Draft202012Validator] = {}
        self.requests: dict[str, Draft202012Validator] = {}
        self.operations = sorted(self._operations(), key=lambda pair: -len(re.sub(r"\{\w+\}", "", pair[1].template)))

    def match(self, method: str, raw_path: str) -> tuple[Operation, dict[str, str]] | None:
        """Find the operation behind a request and the values in its path, decoded."""
        for pattern, operation in self.operations:
            if operation.method == method and (found := pattern.fullmatch(raw_path)):
                return operation, {name: unquote(value) for name, value in found.groupdict().items()}
        return None

    def request_faults(self, operation: Operation, query: Mapping[str, str], body: Any) -> list[str]:
        """Say what a request does that the description does not know."""
        faults = [
            f"query {name}={value}: {'not an integer' if name in operation.parameters else 'no such parameter'}"
            for name, value in sorted(query.items())
            if name not in operation.parameters or (operation.parameters[name] == "integer" and not value.isdecimal())
        ]
        spec = self._spec(operation).get("requestBody")
        if spec is None:
            return [*faults, "this operation takes no body"] if body is not None else faults
        if body is None:
            return [*faults, "a body is required"] if spec["required"] else faults
        if operation.id not in self.requests:
            schema = self._closed(spec["content"][JSON]["schema"])
            self.requests[operation.id] = Draft202012Validator(schema, format_checker=FORMATS)
        return faults + [self._sentence("body", error) for error in self.requests[operation.id].iter_errors(body)]

    def response_faults(self, operation: Operation, status: int, body: Any) -> list[str]:
        """Say what an answer of the double has that GitHub's has not, or lacks."""
        responses = self._spec(operation)["responses"]
        pointer = f"#/paths/{escaped(operation.template)}/{operation.method.lower()}/responses/{status}"
        response = responses.get(str(status))
        if response is None:
            # 401, 403, 429 and 5xx come from GitHub's front door, for every operation alike.
            known = status in {301, 307, 401, 403, 404, 410, 422, 429, 500, 502, 503}
            return self._judge("#/components/schemas/basic-error", body) if known else [f"{status}: not described"]
        if "$ref" in response:
            pointer = response["$ref"]
            response = self.document["components"]["responses"][pointer.rsplit("/", 1)[1]]
        if JSON not in response.get("content", {}):
            return [] if body is None or response.get("content") else [f"{status}: no body is described"]
        return self._judge(f"{pointer}/content/{escaped(JSON)}/schema", body)

    def webhook_faults(self, event: str, payload: Mapping[str, Any]) -> list[str]:
        """Say what a webhook of the double has that GitHub's has not, or lacks."""
        action = payload.get("action") if event != "ping" else None
        name = f"{event}-{action}" if action else event
        name = name.replace("_", "-")
        if name not in self.document["x-webhooks"]:
            return [f"webhook {name}: not described"]
        return self._judge(f"#/x-webhooks/{name}/post/requestBody/content/{escaped(JSON)}/schema", payload)

    def _judge(self, pointer: str, body: Any) -> list[str]:
        """Find what is wrong in words, where the quick validator, ten times as fast, finds anything."""
        if pointer not in self.quick:
            self.quick[pointer] = jsonschema_rs.Draft202012Validator(
                {"$ref": f"{ROOT}{pointer}"}, registry=self.known, validate_formats=True, formats=QUICK_FORMATS
            )
        if self.quick[pointer].is_valid(body):
            return []
        if pointer not in self.validators:
            schema = {"$ref": f"{ROOT}{pointer}"}
            self.validators[pointer] = Draft202012Validator(schema, registry=self.registry, format_checker=FORMATS)
        error = best_match(self.validators[pointer].iter_errors(body))
        return [] if error is None else [self._sentence(pointer.rsplit("/", 3)[-1] if body is None else "body", error)]

    def _sentence(self, place: str, error: Any) -> str:
        where = ".".join(str(step) for step in (place, *error.absolute_path))
        return f"{where}: {error.message[:300]}"

    def _spec(self, operation: Operation) -> dict[str, Any]:
        spec: dict[str, Any] = self.document["paths"][operation.template][operation.method.lower()]
        return spec

    def _operations(self) -> Iterator[tuple[re.Pattern[str], Operation]]:
        for template, methods in self.document["paths"].items():
            for method, spec in methods.items():
                parameters = [self._resolved(each) for each in spec.get("parameters", [])]
                query = {
                    each["name"]: each["schema"].get("type", "any") for each in parameters if each["in"] == "query"
                }
                operation = Operation(spec["operationId"], method.upper(), template, query, spec["x-apps"])
                yield template_pattern(template), operation

    def _resolved(self, node: Any) -> Any:
        if "$ref" not in node:
            return node
        _, _, kind, name = node["$ref"].split("/")
        return self.document["components"][kind][name]

    def _closed(self, schema: Any) -> Any:
        """Inline references and refuse unknown keys wherever the description lists the known ones."""
        if isinstance(schema, list):
            return [self._closed(item) for item in schema]
        if not isinstance(schema, dict):
            return schema
        schema = self._resolved(schema)
        done = {key: self._closed(value) for key, value in schema.items()}
        if "properties" in done and "type" in done:
            done.setdefault("additionalProperties", False)
        return done


def escaped(text: str) -> str:
    """Write a key as one step of a JSON pointer inside a URI fragment."""
    return text.replace("~", "~0").replace("/", "~1").replace("{", "%7B").replace("}", "%7D")


@cache
def description() -> Description:
    """Load the description once; compiling it takes some tens of milliseconds."""
    return Description(json.loads(gzip.decompress(DESCRIPTION.read_bytes())))
