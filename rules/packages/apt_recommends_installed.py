"""See apt_recommends_installed.md."""

import re
from collections.abc import Iterator

from rules.api import (
    Category,
    DockerfileChange,
    Edit,
    Fix,
    PackageCall,
    Problem,
    Run,
    Severity,
    Stage,
    comments_on,
    fix,
    insert_after,
    quote,
    recommends_nothing,
    rule,
)
from rules.facts.packages import installed_size
from rules.packages.build_packages import listed, megabytes
from rules.packages.configuration import written_until
from rules.packages.options import add_option, has_unknown_options, spelled
from rules.packages.recommended_programs import IN_FULL_IMAGES, is_brought, missed
from rules.packages.sources import adds_source_before

_NEED_CERTIFICATES = frozenset({"curl", "wget", "git", "openssl", "nodejs"})
_COMPILER = frozenset({"build-essential", "gcc", "g++", "clang"})
_RECOMMENDS_COMPILER = {"python3-pip": "pip", "python-pip": "pip", "npm": "npm"}
"""Packages of Debian and Ubuntu that recommend `build-essential`, by the manager whose installs may compile with it."""
_PYTHON_HEADERS = re.compile(r"(?:lib)?python3?(?:\.\d+)?(?:-all)?-dev")
_BY_RECOMMENDATION = re.compile(r"(?:monitoring|nagios)-plugins(?:-\w+)*")
"""Packages of programs that do their work with what they recommend: `check_snmp` calls `snmp`."""
_COMPILED_BY_NOBODY = frozenset({"pip", "setuptools", "wheel"})
_SETTING = re.compile(r"(?<!no-)install-recommends")
_TOLD = re.compile(
    r"(?:(?<![\w-])|--(?:no-)?install-)recommends\b|\brecommended (?:packages?|dependenc(?:y|ies))\b", re.IGNORECASE
)
_WORTH_SAYING = 2


@rule(
    "apt-recommends-installed",
    severity=Severity.INFO,
    category=Category.SIZE,
    default="info",
    keywords=("RUN",),
    mentions=("apt",),
    aliases=("DL3015", "DS-0029", "S6500", "DF016"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """Recommended packages are installed into an image that ships."""
    seen: set[int] = set()
    for stage, run, call in change.after.layers.held_calls:
        if call.manager != "apt" or call.action != "install" or call.no_recommends or not call.packages:
            continue
        if id(run.instruction) in seen or call.has("--install-recommends", "--dry-run") or _is_settled(stage, run):
            continue
        if _is_swept(run, call) or call.verb == "build-dep" or has_unknown_options(call) or _adds_none(stage, call):
            continue
        seen.add(id(run.instruction))
        yield _problem(stage, run, call)


def _is_settled(stage: Stage, run: Run) -> bool:
    """Whether a file switches recommended packages off, a comment speaks of them, or two calls differ on purpose."""
    if _TOLD.search(comments_on(run)):
        return True
    installs = [call for call in run.package_calls if call.manager == "apt" and call.action == "install"]
    if any(call.no_recommends or call.has("--no-install-suggests") for call in installs):
        return True
    if any(_SETTING.search(text) and ("apt.conf" in text or "/etc/apt/" in text) for text in written_until(run)):
        return True
    return any(put.path.startswith("/etc/apt/") and put.kind == "context" for put in stage.files.puts)


def _is_swept(run: Run, call: PackageCall) -> bool:
    """Whether the same RUN purges all that the call installs, with what came along."""
    names = {package.name for package in call.packages}
    removals = [
        other
        for other in run.package_calls
        if other.manager == "apt" and other.action == "remove" and other.command.start > call.command.start
    ]
    gone = {package.name for other in removals for package in other.packages}
    swept = any(other.has("--auto-remove", "--autoremove") or other.verb == "autoremove" for other in removals)
    return swept and names <= gone


def _problem(stage: Stage, run: Run, call: PackageCall) -> Problem:
    saved = _saved(stage, run, call)
    size = f", here about {saved} MB" if saved is not None and saved >= _WORTH_SAYING else ""
    beside = _lost(stage, run, call)
    are = "they are such recommendations" if len(beside) > 1 else "it is such a recommendation"
    warning = f" With the flag, name {' and '.join(map(quote, beside))} too: {are}." if beside else ""
    needed = _needed(stage, run, call)
    compiling = _compiling(stage, run, needed)
    warning += compiling
    removed = "libc6-dev" in beside and any(other.action == "remove" for other in run.package_calls)
    offered = not compiling and not needed and not removed and not _adds_archive(run)
    return Problem(
        call.command.span,
        f"{stage.label} installs recommended packages too: {quote(spelled(call))} without "
        f"`--no-install-recommends` adds whatever its packages recommend{size}. Nobody asked for them, and each is "
        "one more "
        f"to patch.{warning}{needed}",
        stage=stage.key,
        fix=_fix(run, call, beside) if offered else None,
    )


def _needed(stage: Stage, run: Run, call: PackageCall) -> str:
    """Say what a package does its work with and only recommends (`apt-cache depends`), where nothing else brings it."""
    names = {package.name for package in call.packages}
    if "fail2ban" in names and not stage.packages.has("iptables", "nftables"):
        return " With the flag, name `nftables` or `iptables` too: `fail2ban` bans with one, and only recommends it."
    first, *others = missed(stage, run, call) or (None,)
    if others:
        every = [f"{quote(one.wanted)} (line {one.line})" for one in (first, *others) if one is not None]
        return f" With the flag, name {listed(every)} too, which come as recommendations only and are needed there."
    if first is not None:
        return (
            f" With the flag, name {quote(first.wanted)} too: it comes with {quote(first.package)} as a recommendation "
            f"only, and line {first.line} needs it."
        )
    plugins = next((name for name in names if _BY_RECOMMENDATION.fullmatch(name)), None)
    if plugins is not None:
        return f" With the flag, name what your checks call too: {quote(plugins)} only recommends it."
    return ""


def _fix(run: Run, call: PackageCall, beside: tuple[str, ...]) -> Fix | None:
    """Add the option, and what would otherwise come as a recommendation and is needed."""
    edits = _edits(run)
    if beside:
        word, source = call.packages[-1].word, run.instruction.source
        literal = run.instruction.exec_form is None and source.cut(word.span) == word.value
        edits.append(insert_after(source, word, f" {' '.join(beside)}") if literal else None)
    named = f" and name {' and '.join(map(quote, beside))}" if beside else ""
    return fix(f"Add `--no-install-recommends`{named}", *edits)


def _edits(run: Run) -> list[Edit | None]:
    return [
        add_option(run, call, "--no-install-recommends")
        for call in run.package_calls
        if call.manager == "apt" and call.action == "install" and call.packages and not call.no_recommends
    ]


def _adds_none(stage: Stage, call: PackageCall) -> bool:
    """Whether all packages of the call are known to recommend nothing, or are in the base image already."""
    there = IN_FULL_IMAGES if stage.facts is not None and stage.facts.full else frozenset()
    names = (package.name for package in call.packages if package.name not in there)
    return all(recommends_nothing(name, stage.runtime.release) for name in names)


def _saved(stage: Stage, run: Run, call: PackageCall) -> int | None:
    if adds_source_before(stage, run, call):
        return None  # its package of the same name may weigh anything
    if stage.facts is not None and (stage.facts.full or stage.facts.has_tool("gcc")):
        return None  # much of it is in the base image
    names = [package.name for package in call.packages]
    distribution, release = stage.runtime.distribution or "", stage.runtime.release
    heavy = installed_size(names, distribution, release, recommends=True)
    light = installed_size(names, distribution, release)
    return megabytes(heavy - light) if heavy is not None and light is not None else None


def _adds_archive(run: Run) -> bool:
    """Whether `add-apt-repository` takes a PPA next: what it calls for the key only comes as a recommendation."""
    later = (other for other in run.stage.done_runs if other.index >= run.index)
    brings = any(
        package.name == "software-properties-common" for call in run.package_calls for package in call.packages
    )
    return brings and any(
        word.value.startswith("ppa:")
        for other in later
        for command in other.calls("add-apt-repository", "apt-add-repository")
        for word in command.args
    )


_WITH_CERTIFICATES = frozenset({"python", "pypy", "ruby", "rust"})
"""Official images whose slim variants install `ca-certificates` too, as their Dockerfiles say."""


def _has_certificates(stage: Stage) -> bool:
    """Whether the base has certificates, as those with curl or wget do, and the full images of languages."""
    facts = stage.facts
    if facts is None:
        return False
    return facts.name in _WITH_CERTIFICATES or bool(facts.full or facts.has_tool("curl") or facts.has_tool("wget"))


def _lost(stage: Stage, run: Run, call: PackageCall) -> tuple[str, ...]:
    """Return what a call's packages need for their work and only recommend, where nothing else brings it.

    `gcc` without the headers of the C library compiles nothing (`apt-cache depends gcc`: Recommends: libc6-dev).
    """
    names = {package.name for package in call.packages}
    headless = "gcc" in names and not stage.packages.has("g++", "build-essential", "libc6-dev", "libc-dev")
    full = stage.facts is not None and bool(stage.facts.full)
    found = ["ca-certificates"] if _loses_certificates(stage, run, call) else []
    return (*found, *(["libc6-dev"] if headless and not full else []))


def _loses_certificates(stage: Stage, run: Run, call: PackageCall) -> bool:
    names = {package.name for package in call.packages}
    if not names & _NEED_CERTIFICATES or _has_certificates(stage):
        return False
    return not is_brought(stage, run, call, "ca-certificates")


def _compiling(stage: Stage, run: Run, said: str) -> str:
    """Say what an install may compile with, where it comes as a recommendation only and is not `said` already."""
    needing = _loses_compiler(stage, run)
    if needing is None:
        return ""
    full, has_tool = (stage.facts.full, stage.facts.has_tool("gcc")) if stage.facts is not None else (None, None)
    compiler = "`build-essential`" in said or bool(full or has_tool or any(map(stage.packages.has, _COMPILER)))
    headers = needing.manager != "pip" or any(_PYTHON_HEADERS.fullmatch(item.name) for item in stage.packages.present)
    lost = [*(() if compiler else ("build-essential",)), *(() if headers else ("python3-dev",))]
    are = "they are such recommendations" if len(lost) > 1 else "it is such a recommendation"
    return (
        f" With the flag, name {' and '.join(map(quote, lost))} too if {quote(spelled(needing))} (line "
        f"{needing.command.line}) compiles something: {are}."
        if lost
        else ""
    )


def _loses_compiler(stage: Stage, run: Run) -> PackageCall | None:
    """Return the first install that may compile with what a package of a RUN recommends, and nothing else brings."""
    managers = {
        _RECOMMENDS_COMPILER[package.name]
        for call in run.package_calls
        if call.manager == "apt" and call.action == "install" and not call.no_recommends
        for package in call.packages
        if package.name in _RECOMMENDS_COMPILER
    }
    if stage.facts is not None and "python" in stage.facts.languages:
        managers.discard("pip")  # its own Python installs there, with its own headers
    calls = [call for one in stage.all_runs if one.at >= run.at for call in one.package_calls] if managers else []
    found = [call for call in calls if call.manager in managers and _may_compile(call)]
    return next((call for call in found if call.project and "." in call.manifests), found[0] if found else None)


def _may_compile(call: PackageCall) -> bool:
    names = {package.name for package in call.packages}
    return call.action == "install" and (bool(call.manifests) or not names <= _COMPILED_BY_NOBODY)
