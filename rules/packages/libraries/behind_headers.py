"""The libraries behind headers, which what was compiled needs when it runs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rules.facts.packages import plain_name, runtime_of
from rules.quoting import listed, quote

if TYPE_CHECKING:
    from rules.model.packages import Installed
    from rules.packages.build_tools.packages import BuildPackages

KITS = re.compile(
    r"dpkg-|glibc-|python|ruby|perl|php|lua|R-|r-|linux|kernel|erlang|ocaml|ghc|musl|libc6?-|"
    r"java-|autotools|golang|nodejs|rust|cargo|mono-|dotnet|swift|nim|julia|guile|tcl|tk-"
)
"""Headers or the kit of a language, or of the system: no library's, which would bring what a program runs with."""
_EMBEDDED = re.compile(r"(?:lib)?(?P<language>python|ruby|perl)(?P<version>\d+(?:\.\d+)?)?-dev")
"""Headers of Debian's interpreters, whose library nothing else brings: the interpreter itself is linked statically."""

_NAMED = 3
"""So many libraries are named with the headers that brought them; more would bury the sentence."""


def libraries(found: BuildPackages, unnamed: str | None = None) -> str:
    """Name the libraries that go with headers, and that what was compiled needs, here or in another stage.

    Args:
        found: The packages.
        unnamed: What to call them where none has a known name.

    Returns:
        Nothing where the headers bring none, or where the stage installs all by their own names already.
    """
    kits = {item.name: _library_of(found, item) for item in embedded(found)}
    brought = [item for item in found.items if item.name.endswith(("-dev", "-devel")) and not KITS.match(item.name)]
    twins = {item.name: twin[0] for item in brought if len(twin := found.runtime_of(item) or ()) == 1}
    twins |= {name: library for name, library in kits.items() if library is not None}
    twins |= {item.name: "musl" for item in found.items if item.manager == "apt" and item.name == "musl-dev"}
    kept = {name for name, library in twins.items() if found.stage.packages.has(library, *_older_names(found, name))}
    named = {name: twins[name] for name in list(twins) if name not in kept}
    named = dict(list(named.items())[:_NAMED])
    rest = list(dict.fromkeys(item.name for item in brought if item.name not in named and item.name not in kept))
    rest += [name for name, library in kits.items() if library is None]
    parts = [f"{quote(library)} of {quote(headers)}" for headers, library in named.items()]
    if rest:
        which = unnamed if unnamed and not parts else f"the libraries that came with {listed(map(quote, rest), 2)}"
        parts.append(which)
    return listed(parts) if parts else unnamed or ""


def _older_names(found: BuildPackages, headers: str) -> tuple[str, ...]:
    """How else Alpine's package of a library is called, or was: `postgresql-libs` of `postgresql-dev`, `libjpeg`."""
    stem = plain_name(headers).removesuffix("-dev")
    return (f"{stem}-libs", f"lib{stem}", stem) if found.distribution == "alpine" else ()


def embedded(found: BuildPackages) -> tuple[Installed, ...]:
    """Return the headers of an interpreter of Debian's that a copied program may embed.

    A program is copied out of a stage that installs the same headers: what it was linked to, `libpython3.11.so`, comes
    with `libpython3.11`, which only `python3.11-dev` depends on.
    """
    if found.stage.facts is not None and found.stage.facts.languages:
        return ()  # the language of the image is not Debian's
    sources = [copy.from_stage for copy in found.stage.all_copies if copy.from_stage is not None]
    return tuple(
        item
        for item in found.items
        if item.manager == "apt"
        and _EMBEDDED.fullmatch(plain_name(item.name))
        and any(stage.packages.has(item.name) and found.run.stage not in stage.chain for stage in sources)
    )


def _library_of(found: BuildPackages, item: Installed) -> str | None:
    """Return the package that has an interpreter's library, `None` where the release is not known."""
    twin = runtime_of(item.name, found.distribution, found.stage.runtime.release)
    if twin:
        return twin[0]
    shape = _EMBEDDED.fullmatch(plain_name(item.name))
    version = shape["version"] if shape is not None else None
    return f"lib{shape['language']}{version}" if shape is not None and version and "." in version else None
