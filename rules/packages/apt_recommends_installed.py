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
    fix,
    insert_after,
    quote,
    rule,
)
from rules.facts.packages import installed_size
from rules.packages.build_packages import megabytes
from rules.packages.configuration import written_until
from rules.packages.options import add_option, has_unknown_options, spelled

_NEED_CERTIFICATES = frozenset({"curl", "wget", "git", "openssl", "nodejs"})
_SETTING = re.compile(r"(?<!no-)install-recommends")
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
    for stage, run, call in change.after.layers.shipped_calls:
        if call.manager != "apt" or call.action != "install" or call.no_recommends or not call.packages:
            continue
        if id(run.instruction) in seen or call.has("--install-recommends", "--dry-run") or _is_configured(stage, run):
            continue
        if _is_swept(run, call) or call.verb == "build-dep" or has_unknown_options(call):
            continue
        seen.add(id(run.instruction))
        yield _problem(stage, run, call)


def _is_configured(stage: Stage, run: Run) -> bool:
    """Whether a configuration file switches recommended packages off."""
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
    saved = _saved(stage, call)
    size = f", here about {saved} MB" if saved is not None and saved >= _WORTH_SAYING else ""
    certificates = _loses_certificates(stage, call)
    warning = (
        f" With the flag, name {quote('ca-certificates')} too: it is such a recommendation." if certificates else ""
    )
    needed = _needed(stage, call)
    return Problem(
        call.command.span,
        f"{stage.label} installs recommended packages too: {quote(spelled(call))} without "
        f"`--no-install-recommends` adds whatever its packages recommend{size}. Nobody asked for them, and each is "
        "one more "
        f"to patch.{warning}{needed}",
        stage=stage.key,
        fix=_fix(run, call, certificates=certificates) if not needed else None,
    )


def _needed(stage: Stage, call: PackageCall) -> str:
    """Say what a package does its work with and only recommends (`apt-cache depends`), where nothing else brings it."""
    names = {package.name for package in call.packages}
    if "fail2ban" in names and not stage.packages.has("iptables", "nftables"):
        return " With the flag, name `nftables` or `iptables` too: `fail2ban` bans with one, and only recommends it."
    compiler = stage.packages.has("build-essential", "gcc", "g++", "clang", "python3-dev")
    installs = any(other.manager == "pip" and other.action == "install" for _, other in stage.packages.calls)
    if "python3-pip" in names and installs and not compiler:
        return (
            " With the flag, name `build-essential` and `python3-dev` where pip has to compile: they come as "
            "recommendations of `python3-pip`."
        )
    return ""


def _fix(run: Run, call: PackageCall, *, certificates: bool) -> Fix | None:
    """Add the option, and the certificates that would otherwise come as a recommendation."""
    edits = _edits(run)
    if certificates:
        word, source = call.packages[-1].word, run.instruction.source
        literal = run.instruction.exec_form is None and source.cut(word.span) == word.value
        edits.append(insert_after(source, word, " ca-certificates") if literal else None)
    named = " and name `ca-certificates`" if certificates else ""
    return fix(f"Add `--no-install-recommends`{named}", *edits)


def _edits(run: Run) -> list[Edit | None]:
    return [
        add_option(run, call, "--no-install-recommends")
        for call in run.package_calls
        if call.manager == "apt" and call.action == "install" and call.packages and not call.no_recommends
    ]


def _saved(stage: Stage, call: PackageCall) -> int | None:
    names = [package.name for package in call.packages]
    distribution, release = stage.runtime.distribution or "", stage.runtime.release
    heavy = installed_size(names, distribution, release, recommends=True)
    light = installed_size(names, distribution, release)
    return megabytes(heavy - light) if heavy is not None and light is not None else None


_WITH_CERTIFICATES = frozenset({"python", "pypy", "ruby", "rust"})
"""Official images whose slim variants install `ca-certificates` too, as their Dockerfiles say."""


def _has_certificates(stage: Stage) -> bool:
    """Whether the base has certificates, as those with curl or wget do, and the full images of languages."""
    facts = stage.facts
    if facts is None:
        return False
    return facts.name in _WITH_CERTIFICATES or bool(facts.full or facts.has_tool("curl") or facts.has_tool("wget"))


def _loses_certificates(stage: Stage, call: PackageCall) -> bool:
    names = {package.name for package in call.packages}
    return (
        bool(names & _NEED_CERTIFICATES) and not stage.packages.has("ca-certificates") and not _has_certificates(stage)
    )
