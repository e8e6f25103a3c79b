"""The folder that a build in C or C++ installs its programs and libraries into."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from rules.copying.outputs.binaries import has_c_compiler, thinks_of_linking
from rules.lazily import once
from rules.model.puts import within

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.api import Command, Copy, Stage

_CMAKE = "-DCMAKE_INSTALL_PREFIX="
_CONFIGURED = frozenset({"cmake", "configure", "meson"})


def installed_prefix(copy: Copy, builder: Stage) -> str | None:
    """Return the prefix that a COPY takes, or takes something out of; `None` where what lies there may be static."""
    if not has_c_compiler(builder) or thinks_of_linking(builder):
        return None
    paths = [path for source in copy.sources if (path := copy.source_path(source)) is not None]
    return next((prefix for prefix in _prefixes(builder) if any(within(path, prefix) for path in paths)), None)


@once
def _prefixes(builder: Stage) -> tuple[str, ...]:
    found = (
        (run.resolve(text), text)
        for run in builder.done_runs
        for command in run.commands
        if posixpath.basename(command.name) in _CONFIGURED
        for text in _named(command)
    )
    return tuple(path for path, text in found if path not in (None, "/", "/usr", "/usr/local") and "$" not in text)


def _named(command: Command) -> Iterator[str]:
    prefix = command.option("--prefix")
    if prefix:
        yield prefix
    yield from (word.value.removeprefix(_CMAKE) for word in command.args if word.value.startswith(_CMAKE))
