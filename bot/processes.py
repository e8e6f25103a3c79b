"""Work on other people's files, in processes of its own, with a time limit that really ends it."""

from __future__ import annotations

import asyncio
import multiprocessing
import signal
from multiprocessing.forkserver import ensure_running
from typing import TYPE_CHECKING, Any, Self, TypeVar

from bot.memory import collect_seldom

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from multiprocessing.connection import Connection
    from types import TracebackType

Given = TypeVar("Given")
Result = TypeVar("Result")

# A fork of this process would copy the event loop, its sockets and the secrets; one that has none of them is forked.
_CONTEXT = multiprocessing.get_context("forkserver")


class TookTooLong(Exception):  # noqa: N818 - says what happened, as in bot.forges.base
    """The work did not end within its time, and was ended."""


class WorkFailed(Exception):  # noqa: N818 - the same
    """The work raised, or its process died; the text names the exception."""


class Processes:
    """A few processes that do one piece of work after another.

    A process that takes too long is killed and the next piece of work gets a fresh one; the others are not disturbed.

    Args:
        size: Processes at most; they are started when they are needed.
        limit: Seconds for one piece of work; may be changed at any time.
        loaded: Modules that each process begins with. They are imported once, by the process that all are forked from;
            the first that is started decides for all.
    """

    def __init__(self, size: int, limit: float, loaded: Sequence[str] = ()) -> None:
        _CONTEXT.set_forkserver_preload(list(loaded))
        self.limit = limit
        self._places = asyncio.Semaphore(size)
        self._idle: list[_Process] = []

    async def __aenter__(self) -> Self:
        """Start the process that the others are forked from.

        Raises:
            OSError: It gets no socket: the folder for temporary files takes none, or its name is too long for one.
        """
        await asyncio.to_thread(ensure_running)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        while self._idle:
            self._idle.pop().end()

    async def run(self, function: Callable[[Given], Result], given: Given) -> Result:
        """Return `function(given)`, computed in another process; both, and the result, must be picklable.

        Raises:
            TookTooLong: The time was over.
            WorkFailed: The function raised, or the process died.
        """
        async with self._places:
            process = self._idle.pop() if self._idle else await asyncio.to_thread(_Process)
            try:
                result: Result = await asyncio.to_thread(process.ask, (function, given), self.limit)
            except WorkFailed:
                if process.alive:
                    self._idle.append(process)
                raise
            except BaseException:  # a cancelled wait too leaves the process in the middle of its work
                process.end()
                raise
            self._idle.append(process)
            return result


class _Process:
    """One process and the pipe to it. Its methods block."""

    def __init__(self) -> None:
        self._pipe, theirs = _CONTEXT.Pipe()
        self._process = _CONTEXT.Process(target=_serve, args=(theirs,), daemon=True, name="hullcheck-review")
        self._process.start()
        theirs.close()

    def ask(self, work: tuple[Callable[[Any], Any], Any], limit: float) -> Any:
        try:
            self._pipe.send(work)
            if not self._pipe.poll(limit):
                raise TookTooLong(f"it was ended after {limit:g} seconds")
            done, result = self._pipe.recv()
        except (EOFError, OSError) as error:
            self.end()  # its end of the pipe closes a moment before the system calls it dead
            raise WorkFailed("the process died") from error
        if not done:
            raise WorkFailed(result)
        return result

    @property
    def alive(self) -> bool:
        return self._process.is_alive()

    def end(self) -> None:
        # The pipe closes when nobody holds it: a thread may still be waiting at it, and wakes up now.
        self._process.kill()
        self._process.join()


def _serve(pipe: Connection) -> None:
    """Do what comes through the pipe until it closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which ends us in its own time
    collect_seldom()
    while True:
        try:
            function, given = pipe.recv()
        except (EOFError, OSError):
            return
        try:
            answer = (True, function(given))
        except Exception as error:  # noqa: BLE001 - whatever went wrong is reported where it was asked for
            answer = (False, f"{type(error).__name__}: {error}")
        try:
            pipe.send(answer)
        except OSError:  # the parent was killed meanwhile; the next one asks again
            return
