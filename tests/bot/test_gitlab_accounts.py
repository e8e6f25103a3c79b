"""A new token is a new account: what the earlier one said is ours still, and nobody else's words ever are."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from bot.forges.base import Revision
from bot.forges.gitlab import Accounts
from bot.mailbox import Mailbox
from bot.review.markers import Marker
from tests.bot.databases import sqlite_in
from tests.bot.gitlab_bench import Bench, adapter, bench

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable
    from pathlib import Path

    from bot.forges.base import Thread
    from tests.forge.gitlab.model import User


class Kept(dict[str, str]):
    """What the database would remember."""

    async def recall(self, name: str, /) -> str | None:
        return self.get(name)

    async def remember(self, name: str, value: str, /) -> None:
        self[name] = value


@asynccontextmanager
async def with_a_new_token(
    b: Bench, kept: Kept | Mailbox | None, listed: Iterable[int] = (), *, level: int = 30
) -> AsyncIterator[tuple[Bench, User]]:
    """Give the server a token that was made anew, and with it another account."""
    former, b.forge.bot = b.forge.bot, b.forge.user("project_1_bot_another", bot=True)
    b.project.members[b.forge.bot.username] = level
    b.forge.token = b.forge.create_token(b.forge.bot, "hullcheck").value
    async with adapter(b.forge, accounts=Accounts("here", listed, kept)) as gitlab:
        yield Bench(b.forge, gitlab, b.project, b.change), former


async def said_before(b: Bench, kept: Kept | Mailbox | None) -> None:
    async with adapter(b.forge, accounts=Accounts("here", (), kept)) as gitlab:
        before = Bench(b.forge, gitlab, b.project, b.change)
        await before.publish(before.plan(before.comment("a1"), summary=before.summary("One.")))


async def thread_of(b: Bench) -> Thread:
    [thread] = (await b.gitlab.context(b.job)).conversation.threads
    return thread


def repaired(b: Bench, thread: Thread) -> Revision:
    mark = b.signer.write(Marker("fixed", b.change.head, ("a1",), ("a1",)))
    return Revision(thread, body=f"**Fixed.**\n\n{mark}", resolve=True)


async def test_what_an_earlier_account_said_is_not_said_again(tmp_path: Path) -> None:
    async with bench() as b, await Mailbox.open(sqlite_in(tmp_path)) as mailbox:
        await said_before(b, mailbox)
        async with with_a_new_token(b, mailbox) as (now, _):
            done = await now.publish(now.plan(now.comment("a1")))
            assert (done.posted, done.found) == (0, 1)


async def test_an_account_may_be_listed_where_the_database_was_lost() -> None:
    async with bench() as b:
        await said_before(b, None)
        async with with_a_new_token(b, Kept(), [b.forge.bot.id]) as (now, former):
            assert former.id != now.forge.bot.id
            assert (await now.publish(now.plan(now.comment("a1")))).posted == 0


async def test_an_account_that_was_never_ours_is_not_taken_for_ours() -> None:
    async with bench() as b:
        await said_before(b, None)
        async with with_a_new_token(b, Kept()) as (now, _):
            assert (await now.gitlab.context(now.job)).conversation.threads == ()


async def test_a_copied_mark_is_nobodys_but_ours() -> None:
    kept = Kept()
    async with bench() as b:
        await said_before(b, kept)
        comment = b.comment("b2", 4)
        b.change.comment(comment.body, author="mallory")
        b.change.reply(b.notes[0], b.comment("a1").body.replace("Finding", "Mallory's"), author="mallory")
        async with with_a_new_token(b, kept) as (now, _):
            assert (await now.publish(now.plan(comment))).posted == 1
            threads = (await now.gitlab.context(now.job)).conversation.threads
            assert not any("Mallory" in each.body for each in threads)


async def test_what_cannot_be_edited_is_continued_below_and_resolved() -> None:
    kept = Kept()
    async with bench() as b:
        await said_before(b, kept)
        async with with_a_new_token(b, kept) as (now, former):
            thread = await thread_of(now)
            for _ in range(2):
                await now.publish(replace(now.plan(), revisions=(repaired(now, thread),)))
            notes = [note for note in b.change.notes if note.position or note.discussion.id == thread.id]
            assert [note.author for note in notes if not note.system] == [former, now.forge.bot]
            assert notes[0].resolved_by is now.forge.bot
            now_there = await thread_of(now)
            assert now_there.body.startswith("**Fixed.**")
            assert now_there.resolved_by_us
            await now.publish(
                replace(now.plan(), revisions=(replace(repaired(now, now_there), body="**Back.**\n\n" + "x"),))
            )
            assert [note.body for note in now.notes if note.discussion.id == thread.id] == ["**Back.**\n\nx"]


async def test_the_summary_of_an_earlier_account_is_followed_by_one_of_ours() -> None:
    kept = Kept()
    async with bench() as b:
        await said_before(b, kept)
        async with with_a_new_token(b, kept) as (now, _):
            for text in ("Two.", "Three."):
                await now.publish(now.plan(summary=now.summary(text)))
            [summary] = now.notes
            assert summary.body.startswith("Three.")


async def test_a_rotated_token_keeps_the_account() -> None:
    async with bench() as b:
        await said_before(b, None)
        b.forge.token = b.forge.rotate(b.forge.token)
        async with adapter(b.forge) as gitlab:
            now = Bench(b.forge, gitlab, b.project, b.change)
            assert (await now.publish(now.plan(now.comment("a1")))).posted == 0
