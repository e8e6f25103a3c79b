from __future__ import annotations

import multiprocessing
import os
import time

import pytest

from bot.processes import Processes, TookTooLong, WorkFailed, _serve


def square(number: int) -> int:
    return number * number


def process_number(_: None) -> int:
    return os.getpid()


def fail(text: str) -> None:
    raise ValueError(text)


def hang(_: None) -> None:
    while True:
        time.sleep(1)


def die(_: None) -> None:
    os._exit(1)


async def test_work_is_done_in_another_process_which_is_used_again() -> None:
    async with Processes(1, limit=60) as processes:
        assert await processes.run(square, 7) == 49
        first = await processes.run(process_number, None)
        assert first == await processes.run(process_number, None)
        assert first != os.getpid()


async def test_an_exception_is_named_and_the_process_goes_on() -> None:
    async with Processes(1, limit=60) as processes:
        with pytest.raises(WorkFailed, match="ValueError: no such stage"):
            await processes.run(fail, "no such stage")
        assert await processes.run(square, 2) == 4


async def test_work_that_does_not_end_is_ended_and_the_next_gets_a_fresh_process() -> None:
    async with Processes(1, limit=60) as processes:
        before = await processes.run(process_number, None)
        processes.limit = 0.2
        with pytest.raises(TookTooLong):
            await processes.run(hang, None)
        processes.limit = 60
        assert before != await processes.run(process_number, None)


async def test_a_process_that_dies_fails_its_work_alone() -> None:
    async with Processes(1, limit=60) as processes:
        with pytest.raises(WorkFailed, match="died"):
            await processes.run(die, None)
        assert await processes.run(square, 3) == 9


def test_a_process_whose_parent_was_killed_ends_without_a_word(capfd: pytest.CaptureFixture[str]) -> None:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    ours.send((square, 7))
    ours.close()
    process = context.Process(target=_serve, args=(theirs,))
    process.start()
    process.join(60)
    assert process.exitcode == 0
    assert capfd.readouterr().err == ""
