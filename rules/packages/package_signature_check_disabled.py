"""See package_signature_check_disabled.md."""

import re
from collections.abc import Iterator

from rules.api import (
    Category,
    Command,
    DockerfileChange,
    Edit,
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
    "apt": ("--allow-unauthenticated", "--force-yes", "--allow-insecure-repositories"),
    "apk": ("--allow-untrusted",),
    **dict.fromkeys(("dnf", "yum", "microdnf", "tdnf"), ("--nogpgcheck", "--no-gpgchecks")),
    "zypper": ("--no-gpg-checks",),
}
_OPTIONS = re.compile(
    r"(?:apt::get::allowunauthenticated|acquire::allowinsecurerepositories)=(?:true|1|yes)"
    r"|(?:[^=]+\.)?gpgcheck=(?:0|false|no)",
    re.IGNORECASE,
)
"""Settings that switch the check of packages off; `repo_gpgcheck`, of a repository's index, is off by default."""
_RPM_FLAGS = ("--nosignature", "--nodigest", "--nofiledigest", "--nogpg", "--noverify")


@rule(
    "package-signature-check-disabled",
    severity=Severity.WARNING,
    category=Category.SECURITY,
    keywords=("RUN",),
    mentions=(
        "--allow-u", "--force-yes", "--allow-insecure", "--nogpg", "--no-gpg", "--nosignature", "--nodigest",
        "allowunauthenticated", "allowinsecure", "gpgcheck=",
    ),
    aliases=("CKV2_DOCKER_7", "CKV2_DOCKER_8", "CKV2_DOCKER_9", "CKV2_DOCKER_10", "CKV2_DOCKER_11"),
)  # fmt: skip
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A package manager is told not to check who signed a package."""
    for stage, run, call in change.after.layers.all_calls:
        if call.action not in ("install", "upgrade", "update", "download"):
            continue
        word = _disabling(call)
        if word is not None and not _installs_own_files(run, call):
            signed = call.manager != "apk" or all(package.kind not in ("path", "url") for package in call.packages)
            yield _problem(stage, run, call.command, [word], fixable=signed)
    for stage, run in change.after.layers.all_runs:
        for command in run.calls("rpm"):
            words = [word for word in command.args if word.value in _RPM_FLAGS]
            if words:
                yield _problem(stage, run, command, words, fixable=True)


def _disabling(call: PackageCall) -> ShellWord | None:
    word = call.flag_word(*_FLAGS[call.manager]) if call.manager in _FLAGS else None
    if word is not None:
        return word
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
    file = name.rsplit("/", 1)[-1]
    checked = {
        command.pipeline for command in run.commands if command.name in checks and command.start < call.command.start
    }
    return any(command.pipeline in checked and file in str(command) for command in run.commands)


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
