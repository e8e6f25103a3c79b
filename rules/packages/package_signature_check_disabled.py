"""See package_signature_check_disabled.md."""

import posixpath
import re
from collections.abc import Iterator
from typing import NamedTuple

from rules.api import (
    Category,
    Command,
    DockerfileChange,
    Edit,
    Instruction,
    PackageCall,
    Problem,
    Run,
    Severity,
    Stage,
    fix,
    quote,
    rule,
)
from rules.dockerfile.shell.words import ShellWord
from rules.matching.gathering import named_lines
from rules.packages.indexes.signing_keys import of_old_releases, way_out
from rules.packages.indexes.sources import has_other_sources
from rules.packages.indexes.unsigned_ways import Way, way_of
from rules.packages.options import delete_option

_FLAGS = {
    "apt": ("--allow-unauthenticated", "--force-yes", "--allow-untrusted"),
    "apk": ("--allow-untrusted",),
    **dict.fromkeys(("dnf", "yum", "microdnf", "tdnf"), ("--nogpgcheck", "--no-gpgchecks")),
    "zypper": ("--no-gpg-checks", "--no-gpgcheck", "-G", "--allow-unsigned-rpm"),
}
_OPTIONS = re.compile(
    r"apt::get::allowunauthenticated=(?:true|1|yes)"
    r"|(?:[^=]+\.)?gpgcheck=(?:0|false|no)",
    re.IGNORECASE,
)
"""Settings that switch the check of packages off; `repo_gpgcheck`, of a repository's index, is off by default.

With `Acquire::AllowInsecureRepositories` alone, apt takes the lists of who signs nothing, and refuses their packages.
"""
_WRITTEN = re.compile(
    r"(?P<apt>trusted=yes)[^\]\n]{0,200}\]\s*https?://(?!localhost|127\.)"
    r"|(?P<conf>apt::get::allowunauthenticated(?=\s{1,9}\\?[\"']?(?:true|1|yes)\b))"
    r"|(?:(?<![\w.])|(?<=\\n))(?P<rpm>gpgcheck\s{0,9}=\s{0,9}(?:0|false|no)\b)"
    r"|(?:(?<![\w.])|(?<=\\n))(?P<pac>siglevel\s{0,9}=\s{0,9}(?:\w{1,20}\s{1,9})?(?:never|trustall)\b)(?![^\[]{0,400}file://)"
    r"|(?<![\w.-])(?P<nix>require-sigs\s{0,9}=\s{0,9}false\b)",
    re.IGNORECASE,
)
"""What a source's description says when nobody is to check its packages; a folder of the image's own is in order."""
_REPLACED = re.compile(r"[\s'\";]s([/|#,@!~])(?:(?!\1).){0,80}\Z")
"""What stands before a text that `sed` looks for, to write another in its place."""
_CONFIGURING = ("ar", "addrepo", "config-manager", "modifyrepo", "mr")
_WAYS_OUT = {
    "apt": ("apt", "whatever this source offers", "name it with `signed-by=`"),
    "rpm": ("dnf", "whatever this source offers", "name it with `gpgkey=`"),
    "conf": ("apt", "any package", "drop the setting"),
    "pac": ("pacman", "any package", "leave `SigLevel` as it is"),
    "nix": ("nix", "whatever a cache of binaries serves", "name it in `trusted-public-keys`"),
}
"""Kind of setting to the manager that reads it, what it accepts then, and what to do instead."""
_PLACES = ("/etc/pacman", "/etc/apt/", "/etc/yum.repos.d", "/etc/zypp", "/etc/dnf/", "/etc/yum.conf", "nix.conf")

_ADDS_RPM = re.compile(r"yum\.repos\.d|zypp/repos\.d|\.repo\b|add-?repo\b|\bar\s|copr\b|https?://\S+\.rpm")
"""What adds a source of RPM packages, or may."""

_RPM_INSTALLS = ("-i", "-U", "-F", "--install", "--upgrade", "--freshen", "--reinstall")
_RPM_FLAGS = ("--nosignature", "--nodigest", "--nofiledigest", "--nogpg", "--noverify")


@rule(
    "package-signature-check-disabled",
    severity=Severity.WARNING,
    category=Category.SECURITY,
    keywords=("RUN", "COPY", "ADD"),
    mentions=(
        "--allow-u", "--force-yes", "--nogpg", "--no-gpg", "--nosignature", "--nodigest", "allowunauthenticated",
        "gpgcheck", "trusted=yes", "zypper", "addrepo", "siglevel", "require-sigs",
    ),
    aliases=("CKV2_DOCKER_7", "CKV2_DOCKER_8", "CKV2_DOCKER_9", "CKV2_DOCKER_10", "CKV2_DOCKER_11"),
)  # fmt: skip
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A package manager is told not to check who signed a package."""
    for stage, run in change.after.layers.all_runs:
        found = [*_of_calls(run), *_of_commands(run)]
        if found:
            yield _problem(stage, run, sorted(found, key=lambda one: one.word.span.start))
    for stage in change.stages:
        for instruction in stage.instructions:
            if instruction.keyword in ("RUN", "COPY", "ADD"):
                yield from _check_source(stage, instruction)


class _Unchecked(NamedTuple):
    """An option that switches the check off.

    Attributes:
        word: The option.
        command: The command that has it.
        needed: Whether the install stops without it: a package file that nobody signed.
    """

    word: ShellWord
    command: Command
    needed: bool = False


def _of_calls(run: Run) -> Iterator[_Unchecked]:
    for call in run.package_calls:
        if call.action not in ("install", "upgrade", "update", "download") and call.verb not in _CONFIGURING:
            continue
        word = _disabling(call)
        if word is not None and not _installs_own_files(run, call):
            files = call.manager == "apk" and any(package.kind in ("path", "url") for package in call.packages)
            yield _Unchecked(word, call.command, files)


def _of_commands(run: Run) -> Iterator[_Unchecked]:
    """Yield what `rpm` and `yum-config-manager` are told."""
    for command in run.calls("rpm", "yum-config-manager"):
        if command.name == "rpm":
            words = [word for word in command.args if word.value in _RPM_FLAGS]
            asks = command.has("-q", "--query") or not command.has(*_RPM_INSTALLS)
            if words and (asks or _checks_lists(run, command) or _is_of_context(run, command)):
                continue
        else:
            words = [word for word in command.args if _OPTIONS.fullmatch(word.value.removeprefix("--setopt="))]
        yield from (_Unchecked(word, command) for word in words)


def _is_of_context(run: Run, command: Command) -> bool:
    """Whether all that `rpm` installs are files which COPY brought from the build context: nobody else sends them."""
    files = [word.value for word in command.operands() if word.value.endswith(".rpm")]
    paths = [run.resolve(file) for file in files]
    return bool(paths) and all(path is not None and _is_copied(run, path) for path in paths)


def _is_copied(run: Run, path: str) -> bool:
    folder, name = posixpath.split(path)
    puts = run.stage.files.below(folder) if "*" in name else run.stage.files.covering(path)
    return any(put.kind == "context" and put.step.at < run.at for put in puts) and not run.calls("curl", "wget")


def _check_source(stage: Stage, instruction: Instruction) -> Iterator[Problem]:
    """Report a source of packages that an instruction describes, and whose packages nobody is to check."""
    text, source = instruction.text, instruction.source
    if not any(place in text for place in _PLACES):
        return
    for found in _WRITTEN.finditer(text):
        line = text[text.rfind("\n", 0, found.start()) + 1 : found.start()]
        if line.lstrip().startswith("#") or _REPLACED.search(line):
            continue
        name = found.lastgroup or ""
        start = instruction.span.start + found.start(name)
        manager, scope, instead = _WAYS_OUT[name]
        rest = text[found.start() :].partition("\n")[0]
        way = way_of(rest if name == "apt" else text)
        if way.local:
            continue
        told = of_old_releases(rest) or _keyed(instead, way)
        yield Problem(
            source.span(start, start + len(found[name])),
            f"{stage.label} installs packages unchecked: {quote(found[name])} tells {quote(manager)} to accept "
            f"{scope}, whoever signed it. {way.who} then decides what runs as root in this build. {told}",
            instruction=instruction,
            stage=stage.key,
            key=found[name],
            minor=way.sealed,
        )
        return


def _keyed(instead: str, way: Way) -> str:
    """Say how packages are checked by their publisher's key; what one server sends over TLS often has none."""
    if not way.sealed or instead == _WAYS_OUT["nix"][2]:
        return f"Import the repository's key and {instead}."
    unsigned = "where not, fetch a release's file and check its SHA-256"
    return f"Where the publisher signs them, import the key and {instead}; {unsigned}."


def _disabling(call: PackageCall) -> ShellWord | None:
    for flag in _FLAGS.get(call.manager, ()):
        if call.has(flag):
            return call.flag_word(flag)
    uses = call.uses("--option", "--setopt")
    return next((use.value_word for use in uses if _OPTIONS.fullmatch(use.value or "")), None)


def _installs_own_files(run: Run, call: PackageCall) -> bool:
    """Whether all it installs are files that were built or copied here, not downloaded in the same RUN."""
    files = [package for package in call.packages if package.kind == "path"]
    if files and all(_is_verified(run, call, package.name) for package in files):
        return True
    own = bool(files) and len(files) == len(call.packages)
    return own and not any(command.name in ("curl", "wget", "aria2c") for command in run.commands)


def _is_verified(run: Run, call: PackageCall, name: str) -> bool:
    """Whether the same RUN has checked the file's signature or checksum before."""
    checks = ("gpg", "gpg2", "gpgv", "sha256sum", "sha512sum", "minisign", "cosign", "openssl")
    if _checks_lists(run, call.command):
        return True
    file = name.rsplit("/", 1)[-1]
    checked = {
        command.pipeline for command in run.commands if command.name in checks and command.start < call.command.start
    }
    return any(command.pipeline in checked and file in str(command) for command in run.commands)


def _checks_lists(run: Run, command: Command) -> bool:
    """Whether the same RUN has compared files with a list of checksums before, which is not read here."""
    return any(
        other.start < command.start
        and other.has("-c", "--check")
        and any(word.value != "-" and "/dev/stdin" not in word.value for word in other.operands())
        for other in run.calls("sha256sum", "sha512sum", "sha1sum")
    )


def _problem(stage: Stage, run: Run, found: list[_Unchecked]) -> Problem:
    """Speak once of a RUN, at its first option; one more makes it new."""
    first = found[0]
    lines = list(dict.fromkeys(str(one.word.span.line) for one in found))[1:]
    too = f", at {named_lines(lines)} too" if lines else ""
    told = way_out(stage, first.command, needed=first.needed)
    who = way_of(str(first.command)).who if first.command.name == "rpm" else way_of("").who
    fixable = not any(one.needed for one in found) and stage.base_known and not _other_source(stage, run)
    return Problem(
        first.word.span,
        f"{stage.label} installs packages unchecked: {quote(first.word.value)} tells {quote(first.command.name)} to "
        f"accept any package, whoever signed it{too}. {who} then decides what runs as root in this build. {told}",
        stage=stage.key,
        key=first.word.value,
        decision=f"{first.word.value} {first.command.name}: {told}" if not lines else "",
        mends_alike=True,
        items=tuple(map(str, range(len(found)))),
        fix=fix("Check signatures again", *(_without(run, one.word) for one in found)) if fixable else None,
    )


def _other_source(stage: Stage, run: Run) -> bool:
    """Whether packages may come from a source that is added, whose key the image need not have."""
    return has_other_sources(stage) or any(
        _ADDS_RPM.search(step.instruction.whole_value) for step in stage.all_steps if step.at <= run.at
    )


def _without(run: Run, word: ShellWord) -> Edit | None:
    return delete_option(run, word) if word.value.startswith("--") and word.value != "--force-yes" else None
