"""GraphQL, for what REST has no equivalent of: threads, who resolved them, resolving them."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphql import GraphQLError, GraphQLSchema, OperationType, build_schema, execute_sync, parse, validate
from graphql.language import OperationDefinitionNode

from tests.forge.github import door, graphql_objects
from tests.forge.github.answer import Answer, Refused

if TYPE_CHECKING:
    from collections.abc import Mapping

    from graphql import DocumentNode

    from tests.forge.github.double import GitHubDouble
    from tests.forge.log import Exchange


@cache
def schema() -> GraphQLSchema:
    """Build the schema once."""
    return build_schema(Path(__file__).with_name("schema.graphql").read_text(encoding="utf-8"))


def answer(forge: GitHubDouble, headers: Mapping[str, str], raw: bytes, exchange: Exchange) -> Answer:
    """Answer a query or a mutation: 200 whatever went wrong inside, as GitHub does."""
    token = door.identify(forge, headers, as_app=False)
    assert token is not None
    exchange.operation, exchange.writes = "graphql/query", False
    exchange.body = body = read(raw)
    meter, now = forge.meter(token.installation), forge.clock.seconds()
    try:
        document = parse(body["query"])
    except GraphQLError as error:
        return refused(forge, [error], meter.headers(now))
    exchange.writes = writes = mutates(document)
    exchange.operation = "graphql/mutation" if writes else "graphql/query"
    too_many = meter.refuse(now, writes=writes)
    if too_many is not None:
        return Answer(too_many.status, too_many.body, meter.headers(now) | dict(too_many.headers))
    faults = validate(schema(), document)
    if faults:
        return refused(forge, faults, meter.headers(now))
    variables = body.get("variables") or {}
    check_variables(forge, document, variables)
    root = graphql_objects.Root(forge, token)
    done = execute_sync(schema(), document, root_value=root.fields(), variable_values=variables)
    written: dict[str, Any] = {"data": done.data}
    if done.errors:
        written["errors"] = [worded(error) for error in done.errors]
    return Answer(200, written, meter.headers(now))


def read(raw: bytes) -> dict[str, Any]:
    """Read a request's body."""
    try:
        body = json.loads(raw)
    except ValueError as error:
        raise Refused(400, "Problems parsing JSON") from error
    if not isinstance(body, dict) or not isinstance(body.get("query"), str):
        raise Refused(400, "A query attribute must be specified and must be a string.")
    return body


def mutates(document: DocumentNode) -> bool:
    """Say whether a document is a mutation."""
    nodes = (node for node in document.definitions if isinstance(node, OperationDefinitionNode))
    return any(node.operation is OperationType.MUTATION for node in nodes)


def check_variables(forge: GitHubDouble, document: DocumentNode, given: Mapping[str, Any]) -> None:
    """Note variables that the query does not declare: GitHub ignores them without a word."""
    nodes = (node for node in document.definitions if isinstance(node, OperationDefinitionNode))
    declared = {variable.variable.name.value for node in nodes for variable in node.variable_definitions or ()}
    forge.note("graphql", [f"variable ${name} is not declared" for name in sorted(set(given) - declared)])


def refused(forge: GitHubDouble, faults: list[GraphQLError], headers: Mapping[str, str]) -> Answer:
    """Refuse a query that does not fit the schema, and note it, for it can never work."""
    forge.note("graphql", [fault.message for fault in faults])
    return Answer(200, {"errors": [worded(fault) for fault in faults]}, headers)


def worded(error: GraphQLError) -> dict[str, Any]:
    """Write an error with GitHub's `type`."""
    places = [{"line": place.line, "column": place.column} for place in error.locations or ()]
    kind = error.extensions.get("type") if error.extensions else None
    done: dict[str, Any] = {"message": error.message, "locations": places}
    if error.path:
        done["path"] = error.path
    return done | ({"type": kind} if kind else {})
