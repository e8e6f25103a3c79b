"""A process that waits to become the one that a server's judging processes are forked from.

`multiprocessing` starts Python anew for that one, which then loads all rules: most of what the server of a test costs.
A process that is forked beforehand has them, and has nothing of the server's: no event loop, no socket, no database.
"""

from __future__ import annotations

import json
import os
import socket
from multiprocessing import util
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

_FORKSERVER = "multiprocessing.forkserver"
_FAR_OFF = 100
"""No file that a program asks for has so high a number."""


def engage() -> None:
    """Fork it, to be used the first time that this process would start Python for a fork server."""
    ours, theirs = socket.socketpair()
    number = os.fork()
    if number == 0:
        ours.close()
        _wait_for_the_program(theirs)
    theirs.close()
    waiting, anew = [(number, ours)], util.spawnv_passfds

    def spawnv_passfds(path: bytes, args: Sequence[Any], passfds: Sequence[int]) -> int:
        if not (waiting and _FORKSERVER in args[-1]):
            return anew(path, args, passfds)
        started, control = waiting.pop()
        with control:
            socket.send_fds(control, [json.dumps([args[-1], list(passfds)]).encode()], list(passfds))
        return started

    util.spawnv_passfds = spawnv_passfds


def _wait_for_the_program(control: socket.socket) -> None:
    """Run the program that comes through the socket, as `python -c` does, with the files that it names, and end."""
    code = 1
    try:
        request, files, _, _ = socket.recv_fds(control, 1 << 16, 8)
        control.close()
        if request:
            program, numbers = json.loads(request)
            _place(files, numbers)
            exec(program, {"__name__": "__main__"})
    except SystemExit:
        code = 0
    finally:
        os._exit(code)


def _place(files: Sequence[int], numbers: Sequence[int]) -> None:
    """Give each file its number; none may be lost to another one's."""
    for file, number in zip(files, numbers, strict=True):
        os.dup2(file, number + _FAR_OFF)
        os.close(file)
    for number in numbers:
        os.dup2(number + _FAR_OFF, number)
        os.close(number + _FAR_OFF)
