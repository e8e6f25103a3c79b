"""What the Erlang in a release is linked with, and Alpine's own image does not have.

Since OTP 24 the virtual machine compiles by itself and is written in C++ for it (phoenixframework/phoenix#4334,
erlang/docker-erlang-example#19): without `libstdc++` it does not start.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rules.api import Confidence, Problem, once, quote
from rules.copying.outputs.carried_runtimes import has_erlang, runtimes_taken
from rules.numbers import number_of, numbers_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.api import DockerfileChange, Stage

_FIRST = {"erlang": (24,), "elixir": (1, 12)}
"""The first OTP with that compiler, and the first official images of Elixir upon it."""
_BRING_NONE = frozenset(
    "bash ca-certificates ca-certificates-bundle curl dumb-init jq libcrypto3 libgcc libssl3 lksctp-tools ncurses "
    "ncurses-libs openssl su-exec tini tzdata wget zlib".split()
)
"""Packages of Alpine that such images install and that are not linked with it (pkgs.alpinelinux.org)."""
_OTP = re.compile(r"(?:otp|erlang)-(\d+)")
"""How tags of Elixir's images name the OTP: `1.14-otp-23-alpine`."""
_WITHOUT = re.compile(r"\binclude_erts:\s*(?!true\b)|\{include_erts,\s*(?!true\b)")


def release_without_libraries(change: DockerfileChange, stage: Stage) -> Iterator[Problem]:
    """Yield the problem of a stage upon Alpine that takes a release out of a builder, and not the library."""
    facts = stage.facts
    if facts is None or facts.name != "alpine" or has_erlang(stage):
        return
    installed = [item for item in stage.packages.present if item.manager == "apk"]
    if any(item.name not in _BRING_NONE for item in installed):
        return
    for copy in stage.all_copies:
        builder = copy.from_stage
        if builder is None or not _is_linked(builder) or _is_built_without(change):
            continue
        for path, one in runtimes_taken(copy):
            if one.language != "erlang" or one.libc == "glibc":
                continue
            more = "" if stage.packages.has("ncurses-libs", "ncurses") else " ncurses-libs"
            yield Problem(
                copy.instruction.span,
                f"{stage.label} takes the release {quote(path)} out of {builder.label}, and has no `libstdc++`, which "
                "the Erlang in it loads since OTP 24: it stops at the start with “Error loading shared library "
                f"libstdc++.so.6”. Install {quote(f'apk add --no-cache libstdc++{more}')}.",
                Confidence.LIKELY,
                doubt="the release may be built without Erlang (`include_erts`)",
                instruction=copy.instruction,
                stage=stage.key,
                key="erlang",
            )
            return


@once
def _is_built_without(change: DockerfileChange) -> bool:
    """Whether a project's file that was read says that its releases leave Erlang out, or may."""
    texts = (data.decode("utf-8", "replace") for path, data in change.repository.files.items() if _is_project(path))
    return any(_WITHOUT.search(text) for text in texts)


def _is_project(path: str) -> bool:
    return path.endswith(("mix.exs", "rebar.config", "relx.config"))


def _is_linked(builder: Stage) -> bool:
    """Whether the builder's Erlang is one of those, as far as its image says."""
    named = _OTP.search((builder.root.base_text or "").partition(":")[2])
    if named is not None and number_of(named[1]) < _FIRST["erlang"][0]:
        return False
    languages = builder.runtime.languages
    known = [(version, first) for name, first in _FIRST.items() if (version := languages.get(name))]
    numbers = [(numbers_of(version)[:2], first) for version, first in known]
    return bool(numbers) and all(version >= first for version, first in numbers)
