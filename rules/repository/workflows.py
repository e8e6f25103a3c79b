"""The images that a GitHub workflow builds with `docker/build-push-action`, one for each row of a job's matrix.

GitHub's "Workflow syntax", `jobs.<id>.strategy.matrix`, and "Contexts", `matrix` and `env`.
"""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from rules.repository import yamls

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_ACTION = "docker/build-push-action"
_EXPRESSION = re.compile(r"\$\{\{\s*(?P<context>matrix|env)\.(?P<path>[\w-]+(?:\.[\w-]+)*)\s*\}\}")
_MOST_ROWS = 64
"""Rows of a matrix that are followed: GitHub itself refuses more than 256."""

Row = dict[str, Any]


class ImageBuild(NamedTuple):
    """One call of the action.

    Attributes:
        given: Its inputs by name, with the values of the matrix and of `env` filled in where the workflow has them.
        chosen: Whether the matrix decides on one of them.
        line: Where it says what is built, from 1: the target, the file or the context.
    """

    given: Mapping[str, str]
    chosen: bool
    line: int


def image_builds(document: Any) -> Iterator[ImageBuild]:
    """Yield what a workflow builds, in its order; each row of a matrix that makes a difference by itself."""
    workflow = yamls.mapping(document)
    for each in yamls.mapping(workflow.get("jobs")).values():
        job = yamls.mapping(each)
        rows = _rows(yamls.mapping(job.get("strategy")).get("matrix"))
        for step in map(yamls.mapping, yamls.sequence(job.get("steps"))):
            if _ACTION not in yamls.text(step.get("uses")):
                continue
            known = [yamls.mapping(one.get("env")) for one in (workflow, job, step)]
            environment = {str(name): value for one in known for name, value in one.items()}
            yield from _calls(yamls.mapping(step.get("with")), rows, environment)


def _calls(inputs: dict[str, Any], rows: list[Row] | None, environment: Row) -> Iterator[ImageBuild]:
    line = yamls.line_of(inputs, next((key for key in ("target", "file") if key in inputs), "context"))
    written = {str(key): yamls.text(value) for key, value in inputs.items()}
    seen = []
    for row in rows or [{}]:
        contexts = {"env": environment} if rows is None else {"env": environment, "matrix": row}
        given = {key: _filled(text, contexts) if "${{" in text else text for key, text in written.items()}
        if given not in seen:
            seen.append(given)
            yield ImageBuild(given, chosen=any("matrix." in text for text in written.values()), line=line)


def _filled(text: str, contexts: Mapping[str, Row]) -> str:
    """Fill in what is known; an expression that is not stays as it is written, one that a row lacks is empty."""

    def value(found: re.Match[str]) -> str:
        node: Any = contexts.get(found["context"])
        if node is None:
            return found[0]
        for key in found["path"].split("."):
            node = yamls.mapping(node).get(key)
        return yamls.text(node) if node is not None or found["context"] == "matrix" else found[0]

    return _EXPRESSION.sub(value, text)


def _rows(matrix: Any) -> list[Row] | None:
    """Return the rows of a matrix; `None` where there is none, or an expression (`fromJSON`) makes it."""
    settings = yamls.mapping(matrix)
    lists = {str(name): value for name, value in settings.items() if name not in ("include", "exclude")}
    extra, without = settings.get("include", []), settings.get("exclude", [])
    if not settings or not all(isinstance(each, list) for each in (*lists.values(), extra, without)):
        return None
    product = itertools.islice(itertools.product(*lists.values()), _MOST_ROWS) if lists else ()
    rows: list[Row] = [dict(zip(lists, values, strict=True)) for values in product]
    excluded = [yamls.mapping(one) for one in without]
    rows = [row for row in rows if not any(one and one.items() <= row.items() for one in excluded)]
    further = [dict(entry) for entry in map(yamls.mapping, extra[:_MOST_ROWS]) if not _join(rows, entry, lists)]
    return [*rows, *further] or None


def _join(rows: list[Row], entry: Row, lists: Mapping[str, Any]) -> bool:
    """Add an entry of `include` to the rows whose own values it leaves as they are; tell whether there is one."""
    own = {key: value for key, value in entry.items() if key in lists}
    fitting = [row for row in rows if all(row[key] == value for key, value in own.items())]
    for row in fitting:
        row.update(entry)
    return bool(fitting)
