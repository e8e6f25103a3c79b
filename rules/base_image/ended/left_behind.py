"""What stages rely on in an image whose line has ended, and that the one to move to has not, or may not have."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from rules.base_image.ended.old_names import old_names, sources_file
from rules.copying.outputs.binaries import is_static, program_of
from rules.facts.dropped import dropped
from rules.facts.languages import system_python
from rules.facts.tools import lacks_account_tools
from rules.model.packages import OS_MANAGERS
from rules.numbers import numbers_of
from rules.packages.account_tools import INSTEAD, account_calls
from rules.packages.indexes.sources import has_other_sources
from rules.packages.php_extension_gone import left_php
from rules.packages.pip_externally_managed import is_refused_upon
from rules.quoting import listed, quote
from rules.runtime.starts.instructions import started_by
from rules.runtime.starts.paths import is_packaged_at

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rules.change import DockerfileChange
    from rules.facts.images import ImageFacts
    from rules.model.stage import Stage
    from rules.model.steps import Copy

_NUMBERED = re.compile(
    r"(?:php|postgresql|openjdk|mariadb|nodejs|ruby|lua|libicu|libssl|libffi|llvm|clang)-?\d"
    r"|(?:gcc|g\+\+)-\d|(?:lib)?python(?:2|3\.\d)|lib(?:gcc|stdc\+\+|gfortran)-?\d+(?:\.\d+)?-dev|libboost-\D*\d"
)
"""Packages of which a release has one version, or few, in whose name it stands."""
_LINKING = frozenset({"elixir", "erlang", "haskell", "swift"})
"""Languages whose programs, as their images build them, load the system's libraries, OpenSSL's above all."""
_SHOWN = 4
"""So many names are shown of each kind."""
_LANGUAGES = {"pip": "python", "uv": "python", "gem": "ruby", "npm": "node", "yarn": "node", "pnpm": "node"}
"""Package managers to the language that runs what they install."""
_EXACT = re.compile(r"(?:==|[@:])?\d[\w.]*")
_BUNDLER_THAT_RUNS_ON = (2, 4)
"""From there on a Bundler asks for some oldest Ruby and runs on every newer one (bundler.io/compatibility)."""
_BINARIES = ("/bin/", "/sbin/")
"""Folders that packages leave for those of `/usr`, and not the other way round (Alpine Linux 3.23, "/usr-merge")."""


def lost_on_the_way(
    change: DockerfileChange, stages: Sequence[Stage], facts: ImageFacts | None, told: str
) -> tuple[str, ...]:
    """Say, in clauses, what stages upon the old image rely on that the one of the way out has not, or may not have.

    Args:
        change: The file.
        stages: Those that are to move.
        facts: Where to (`rules.base_image.ended.supported_lines.moved_to`).
        told: What is said of packages already.
    """
    if facts is None:
        return ()
    refused = any(is_refused_upon(stage, facts) for stage in stages)
    clauses = (
        installed_otherwise(stages, facts),
        *_packages(stages, facts, told),
        "its Python takes nothing from pip outside a virtual environment (PEP 668)" if refused else "",
        _account_tools(stages, facts),
        _pinned(stages, facts),
        _pinned_for_language(stages, facts),
        _extensions(stages, facts),
        _named(change, stages, facts),
        sources_file(stages, facts),
        _started(stages, facts),
        number_taken([stage for stage in stages if _is_older(stage, facts)], facts),
        _linked_elsewhere(stages, facts),
    )
    return tuple(filter(None, clauses))


def installed_otherwise(stages: Sequence[Stage], facts: ImageFacts) -> str:
    """Say, in a clause, that another program installs packages there than the one called here; `yum` leads to dnf."""
    managers = {call.manager for stage in stages for run in stage.done_runs for call in run.package_calls}
    used, has = sorted(managers & OS_MANAGERS), facts.package_manager
    if not has or not used or has in used or (has == "dnf" and "yum" in used):
        return ""
    return f"packages are installed with {quote(has)} there, and not with {listed(map(quote, used))}"


def _packages(stages: Sequence[Stage], facts: ImageFacts, told: str) -> Iterator[str]:
    """Name the packages that it has not, and those that it may not have under these names."""
    packages = [name for stage in stages if _is_older(stage, facts) for name in _system_packages(stage)]
    sources = any(map(has_other_sources, stages))
    lost = [name for name in dict.fromkeys(packages) if _is_lost(name, facts, sources=sources)]
    gone = [name for name in lost if not all(_lacks(stage, name) for stage in stages)]
    others = (name for name in dict.fromkeys(packages) if name not in lost and quote(name) not in told)
    numbered = [name for name in others if _NUMBERED.match(name)]
    if gone:
        yield f"it has no {listed(map(quote, gone), _SHOWN)}"
    if numbered:
        is_named = "is named by its version" if len(numbered) == 1 else "are named by their versions"
        yield f"{listed(map(quote, numbered), _SHOWN)} {is_named}, and it may have others"


def _is_lost(name: str, facts: ImageFacts, *, sources: bool) -> bool:
    """Whether the newer release has no such package; of another number of its own, added sources may have this one."""
    found = dropped(name, facts.distro, facts.release)
    return found is not None and not (found.beside is not None and sources)


def _lacks(stage: Stage, name: str) -> bool:
    """Whether the release that is left has not the package either."""
    return stage.facts is not None and dropped(name, stage.facts.distro, stage.facts.release) is not None


def _extensions(stages: Sequence[Stage], newer: ImageFacts) -> str:
    """Name, in a clause, extensions that stages build, and that the newer PHP no longer has in its sources."""
    runs = [run for stage in stages for run in stage.done_runs if newer.name == "php"]
    gone = [
        word.value
        for run in runs
        for command in run.calls("docker-php-ext-install")
        for word in command.args
        if left_php(word.value, newer.languages.get("php"))
        and not left_php(word.value, run.stage.runtime.languages.get("php"))
    ]
    gone = list(dict.fromkeys(gone))
    return f"its PHP no longer has {listed(map(quote, gone), _SHOWN)} in its sources" if gone else ""


def _account_tools(stages: Sequence[Stage], newer: ImageFacts) -> str:
    """Name `adduser` and its kin, which Debian's newer images lack, and what they have in its place."""
    has = newer.has_tool("adduser")
    if has is None and newer.tools is None:  # a release of the system, whose image has no name here
        lacking = lacks_account_tools(newer.distro, newer.release)
        has = None if lacking is None else not lacking
    had = [stage for stage in stages if has is False and _has_account_tools(stage.facts)]
    called = [command.name for stage in had for _, command in account_calls(stage)]
    if not called:
        return ""
    instead = sorted({INSTEAD[name].partition(" ")[0].strip("`") for name in called})
    names = listed([quote(name) for name in sorted(set(called))])
    return f"it has no {names}, so use {listed(map(quote, instead))} or install the package `adduser`"


def _has_account_tools(facts: ImageFacts | None) -> bool:
    """Whether an image has `adduser`, of itself or as its release of the system does."""
    if facts is None:
        return False
    return facts.has_tool("adduser") or lacks_account_tools(facts.distro, facts.release) is False


def _pinned(stages: Sequence[Stage], newer: ImageFacts) -> str:
    """Name packages that are held at a version, the closest first: another release of the system has other versions."""
    older = (stage for stage in stages if _is_older(stage, newer))
    packages = (item.package for stage in older for item in stage.packages.installed if item.manager in OS_MANAGERS)
    held = {f"{one.name}{one.version}": one.version or "" for one in packages if _is_held(one.version)}
    names = sorted(held, key=lambda name: -len(numbers_of(held[name])))
    if not names:
        return ""
    return f"{listed(map(quote, names), _SHOWN)} {'is' if len(names) == 1 else 'are'} pinned for the old release"


def _is_held(version: str | None) -> bool:
    return version is not None and version[0] in "=~" and "$" not in version


def _pinned_for_language(stages: Sequence[Stage], newer: ImageFacts) -> str:
    """Name packages of a language that are held at a release, where the language itself becomes another one."""
    moving = [(stage, _moved_languages(stage, newer)) for stage in stages]
    held = {
        f"{item.name}{'' if version.startswith(('=', '@', ':')) else ' '}{version}": _LANGUAGES[item.manager]
        for stage, languages in moving
        for item in stage.packages.installed
        if _LANGUAGES.get(item.manager) in languages and _EXACT.fullmatch(version := item.package.version or "")
        if not (item.name == "bundler" and numbers_of(version) >= _BUNDLER_THAT_RUNS_ON)
    }
    if not held:
        return ""
    python = newer.languages.get("python") or system_python(newer.distro, newer.release and newer.release.number)
    where = f"on its Python {python}" if python and set(held.values()) == {"python"} else "there"
    return f"{listed(map(quote, held), _SHOWN)} {'is' if len(held) == 1 else 'are'} pinned and may not run {where}"


def _moved_languages(stage: Stage, newer: ImageFacts) -> frozenset[str]:
    """Return the languages of which a stage gets another line: the image's, and those that its system brings."""
    had = stage.facts.languages if stage.facts is not None else {}
    moved = {name for name, version in newer.languages.items() if name in had and had[name] != version}
    if _is_older(stage, newer):
        moved |= {"python", "ruby", "node"} - {*had, *newer.languages}
    return frozenset(moved)


def _named(change: DockerfileChange, stages: Sequence[Stage], newer: ImageFacts) -> str:
    """Name addresses and folders of the old release."""
    found = [f"{quote(name)} (line {line})" for name, line in old_names(change, stages, newer).items()]
    return f"{listed(found, _SHOWN)} {'names' if len(found) == 1 else 'name'} the old release" if found else ""


def _started(stages: Sequence[Stage], newer: ImageFacts) -> str:
    """Name a program of Alpine's packages that is started by its full path: `/bin` and `/usr/bin` were two folders."""
    moving = [stage for stage in stages if _is_older(stage, newer)] if newer.distro == "alpine" else []
    for stage in moving:
        packages = [item.name for item in stage.packages.present if item.manager == "apk"]
        for program in (found.start.words[0] for found in started_by(stage) if found.start.words):
            own = posixpath.basename(program)
            ours = any(own == name or own.startswith(f"{name}-") for name in packages)
            if ours and program.startswith(_BINARIES) and not is_packaged_at("alpine", program):
                return f"the package there may have moved {quote(program)}, by which the container starts"
    return ""


def number_taken(stages: Sequence[Stage], newer: ImageFacts) -> str:
    """Name, in a clause, an account of the newer image that has the number of one made here: Ubuntu's, since 24.04.

    It has a group of that number, too (`account-taken`). A file that deletes it already is left alone.
    """
    holders = {str(uid): name for name, uid in newer.users.items() if uid is not None}
    made = (one for stage in stages for one in (*stage.users.created, *(stage.users.groups if newer.is_plain else ())))
    deleted = {
        word.value
        for stage in stages
        for run in stage.done_runs
        for command in run.calls("userdel", "deluser")
        for word in command.args
    }
    taken = (one for one in made if one.uid in holders and holders[one.uid] not in (one.name, *deleted))
    found = next(taken, None)
    if found is None or found.uid is None:
        return ""
    return f"{quote(holders[found.uid])} has the number {found.uid} there, which {quote(found.name)} is given here"


def _linked_elsewhere(stages: Sequence[Stage], newer: ImageFacts) -> str:
    """Name a stage that does not move along and whose programs are linked with libraries of another release."""
    moving = set(stages)
    for copy in (copy for stage in stages for copy in stage.copies):
        builder = copy.from_stage
        if builder is None or builder in moving or builder.facts is None or not _is_older(builder, newer):
            continue
        if not _LINKING.isdisjoint(builder.facts.languages) or _is_linked(builder, copy):
            return f"what {builder.label} compiles is linked with the libraries of its own release, so move both"
    return ""


def laid_over(stages: Sequence[Stage], newer: ImageFacts | None) -> str:
    """Name a stage whose unpacked packages are copied over the image: they are of the release that is left.

    Besides the libraries' versions, `/lib` was a folder in Debian's packages up to 12 and is a link in the images of
    distroless for 13, over which no folder is copied (moby/moby, issue 47367).

    Args:
        stages: Those that are to move.
        newer: Where to.
    """
    for stage in stages:
        if newer is None or not _is_older(stage, newer):
            continue
        for copy in (one for one in stage.copies if one.from_stage not in (None, *stages)):
            builder = copy.from_stage
            assert builder is not None, "filtered"
            over = any(put.tree and put.path in _ROOTS for put in stage.files.puts if put.step is copy)
            if over and _is_older(builder, newer) and _unpacks(builder):
                return f" The packages that {builder.label} unpacks for it are of its own release: move both to one."
    return ""


def _unpacks(stage: Stage) -> bool:
    """Whether packages are unpacked into a folder rather than installed."""
    calls = (command for run in stage.done_runs for command in run.calls("dpkg", "dpkg-deb"))
    unpacked = any(command.has("-x", "--extract", "-X", "--vextract", "--fsys-tarfile") for command in calls)
    return unpacked or any(run.calls("debootstrap", "mmdebstrap") for run in stage.done_runs)


_ROOTS = frozenset({"/", "/lib", "/usr", "/usr/lib"})


def _is_linked(builder: Stage, copy: Copy) -> bool:
    """Whether a COPY takes a program that needs the system's libraries; Go's seldom need more than any release has."""
    found = program_of(copy)
    return found is not None and found[1].language != "go" and not is_static(builder, *found)


def _is_older(stage: Stage, newer: ImageFacts) -> bool:
    """Whether a stage stands upon another release of the same distribution."""
    facts = stage.facts
    return facts is not None and facts.distro == newer.distro and facts.release != newer.release


def _system_packages(stage: Stage) -> Iterator[str]:
    return (item.name for item in stage.packages.installed if item.manager in OS_MANAGERS)
