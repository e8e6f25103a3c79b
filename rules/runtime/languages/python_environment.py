"""Variables without which a Python program of the repository ends: `os.environ["NAME"]`, with no other way to them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rules.runtime.languages.python_calls import PythonCall, started_by_python
from rules.runtime.languages.python_programs import program_files
from rules.runtime.starts.folders import module_named
from rules.runtime.starts.instructions import behind_init, shipped
from rules.runtime.starts.started_paths import words_of

if TYPE_CHECKING:
    from rules.api import DockerfileChange, Stage
    from rules.runtime.starts.instructions import Written

_GIVEN_OTHERWISE = re.compile(r"\bKeyError\b|\bdotenv\b|\bset_?default\b|\benviron(?:\.update|[ \t]*\|=)|\bputenv\b")
"""What lets a program go on without a variable, or sets those that it has not got."""


def needed_by_program(change: DockerfileChange, stage: Stage, name: str) -> str | None:
    """Return the file of a started program that ends in a `KeyError` without a variable; `None`: none is known to."""
    quoted = rf"[\"']{re.escape(name)}[\"']"
    read = re.compile(rf"^[^#\n]*\benviron\[[ \t]*{quoted}[ \t]*\]", re.MULTILINE)
    asked = re.compile(rf"{quoted}[ \t]+(?:not[ \t]+)?in\b|\[[ \t]*{quoted}[ \t]*\][ \t]*=[^=]")
    for found in shipped(change, "ENTRYPOINT", "CMD"):
        call = _call(found) if found.stage is stage else None
        files = program_files(change, stage, call) if call is not None else {}
        texts = [text for text in files.values() if text is not None]
        if any(_GIVEN_OTHERWISE.search(text) or asked.search(text) for text in texts):
            continue
        using = (path for path, text in files.items() if text is not None and read.search(text))
        if (path := next(using, None)) is not None:
            return path
    return None


def _call(found: Written) -> PythonCall | None:
    """Return what of Python a start command starts: a script, a module, or the one that a server is given."""
    words = behind_init(words_of(found))
    module = module_named(words)
    if module is not None:
        return PythonCall("m", module)
    call = started_by_python(words)
    return call if call is not None and call.kind in ("m", "file") else None
