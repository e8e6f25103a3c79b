"""Two changes to one small Dockerfile, and a desk that reviews them in this process by the rules they are made for."""

from __future__ import annotations

import pickle
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any, TypeVar

from bot.reviewer import Desk, policy_of, review
from rules import catalogue
from tests.bot.github_bench import KEY, no_fence

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from bot.reviewer import Outcome
    from rules.policy import Policy
    from tests.bot.github_bench import Bench

Given = TypeVar("Given")
Result = TypeVar("Result")

OTHER_RULES = sorted({rule.id for rule in catalogue.load()} - {"base-image-unpinned", "entrypoint-lost"})
PINNED = 'FROM debian:12.5-slim AS base\nENTRYPOINT ["/run"]\nCMD ["serve"]\nFROM base AS prod\nUSER 1000\n'
UNPINNED = PINNED.replace(":12.5-slim", "")
LOST = PINNED.replace("FROM base AS prod", "FROM debian:12.5-slim AS prod")


async def here(function: Callable[[Given], Result], given: Given, /) -> Result:
    """Return `function(given)`, computed in this process, with everything sent through a pipe's eye."""
    return pickle.loads(pickle.dumps(function(pickle.loads(pickle.dumps(given)))))  # type: ignore[no-any-return]  # as given


def few_rules(files: Mapping[str, bytes], /) -> tuple[Policy, tuple[str, ...]]:
    """The repository's policy, with all rules off but the two that these changes are made for."""
    policy, faults = policy_of(files)
    return replace(policy, rules={**dict.fromkeys(OTHER_RULES, "off"), **policy.rules}), faults


def desk(run: Any = here) -> Desk:
    return Desk(run=run, today=lambda: date(2026, 11, 21), key=KEY, read_policy=few_rules)


async def reviewed(b: Bench, run: Any = here) -> Outcome:
    return await review(b.job, b.github, no_fence, desk(run))
