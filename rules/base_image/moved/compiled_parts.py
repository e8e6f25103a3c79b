"""Parts of a language's packages that are compiled for one C library, and where a move to the other asks about them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rules.base_image.moved.bare_images import is_folder_of_data
from rules.base_image.moved.version_contracts import texts_near
from rules.base_image.purpose import compiles
from rules.copying.outputs.machine_code import is_data
from rules.copying.outputs.node_addons import modules_with_parts
from rules.facts.installers import PYTHON_MANAGERS
from rules.model.packages import OS_MANAGERS
from rules.model.run_writes import is_opaque
from rules.quoting import listed, quote

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.change import DockerfileChange
    from rules.facts.images import ImageFacts
    from rules.model.stage import Stage

_WITH_NATIVE_PARTS = frozenset({"python", "node", "ruby", "php"})
_MAKES = frozenset("cmake curl cc gcc g++ git make ninja pecl phpize tar unzip wget".split())
"""Programs that compile, or fetch what may be compiled."""
_FOR_MUSL = ("gcompat", "libc6-compat")
"""Packages with which Alpine runs what was built for glibc."""
_INTERPRETER = re.compile(
    r"(?:libapache2-mod-)?(?:php|python3?|ruby|perl)[\d.]*(?:-fpm|-cli|-apache2?)?\Z|nodejs(?:-current)?\Z"
)
"""Names of a language's package in a distribution: `php83`, `libapache2-mod-php`, `python3`."""


def _is_built_again(stage: Stage, facts: ImageFacts) -> bool:
    """Whether the stages that the program comes from have the new C library, as is seldom so before such a move.

    Without one, what a RUN installs for a language is new; upon glibc its compiled parts lie ready.
    """
    others = {id(copy.from_stage): copy.from_stage for copy in stage.all_copies if copy.from_stage is not None}
    if not others and facts.libc == "glibc":
        return any(call.manager not in OS_MANAGERS for run in stage.all_runs for call in run.package_calls)
    libcs = {other.runtime.libc for other in others.values()}
    return libcs == {facts.libc}


def libc_changed(before: ImageFacts | None, after: ImageFacts) -> bool:
    """Tell whether two images are known to have different C libraries."""
    return before is not None and bool(before.libc) and bool(after.libc) and before.libc != after.libc


def asked_of_packages(change: DockerfileChange, stage: Stage, was: Stage, facts: ImageFacts) -> Iterator[str]:
    """Yield what is to be asked about a language's packages where the C library changes.

    Args:
        change: The change.
        stage: The stage that ships.
        was: The stage before.
        facts: What is known of the new base.
    """
    languages = stage.runtime.languages
    if facts.libc == "glibc" and was.packages.has(*_FOR_MUSL) and not stage.packages.has(*_FOR_MUSL):
        return  # who takes out what made glibc's programs run has thought of them
    if facts.libc == "musl" and "python" in languages:
        installer = _python_installer(stage)
        if installer is not None:
            yield f"Do all native packages have wheels for {facts.libc}, or does {installer} now compile them?"
    elif facts.libc == "musl" and "node" in languages:
        known = _modules(change)
        named = f" ({listed(map(quote, known))})" if known else " (bcrypt, sharp, Prisma engines)"
        if known is None or known:
            yield f"Do native modules have builds for {facts.libc}{named}?"
    elif _is_built_again(stage, facts) or (_has_interpreter(stage) and not _installs_native(stage)):
        return
    elif not _WITH_NATIVE_PARTS.isdisjoint(languages) or _brings_unknown(change, stage):
        yield f"Is everything that was built for the other C library built again for {facts.libc}?"


def _python_installer(stage: Stage) -> str | None:
    """Return what installs Python's packages for an image, in a stage that it copies out of too; `None` where nothing.

    A script that no rule reads may call pip.
    """
    model = stage.model
    stages = [stage, *(model.stages[at] for at in range(stage.index) if stage.needs(model.stages[at]))]
    runs = [run for one in stages for run in one.all_runs]
    found = (call.manager for run in runs for call in run.package_calls if call.manager in PYTHON_MANAGERS)
    hidden = any(not run.is_read or any(map(is_opaque, run.commands)) for run in runs)
    return next(found, "pip" if hidden else None)


def _modules(change: DockerfileChange) -> tuple[str, ...] | None:
    """Return the modules with compiled parts that the project names; `None` where no list of all of them was read."""
    lists = (modules_with_parts(text) for _, text in texts_near(change, "package.json"))
    return next((known for known in lists if known is not None), None)


def _has_interpreter(stage: Stage) -> bool:
    """Whether the base or a package of the system brings the language that the project's sources are in."""
    if not _WITH_NATIVE_PARTS.isdisjoint(stage.runtime.languages):
        return True
    return any(i.manager in OS_MANAGERS and _INTERPRETER.match(i.name) for i in stage.packages.present)


def _installs_native(stage: Stage) -> bool:
    """Whether a language's packages may be there besides those of the distribution, which come with its new release.

    The base brings the language, its package manager is called, something is compiled or fetched, or another stage or
    image hands it over.
    """
    if stage.facts is None or stage.facts.kind != "os":
        return True
    foreign = (copy for copy in stage.all_copies if copy.from_stage is not None or not copy.from_context)
    if any(not is_data(source.path or "") for copy in foreign for source in copy.sources):
        return True
    runs = stage.all_runs
    calls = any(call.manager not in OS_MANAGERS for run in runs for call in run.package_calls)
    return calls or any(command.name in _MAKES for run in runs for command in run.commands)


def _brings_unknown(change: DockerfileChange, stage: Stage) -> bool:
    """Whether the repository, an image or a download brings something that may be a program."""
    if stage.facts is not None and stage.facts.kind == "server":
        return False  # pages, settings and scripts for a program that the image has already
    if any(compiles(command) for run in stage.all_runs for command in run.commands):
        return False  # sources, which are built here
    puts = (put for put in stage.files.puts if put.kind in ("context", "image", "remote"))
    return any(not (is_data(put.source) or is_data(put.path) or is_folder_of_data(change, put)) for put in puts)
