"""The one story: a job becomes a published review.

```
context, policy ── what to read ── files before and after ── judgement ── published
```
Each arrow is one round of requests to the forge, all of them at once.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeVar

from bot.forges.base import Gone, Tree, Unread
from bot.forges.together import at_once
from bot.judgement import Case, judge
from bot.policy_change import differences, merged, touched
from bot.processes import TookTooLong, WorkFailed
from bot.repository import MOST_DOCKERFILES, POLICY_PATHS, ROUNDS, wanted
from bot.review.markdown import prose
from rules.policy_file import find_policy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import date

    from bot.forges.base import Context, Fence, Forge, PullRequest
    from bot.jobs import Job
    from bot.judgement import Judgement
    from bot.repository import Wanted
    from rules.policy import Policy

Given = TypeVar("Given")
Result = TypeVar("Result")


class Runner(Protocol):
    """Where judgements are computed and policies read, such as `bot.processes.Processes.run`."""

    async def __call__(self, function: Callable[[Given], Result], given: Given, /) -> Result:
        """Return `function(given)`.

        Raises:
            TookTooLong: It was ended before it was done.
            WorkFailed: It raised.
        """


class PolicyReader(Protocol):
    """Reads the files of `POLICY_PATHS` that exist; picklable, for it is run where judgements are computed."""

    def __call__(self, files: Mapping[str, bytes], /) -> tuple[Policy, tuple[str, ...]]:
        """Return the policy, and a sentence for each fault in it."""


def policy_of(files: Mapping[str, bytes], /) -> tuple[Policy, tuple[str, ...]]:
    """Return the policy of a repository; a part that cannot be read is the default and named."""
    read = find_policy(files)
    return read.policy, tuple(map(str, read.faults))


@dataclass(frozen=True, slots=True)
class Desk:
    """What a review is made with, besides the forge.

    Attributes:
        run: Where judgements are computed.
        today: The date, for end-of-life rules.
        key: Signs our marks; another key does not know what was said before.
        manual: Address of a rule's page, with `{rule}` and `{page}` to be filled in; empty for no links.
        read_policy: Reads the repository's policy.
    """

    run: Runner
    today: Callable[[], date]
    key: bytes = field(repr=False)
    manual: str = ""
    read_policy: PolicyReader = policy_of


class Outcome(NamedTuple):
    """What came of a review.

    Attributes:
        head: The commit that was reviewed.
        conclusion: `success`, `neutral` or `failure`.
        counts: New findings by rule id.
        posted: Comments posted now.
        base_branch: The branch that the change is to go to.
    """

    head: str
    conclusion: str
    counts: Mapping[str, int]
    posted: int
    base_branch: str = ""


class _Policy(NamedTuple):
    """A policy with the sentences about it, the files it was read from, and how the change would alter it."""

    rules: Policy
    faults: tuple[str, ...]
    files: Mapping[str, bytes]
    changes: tuple[str, ...] = ()


async def review(job: Job, forge: Forge, fence: Fence, desk: Desk) -> Outcome:
    """Review a pull request as it stands now and publish what there is to say.

    Args:
        job: Which; its commits are hints.
        forge: Where.
        fence: Asked before each write.
        desk: See there.

    Raises:
        Gone: The pull request is closed, or has another head by now.
        ForgeError: Whatever else keeps the forge from it.
    """
    context, rulebook = await _context(job, forge)
    pull_request = context.pull_request
    if not pull_request.open:
        raise Gone("the pull request is no longer open")
    try:
        judgement = await _judged(job, forge, desk, context, rulebook)
    except (TookTooLong, WorkFailed) as failure:
        return await _give_up(
            job, forge, fence, pull_request, f"The review could not be computed: {prose(str(failure))}."
        )
    outcome = await _publish(job, forge, fence, judgement)
    return outcome._replace(base_branch=pull_request.base_branch)


async def _judged(job: Job, forge: Forge, desk: Desk, context: Context, rulebook: Tree) -> Judgement:
    """Read what is needed and judge it; whatever others wrote is parsed in the processes that a time limit ends.

    Raises:
        TookTooLong: A file takes too long.
        WorkFailed: We have a fault.
    """
    pull_request = context.pull_request
    policy = await _policy(rulebook, desk)
    # A listing may have a hundred thousand paths; the webhooks are answered meanwhile.
    known = context.nearby if context.listing is None else context.listing
    choice = await asyncio.to_thread(wanted, pull_request, known, policy.rules)
    policies = touched(pull_request)
    before, after = await _read(job, forge, pull_request, choice, policies)
    after, proposed = _apart(after, policies)
    for _ in range(ROUNDS):
        more = await desk.run(_further, _Seen(choice, pull_request, after.files, known))
        if not more.after:
            break
        choice = choice.with_further(more)
        before, after = map(_joined, (before, after), await _read(job, forge, pull_request, more))
    policy = policy._replace(changes=await _changes(pull_request, policy, proposed, desk))
    return await desk.run(judge, _case(forge, desk, context, policy, _Files(choice, before, after)))


class _Seen(NamedTuple):
    """What is known when the Dockerfiles are read; see `Wanted.further`."""

    choice: Wanted
    pull_request: PullRequest
    files: Mapping[str, bytes]
    listing: Mapping[str, int] | None


def _further(seen: _Seen) -> Wanted:
    return seen.choice.further(seen.pull_request, seen.files, seen.listing)


async def _read(
    job: Job, forge: Forge, pull_request: PullRequest, choice: Wanted, besides: tuple[str, ...] = ()
) -> tuple[Tree, Tree]:
    """Read what was chosen, at the merge base and at head; at head some paths besides."""
    async with at_once() as group:
        after = group.create_task(forge.read(job, pull_request.head, (*choice.after, *besides)))
        before = group.create_task(forge.read(job, pull_request.base, choice.before))
    return before.result(), after.result()


def _joined(one: Tree, other: Tree) -> Tree:
    return Tree({**one.files, **other.files}, (*one.unread, *other.unread))


async def _publish(job: Job, forge: Forge, fence: Fence, judgement: Judgement) -> Outcome:
    plan = judgement.plan
    published = await forge.publish(job, plan, fence)
    return Outcome(plan.head, plan.check.conclusion, judgement.counts, published.posted)


async def _give_up(job: Job, forge: Forge, fence: Fence, pull_request: PullRequest, sentence: str) -> Outcome:
    """Complete the check all the same: another attempt at the same files would end the same way."""
    await fence()
    await forge.fail(job, sentence)
    return Outcome(pull_request.head, "neutral", {}, 0, pull_request.base_branch)


async def _context(job: Job, forge: Forge) -> tuple[Context, Tree]:
    """Read the context and the policy's files at the tip of the base branch, at once where the hint is right.

    A pull request cannot change the rules that it is judged by.
    """
    if not job.base:
        context = await forge.context(job)
        return context, await forge.read(job, context.pull_request.base_tip, POLICY_PATHS)
    async with at_once() as group:
        asked = group.create_task(forge.context(job))
        hinted = group.create_task(forge.read(job, job.base, POLICY_PATHS))
    tip = asked.result().pull_request.base_tip
    tree = hinted.result() if tip == job.base else await forge.read(job, tip, POLICY_PATHS)
    return asked.result(), tree


async def _policy(tree: Tree, desk: Desk) -> _Policy:
    policy, faults = await desk.run(desk.read_policy, tree.files)
    return _Policy(policy, (*faults, *map(_not_read, tree.unread)), tree.files)


def _not_read(file: Unread) -> str:
    return f"{file.path} is not read: it is {file.reason}."


def _apart(tree: Tree, policies: tuple[str, ...]) -> tuple[Tree, Tree]:
    """Split what was read at head: what is reviewed, and the policy files that the change touches."""
    mine = {path: text for path, text in tree.files.items() if path in policies}
    rest = {path: text for path, text in tree.files.items() if path not in mine}
    unread = tuple(file for file in tree.unread if file.path in policies)
    return Tree(rest, tuple(file for file in tree.unread if file not in unread)), Tree(mine, unread)


async def _changes(pull_request: PullRequest, policy: _Policy, proposed: Tree, desk: Desk) -> tuple[str, ...]:
    files = merged(pull_request, policy.files, proposed.files)
    if files is None:
        return ()
    then, faults = await desk.run(desk.read_policy, files)
    return differences(policy.rules, then, (*faults, *map(_not_read, proposed.unread)))


class _Files(NamedTuple):
    """What was wanted and what was read."""

    choice: Wanted
    before: Tree
    after: Tree


def _case(forge: Forge, desk: Desk, context: Context, policy: _Policy, files: _Files) -> Case:
    pull_request = context.pull_request
    unread = tuple(_unread(pull_request, files))
    left_out = {file.path for file in unread}
    after = {path: text for path, text in files.after.files.items() if path not in left_out}
    same = {path: after[path] for path in files.choice.unchanged(pull_request) if path in after}
    return Case(
        context=context,
        before={**same, **files.before.files},
        after=after,
        unread=unread,
        policy=policy.rules,
        policy_faults=policy.faults,
        policy_changes=policy.changes,
        today=desk.today(),
        terms=forge.terms,
        capabilities=forge.capabilities,
        manual=desk.manual,
        key=desk.key,
    )


def _unread(pull_request: PullRequest, files: _Files) -> Iterator[Unread]:
    """Name the Dockerfiles that are not reviewed; the files around them may be missing without a word."""
    judged = set(files.choice.dockerfiles)
    old_paths = {file.old_path: file.path for file in pull_request.files}
    yield from (file for file in files.after.unread if file.path in judged)
    for file in files.before.unread:
        # Without its old text everything in the file would pass for new.
        if old_paths.get(file.path) in judged:
            yield Unread(old_paths[file.path], f"{file.reason} before this change")
    yield from (
        Unread(path, f"more than {MOST_DOCKERFILES} Dockerfiles in one change") for path in files.choice.skipped
    )
    if pull_request.cut:
        yield Unread("…", f"only the first {len(pull_request.files)} files of the diff are listed by the forge")
