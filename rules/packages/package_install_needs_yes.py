"""See package_install_needs_yes.md."""

import re
from collections.abc import Iterator

from rules.api import (
    Category,
    Confidence,
    DockerfileChange,
    Edit,
    PackageCall,
    Problem,
    Run,
    Severity,
    Stage,
    fix,
    insert,
    once,
    quote,
    rule,
)
from rules.facts.brought_along import brings_along
from rules.matching.gathering import named_lines
from rules.packages.indexes.configuration import assumes_yes, written_until
from rules.packages.options import add_option, has_unknown_options, spelled
from rules.packages.repeated_installs import is_repeated

_ASKING = frozenset({"apt", "dnf", "yum", "tdnf", "zypper", "pacman"})
"""Conda, which asks as well, takes the end of its input for its default, which is yes (conda/cli/common.py)."""
_YES = {"pacman": "--noconfirm"}
"""What says yes where `-y` does not: `-y` of pacman's fetches its lists."""
_SETTINGS = {
    **dict.fromkeys(("apt", "dnf", "yum", "tdnf"), re.compile(r"(?<!-)assume-?yes")),
    "zypper": re.compile(r"(?<!-)non-?interactive"),
}
"""What a configuration file says, and no command line."""

_CONFIGURED = {
    "apt": ("/etc/apt",),
    **dict.fromkeys(("dnf", "yum", "tdnf"), ("/etc/dnf", "/etc/yum", "/etc/tdnf")),
    "zypper": ("/etc/zypp",),
}
"""Where the configuration lies that a COPY brings, and that may answer."""
_MODULE_VERBS = frozenset({"module enable", "module disable", "module reset", "module switch-to"})
_MOST = 100
"""Installs above one that are looked through."""
_NUMBERS = re.compile(r"[\d.+-]+")
_UNPACKS = re.compile(r"\bdpkg\s+(?!--?(?:add|remove|print|get|list|[lLsS]\b|query|configure|version))")
"""What a RUN says that may leave packages without those that they depend on."""
_WANT_PACKAGES = frozenset({"install", "remove", "purge"})
_ACTIONS = frozenset({"install", "remove", "upgrade"})


@rule(
    "package-install-needs-yes",
    severity=Severity.WARNING,
    category=Category.RELIABILITY,
    keywords=("RUN",),
    mentions=("apt", "dnf", "yum", "zypper", "pacman"),
    aliases=("DL3014", "DL3030", "DL3034", "DL3038", "DS-0021", "S6584", "DF015", "DF027", "DF043"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A package manager stops to ask, and nobody answers during a build."""
    asking: dict[tuple[int, str], tuple[Stage, Run, list[PackageCall]]] = {}
    for stage, run, call in change.after.layers.all_calls:
        if call.manager not in _ASKING or call.assume_yes or not _may_ask(call) or _asks_nothing(run, call):
            continue
        if is_repeated(stage, call) or _came_along(stage, run, call):
            continue
        asking.setdefault((id(run), call.manager), (stage, run, []))[2].append(call)
    for stage, run, calls in asking.values():
        yield _problem(stage, run, calls)


def _problem(stage: Stage, run: Run, calls: list[PackageCall]) -> Problem:
    """Speak once of a RUN, at the first call that stops for certain, or else at the first; one more makes it new."""
    call = next((one for one in calls if _is_sure(one)), calls[0])
    lines = [str(line) for line in dict.fromkeys(one.command.line for one in calls) if line != call.command.line]
    yes = _YES.get(call.manager, "-y")
    too = f" {named_lines(lines).capitalize()} {'needs' if len(lines) == 1 else 'need'} it too." if lines else ""
    return Problem(
        call.command.span,
        f"{stage.label} calls {quote(spelled(call))} without {quote(yes)}: it asks for confirmation as soon as "
        f"{_occasion(call)}, finds no terminal, and the build stops there. Give {quote(yes)}.{too}",
        Confidence.CERTAIN if _is_sure(call) else Confidence.POSSIBLE if _is_file(call) else Confidence.LIKELY,
        doubt="a package that brings no other along is installed without a question"
        if call.action == "install"
        else "it asks only when there is something to do",
        stage=stage.key,
        key=call.manager,
        items=tuple(map(str, range(len(calls)))),
        fix=fix(f"Answer yes with `{yes}`", *(_answered(run, one, yes) for one in calls)),
    )


def _answered(run: Run, call: PackageCall, yes: str) -> Edit | None:
    """Give the answer: pacman, which has no subcommands, gets it behind what it is to do (`-S`)."""
    if call.manager != "pacman":
        return add_option(run, call, yes)
    word = call.flag_word("--sync", "--upgrade", "--remove")
    if word is None or word.value not in run.instruction.source.cut(word.span):
        return None
    quoted = run.script.is_array and not call.command.nested
    return insert(run.instruction.source, word.span.end, f', "{yes}"' if quoted else f" {yes}")


def _is_sure(call: PackageCall) -> bool:
    return call.action == "install" and not _is_alone(call)


def _is_file(call: PackageCall) -> bool:
    """Whether apt installs one file: the packages that describe a source, as `./repo_all.deb`, need no other."""
    return call.manager == "apt" and call.action == "install" and all(p.kind == "path" for p in call.packages)


def _may_ask(call: PackageCall) -> bool:
    """Whether what it does is asked about: `install` and `remove` without a package do nothing, or end at once."""
    if call.verb in _WANT_PACKAGES and not call.packages and "xargs" not in call.command.wrappers:
        return call.manager == "apt" and call.has("--fix-broken")
    return call.action in _ACTIONS or call.verb in _MODULE_VERBS


def _is_alone(call: PackageCall) -> bool:
    """Whether apt is asked for one package, which it installs without a question when nothing else comes along."""
    return call.manager == "apt" and len(call.packages) == 1


def _occasion(call: PackageCall) -> str:
    """Say when it asks: apt installs what was named, and nothing else, without a question."""
    if call.verb in _MODULE_VERBS:
        return "there is anything to change"
    if call.action == "upgrade":
        return "there is anything to upgrade"
    if call.action == "remove":
        return "there is anything to remove"
    return "anything besides the named packages changes" if call.manager == "apt" else "there is anything to install"


def _asks_nothing(run: Run, call: PackageCall) -> bool:
    """Whether it changes nothing, or the answer is in a configuration file, or perhaps in a variable."""
    if call.manager == "pacman":
        return has_unknown_options(call) or _is_piped(run, call) or call.has("--help", "--print")
    if has_unknown_options(call) or _has_nothing_to_repair(run, call) or assumes_yes(run.stage, call.manager):
        return True
    if call.has(
        "--dry-run", "--assume-no", "--assumeno", "--download-only", "--print-uris", "--help", "--downloadonly"
    ):
        return True
    written = (text for text in written_until(run) if "/etc/" in text or "config-manager" in text)
    if any(map(_SETTINGS[call.manager].search, written)):
        return True
    return any(put.kind == "context" and put.path.startswith(_CONFIGURED[call.manager]) for put in run.stage.files.puts)


def _is_piped(run: Run, call: PackageCall) -> bool:
    """Whether something stands before pacman in a pipe: an empty line is a yes for it, too."""
    command = call.command
    return command.part > 0 or bool(command.redirects) or bool(run.instruction.heredocs)


def _came_along(stage: Stage, run: Run, call: PackageCall) -> bool:
    """Whether all that apt is to install may be there: with what it installed above, or with the headers of a library.

    A package of headers depends on the very version of its library (Debian Policy, 8.4, "Development files").
    """
    if call.manager != "apt" or call.action != "install" or not call.packages:
        return False
    place = (run.at, call.command.start)
    above = [one for at, one in _installs_of_apt(stage) if at < place][-_MOST:]
    return all(any(_comes_with(stage, one, package.name) for one in above) for package in call.packages)


@once
def _installs_of_apt(stage: Stage) -> list[tuple[tuple[tuple[int, int], int], PackageCall]]:
    """The installs of a chain, each with its place."""
    calls = ((run, call) for run in stage.all_runs for call in run.package_calls)
    return [((r.at, c.command.start), c) for r, c in calls if c.manager == "apt" and c.action == "install"]


def _comes_with(stage: Stage, install: PackageCall, name: str) -> bool:
    release = stage.runtime.release
    return any(
        name == package.name
        or brings_along(install, package.name, name, release)
        or (package.name.endswith("-dev") and _library(package.name.removesuffix("-dev")) == _library(name))
        for package in install.packages
    )


def _library(name: str) -> str:
    """Return the name of a library without its numbers: `libsqlite` of `libsqlite3-0`; as it is where it is none."""
    return _NUMBERS.sub("", name) if name.startswith("lib") else name


def _has_nothing_to_repair(run: Run, call: PackageCall) -> bool:
    """Whether `apt-get -f install` names no packages, and no dpkg has run that leaves some without what they need."""
    if not call.has("--fix-broken") or call.packages or "xargs" in call.command.wrappers:
        return False
    first = _first_unpacking(run.stage)
    return first is None or first > run.at


@once
def _first_unpacking(stage: Stage) -> tuple[int, int] | None:
    """Where the first RUN stands in which dpkg unpacks packages itself."""
    return next((run.at for run in stage.all_runs if _UNPACKS.search(run.instruction.whole_value)), None)
