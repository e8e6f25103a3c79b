"""Signals as STOPSIGNAL names them (signal(7), Linux on x86 and ARM)."""

from __future__ import annotations

import re

_NAMES = (
    "HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP TSTP TTIN TTOU URG "
    "XCPU XFSZ VTALRM PROF WINCH IO PWR SYS"
).split()
_BY_NUMBER = {number: f"SIG{name}" for number, name in enumerate(_NAMES, 1)}
_ALIASES = {"SIGIOT": "SIGABRT", "SIGCLD": "SIGCHLD", "SIGPOLL": "SIGIO", "SIGUNUSED": "SIGSYS"}
_REAL_TIME = re.compile(r"SIGRTM(?:IN(?:\+\d+)?|AX(?:-\d+)?)\Z")
_LAST = 64

ABRUPT = frozenset({"SIGKILL", "SIGSTOP"})
"""What no program can catch."""


def signal_name(text: str) -> str | None:
    """Return a signal's full name for `TERM`, `sigterm`, `15` or `RTMIN+3`; `None` for what is no signal."""
    text = text.strip().strip("\"'").upper()
    if text.isascii() and text.isdecimal():
        number = int(text)
        return _BY_NUMBER.get(number, f"SIGRTMIN+{number - 34}" if 0 < number <= _LAST else None)
    name = text if text.startswith("SIG") else f"SIG{text}"
    name = _ALIASES.get(name, name)
    return name if name[3:] in _NAMES or _REAL_TIME.match(name) else None
