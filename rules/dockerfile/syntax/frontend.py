"""Check what a file uses against the release of Docker's frontend that its `# syntax=` line pins.

The releases are those of the Dockerfile release notes (docs.docker.com/build/dockerfile/release-notes) and of the
reference's "Minimum Dockerfile version".
"""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING

from rules.dockerfile.syntax.fault import fault

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rules.dockerfile.nodes import Directive, Instruction, SyntaxFault
    from rules.dockerfile.source import Span

_PINNED = re.compile(r"(?:docker\.io/)?docker/dockerfile(?:-upstream)?:1\.(?P<minor>[0-9]{1,4})(?:\.[0-9]+)*(?:@\S+)?")
"""Docker's own frontend at a release; its channels (`1.7-labs`, `1.0-experimental`) know more than the release."""

_FLAGS = MappingProxyType(
    {
        ("ADD", "checksum"): 6,
        ("ADD", "chmod"): 2,
        ("ADD", "exclude"): 19,
        ("ADD", "link"): 4,
        ("ADD", "unpack"): 17,
        ("COPY", "chmod"): 2,
        ("COPY", "exclude"): 19,
        ("COPY", "link"): 4,
        ("COPY", "parents"): 20,
        ("HEALTHCHECK", "start-interval"): 6,
        ("RUN", "mount"): 2,
        ("RUN", "security"): 20,
    }
)
"""The first release 1.x that knows a flag."""

_HEREDOCS, _SECRET_ENV = 4, 10
_ENV_KEY = re.compile(r"(?:^|,)env=", re.IGNORECASE)


def frontend_faults(directives: Iterable[Directive], instructions: Iterable[Instruction]) -> Iterator[SyntaxFault]:
    """Yield what the pinned release of the frontend does not know yet; the first use of each."""
    syntax = next((one for one in directives if one.name == "syntax"), None)
    pinned = _PINNED.fullmatch(syntax.value) if syntax is not None else None
    if syntax is None or pinned is None:
        return
    said: set[str] = set()
    for instruction in instructions:
        for what, since, place in _uses(instruction.trigger or instruction):
            if since > int(pinned["minor"]) and what not in said:
                said.add(what)
                release = syntax.value.partition("@")[0].rpartition(":")[2]
                yield fault(
                    f"{what} came with release 1.{since} of the Dockerfile frontend, and line {syntax.span.line} pins "
                    f"{release}: the build stops here. `# syntax=docker/dockerfile:1` takes the newest.",
                    place,
                )


def _uses(instruction: Instruction) -> Iterator[tuple[str, int, Span]]:
    """Yield what of an instruction not every release knows: its name, the first release 1.x, where it stands."""
    for flag in instruction.flags:
        name = flag.name.lower()
        since = _FLAGS.get((instruction.keyword, name))
        if since is not None:
            yield f"`{instruction.keyword} --{name}`", since, flag.span
        if name == "mount" and _ENV_KEY.search(flag.value or ""):
            yield "`env=` in `--mount=type=secret`", _SECRET_ENV, flag.span
    if instruction.heredocs:
        yield "A here-document", _HEREDOCS, instruction.keyword_span
