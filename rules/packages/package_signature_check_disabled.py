"""See package_signature_check_disabled.md."""

import re
from collections.abc import Iterator

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
from rules.dockerfile.shell_words import ShellWord
from rules.packages.options import delete_option

_FLAGS = {
    "apt": ("--allow-unauthenticated", "--force-yes", "--allow-insecure-repositories", "--allow-untrusted"),
    "apk": ("--allow-untrusted",),
    **dict.fromkeys(("dnf", "yum", "microdnf", "tdnf"), ("--nogpgcheck", "--no-gpgchecks")),
    "zypper": ("--no-gpg-checks", "--no-gpgcheck", "-G"),
}
_OPTIONS = re.compile(
    r"(?:apt::get::allowunauthenticated|acquire::allowinsecurerepositories)=(?:true|1|yes)"
    r"|(?:[^=]+\.)?gpgcheck=(?:0|false|no)",
    re.IGNORECASE,
)
"""Settings that switch the check of packages off; `repo_gpgcheck`, of a repository's index, is off by default."""
_WRITTEN = re.compile(
    r"(?P<apt>trusted=yes)[^\]\n]{0,200}\]\s*https?://(?!localhost|127\.)"
    r"|(?P<conf>(?:apt::get::allowunauthenticated|acquire::allowinsecurerepositories)"
    r"(?=\s{1,9}\\?[\"']?(?:true|1|yes)\b))"
    r"|(?:(?<![\w.])|(?<=\\n))(?P<rpm>gpgcheck\s{0,9}=\s{0,9}(?:0|false|no)\b)",
    re.IGNORECASE,
)
"""What a source's description says when nobody is to check its packages; a folder of the image's own is in order."""
_CONFIGURING = ("ar", "addrepo", "config-manager", "modifyrepo", "mr")
_WAYS_OUT = {
    "apt": ("apt", "whatever this source offers", "name it with `signed-by=`"),
    "rpm": ("dnf", "whatever this source offers", "name it with `gpgkey=`"),
    "conf": ("apt", "any package", "drop the setting"),
}
"""Kind of setting to the manager that reads it, what it accepts then, and what to do instead."""
_PLACES = ("/etc/apt/", "/etc/yum.repos.d", "/etc/zypp", "/etc/dnf/", "/etc/yum.conf")

_RPM_FLAGS = ("--nosignature", "--nodigest", "--nofiledigest", "--nogpg", "--noverify")


@rule(
    "package-signature-check-disabled",
    severity=Severity.WARNING,
    category=Category.SECURITY,
    keywords=("RUN", "COPY", "ADD"),
    mentions=(
        "--allow-u", "--force-yes", "--allow-insecure", "--nogpg", "--no-gpg", "--nosignature", "--nodigest",
        "allowunauthenticated", "allowinsecure", "gpgcheck", "trusted=yes", "zypper ar", "addrepo",
    ),
    aliases=("CKV2_DOCKER_7", "CKV2_DOCKER_8", "CKV2_DOCKER_9", "CKV2_DOCKER_10", "CKV2_DOCKER_11"),
)  # fmt: skip
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A package manager is told not to check who signed a package."""
    for stage, run, call in change.after.layers.all_calls:
        if call.action not in ("install", "upgrade", "update", "download") and call.verb not in _CONFIGURING:
            continue
        word = _disabling(call)
        if word is not None and not _installs_own_files(run, call):
            signed = call.manager != "apk" or all(package.kind not in ("path", "url") for package in call.packages)
            yield _problem(stage, run, call.command, [word], fixable=signed)
    for stage, run in change.after.layers.all_runs:
        yield from _check_commands(stage, run)
    for stage in change.stages:
        for instruction in stage.instructions:
            if instruction.keyword in ("RUN", "COPY", "ADD"):
                yield from _check_source(stage, instruction)


def _check_commands(stage: Stage, run: Run) -> Iterator[Problem]:
    """Report calls of `rpm` and `yum-config-manager` that switch the check off."""
    for command in run.calls("rpm", "yum-config-manager"):
        if command.name == "rpm":
            words = [word for word in command.args if word.value in _RPM_FLAGS]
            if words and _checks_lists(run, command):
                continue
        else:
            words = [word for word in command.args if _OPTIONS.fullmatch(word.value.removeprefix("--setopt="))]
        if words:
            yield _problem(stage, run, command, words, fixable=True)


def _check_source(stage: Stage, instruction: Instruction) -> Iterator[Problem]:
    """Report a source of packages that an instruction describes, and whose packages nobody is to check."""
    text, source = instruction.text, instruction.source
    if not any(place in text for place in _PLACES):
        return
    for found in _WRITTEN.finditer(text):
        line = text[text.rfind("\n", 0, found.start()) + 1 : found.start()]
        if line.lstrip().startswith("#"):
            continue
        name = found.lastgroup or ""
        start = instruction.span.start + found.start(name)
        manager, scope, way_out = _WAYS_OUT[name]
        yield Problem(
            source.span(start, start + len(found[name])),
            f"{stage.label} installs packages unchecked: {quote(found[name])} tells {quote(manager)} to accept "
            f"{scope}, whoever signed it. Who controls a mirror, a proxy or the name server then "
            f"decides what runs as root in this build. Import the repository's key and {way_out}.",
            instruction=instruction,
            stage=stage.key,
            key=found[name],
        )
        return


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


def _problem(stage: Stage, run: Run, command: Command, words: list[ShellWord], *, fixable: bool) -> Problem:
    word = words[0]
    return Problem(
        word.span,
        f"{stage.label} installs packages unchecked: {quote(word.value)} tells {quote(command.name)} to accept any "
        "package, whoever signed it. Who controls a mirror, a proxy or the name server then decides what runs as "
        "root in "
        "this build. Import the repository's key and drop the flag.",
        stage=stage.key,
        key=word.value,
        fix=fix("Check signatures again", *(_without(run, one) for one in words)) if fixable else None,
    )


def _without(run: Run, word: ShellWord) -> Edit | None:
    return delete_option(run, word) if word.value.startswith("--") and word.value != "--force-yes" else None
