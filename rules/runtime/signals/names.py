"""Signals as STOPSIGNAL names them (signal(7), Linux on x86 and ARM).

Of the real-time ones BuildKit and Docker know `SIGRTMIN` to `SIGRTMIN+15` and `SIGRTMAX-14` to `SIGRTMAX` (moby/sys,
`signal/signal_linux.go`), which are the 31 that there are.
"""

from __future__ import annotations

_NAMES = (
    "HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP TSTP TTIN TTOU URG "
    "XCPU XFSZ VTALRM PROF WINCH IO PWR SYS"
).split()
_REAL_TIME = {
    **{34 + above: f"SIGRTMIN+{above}" for above in range(1, 16)},
    **{64 - below: f"SIGRTMAX-{below}" for below in range(1, 15)},
    34: "SIGRTMIN",
    64: "SIGRTMAX",
}
_OF_THE_C_LIBRARY = {32: "32", 33: "33"}
"""What the C library keeps for its threads: it has no name, and Docker takes the number."""
_BY_NUMBER = {number: f"SIG{name}" for number, name in enumerate(_NAMES, 1)} | _REAL_TIME | _OF_THE_C_LIBRARY
_KNOWN = frozenset(_BY_NUMBER.values())
_ALIASES = {"SIGIOT": "SIGABRT", "SIGCLD": "SIGCHLD", "SIGPOLL": "SIGIO"}

ABRUPT = frozenset({"SIGKILL", "SIGSTOP"})
"""What no program can catch."""


def signal_name(text: str) -> str | None:
    """Return a signal's full name for `TERM`, `sigterm`, `15` or `RTMIN+3`; `None` for what is no signal."""
    text = text.strip().strip("\"'").upper()
    if text.isascii() and text.isdecimal():
        return _BY_NUMBER.get(int(text.lstrip("0")[:3] or 0))  # no signal has three digits
    name = text if text.startswith("SIG") else f"SIG{text}"
    name = _ALIASES.get(name, name)
    return name if name in _KNOWN else None
