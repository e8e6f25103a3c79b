"""A handler of AWS Lambda as the start command of an image that has nothing to call it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rules.api import Confidence, Problem, quote

if TYPE_CHECKING:
    from rules.runtime.starts.instructions import Written

_HANDLER = re.compile(r"[\w/-]+(?:\.[\w-]+)*\.(?:lambda_?)?[hH]andler")
"""A module and its function, as `CMD` of Lambda's images names it (AWS, "Deploy Python Lambda functions with container
images"): `app.handler`, `shop.web.lambda_handler`."""


def handler_without_runtime(found: Written) -> Problem | None:
    """Return the problem of a CMD that is a handler's name alone, in a stage that has no ENTRYPOINT to take it."""
    stage, words = found.stage, found.start.words
    if found.instruction.keyword != "CMD" or found.start.form != "exec" or len(words) != 1:
        return None
    entrypoint = stage.image.entrypoint
    if not entrypoint.known or entrypoint.value or not stage.base_known or not _HANDLER.fullmatch(words[0]):
        return None
    if any(words[0] in put.path for put in stage.files.puts):
        return None
    base = quote(stage.root.base_text or "")
    return Problem(
        found.instruction.span,
        f"{stage.label} starts {quote(words[0])}, which is a handler of AWS Lambda and no program: {base} has no "
        "`/lambda-entrypoint.sh`, and no `ENTRYPOINT` calls it. The container exits with “executable file not found”. "
        "Start from an image of Lambda's, or install its runtime client and make that the `ENTRYPOINT`.",
        Confidence.LIKELY,
        doubt="the function's settings may name an entry point",
        stage=stage.key,
        key="handler",
    )
