"""A process that has loaded the server and does nothing else: what tests run beside them is forked from it.

A server takes two seconds to load, and a few hundredths to be forked. From there on it is what `hullcheck serve` is:
a session, an environment and a working directory of its own, and an end of its own. The process that the server's
judging processes are forked from loads as much again, and is forked from here as well (`tests.bot.understudy`).

    python -m tests.bot.template SOCKET

Through the socket come environments, folders, and what is to run there, each with two files: where it writes, and where
its number and, once it has ended, its exit code are told. It ends with the process that has the other end.
"""

from __future__ import annotations

import asyncio
import atexit
import gc
import json
import os
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from tests.bot import understudy

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ROOT = Path(__file__).parents[2]


class Forked:
    """A server that was forked, with what these tests need of `asyncio.subprocess.Process`.

    Attributes:
        stderr: Its log, and what it prints besides.
    """

    def __init__(self, number: int, stderr: asyncio.StreamReader, told: asyncio.StreamReader) -> None:
        self.stderr = stderr
        self._number = number
        self._told = told
        self._code: int | None = None

    def kill(self) -> None:
        self._send(signal.SIGKILL)

    def terminate(self) -> None:
        self._send(signal.SIGTERM)

    def _send(self, number: signal.Signals) -> None:
        if self._code is not None:
            raise ProcessLookupError
        os.kill(self._number, number)

    async def wait(self) -> int:
        if self._code is None:
            self._code = int(await self._told.read())  # to its end, by which the pipe closes as well
        return self._code


async def forked(
    settings: Mapping[str, str], folder: Path, module: str = "bot.__main__", arguments: Sequence[str] = ()
) -> Forked:
    """Start a server with these settings in this folder, or the `main` of another module with its arguments."""
    (log, written), (told, telling) = os.pipe(), os.pipe()
    request = json.dumps([dict(settings), str(folder), module, arguments]).encode() + b"\n"
    socket.send_fds(_template(), [request], [written, telling])
    os.close(written)
    os.close(telling)
    stderr, answers = await _read(log), await _read(told)
    return Forked(int(await answers.readline()), stderr, answers)


async def _read(pipe: int) -> asyncio.StreamReader:
    """Return a reader that closes its end of a pipe when the other one is closed."""
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(pipe, "rb")
    )
    return reader


@cache
def _template() -> socket.socket:
    ours, theirs = socket.socketpair()
    with theirs:
        number = theirs.fileno()
        process = subprocess.Popen([sys.executable, "-m", __name__, str(number)], cwd=ROOT, pass_fds=[number])

    def end() -> None:
        ours.close()
        process.wait()

    atexit.register(end)
    return ours


def _wait_to_serve(control: socket.socket) -> tuple[str, Sequence[str]]:
    """Return in each process that is to be a server what it is to run; end when nobody asks for one any more."""
    while True:
        request, files, _, _ = socket.recv_fds(control, 1 << 16, 2)
        with suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG) != (0, 0):
                pass  # those that have told how their servers ended
        if not request:
            raise SystemExit
        while not request.endswith(b"\n"):
            request += control.recv(1 << 16)
        if os.fork() == 0:
            control.close()
            settings, folder, module, arguments = json.loads(request)
            _keep(settings, folder, *files)
            return module, arguments
        for file in files:
            os.close(file)


def _keep(settings: Mapping[str, str], folder: str, log: int, telling: int) -> None:
    """Return in a further process, which is to be the server; the first one waits for its end and tells its code."""
    server = os.fork()
    if server:
        os.close(log)
        os.write(telling, b"%d\n" % server)
        _, status = os.waitpid(server, 0)
        os.write(telling, b"%d\n" % os.waitstatus_to_exitcode(status))
        os._exit(0)
    os.setsid()
    for stream in (sys.stdout, sys.stderr):
        os.dup2(log, stream.fileno())
    os.close(log)
    os.close(telling)
    os.chdir(folder)
    os.environ.clear()  # noqa: TID251 - the server that this becomes reads its settings here
    os.environ.update(settings)  # noqa: TID251 - the same
    understudy.engage()


if __name__ == "__main__":
    import aiosqlite  # noqa: F401 - what a server would load when it opens its database
    import gitlab.v4.objects  # noqa: F401 - the same of a GitLab

    import bot.__main__
    import bot.prepared  # noqa: F401 - the same of the process that judges

    gc.freeze()  # or each server looks through all that was loaded once more when it ends, for half a second
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the tests, with which it ends
    module, arguments = _wait_to_serve(socket.socket(fileno=int(sys.argv[1])))
    signal.signal(signal.SIGINT, signal.default_int_handler)
    import_module(module).main(*arguments)
