"""See tls_verification_disabled.md."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from rules.api import (
    Category,
    Command,
    Confidence,
    DockerfileChange,
    Edit,
    Fix,
    Problem,
    Run,
    Severity,
    Span,
    Stage,
    Step,
    delete_word,
    quote,
    rule,
)
from rules.secrets.downloads import FETCHERS

_FLAGS: dict[str, tuple[str, ...]] = {
    "curl": ("-k", "--insecure", "--proxy-insecure"),
    "wget": ("--no-check-certificate",),
    "pip": ("--trusted-host",),
    "pip3": ("--trusted-host",),
    "aria2c": ("--check-certificate=false",),
    "http": ("--verify=no",),
    "svn": ("--trust-server-cert",),
}
_FLAG_WORDS = ("curl", "pip", "tls", "svn", "insecure", "trusted_host")
_CONFIGURED = re.compile(
    r"""(?:strict-ssl["']?[\s=:]+["']?false|sslverify["']?[\s=:]+["']?(?:false|0|no)|http\.sslVerify["']?[\s=]+["']?(?:false|0)|"""
    r"""--setopt[=\s]+(?:\S+\.)?sslverify=(?:0|false|no)|Verify-Peer["'\s=]+["']?false|check-certificate\s*=\s*(?:off|no)|"""
    r"""ssl_verify["']?[\s:=]+["']?(?:false|no)|unsafe-perm-ssl)""",
    re.IGNORECASE,
)
_ENVIRONMENT = {
    "PYTHONHTTPSVERIFY": ("0",),
    "NODE_TLS_REJECT_UNAUTHORIZED": ("0",),
    "GIT_SSL_NO_VERIFY": None,  # git looks only whether it is set: `http.c`
    "NPM_CONFIG_STRICT_SSL": ("false",),
    "YARN_STRICT_SSL": ("false",),
    "YARN_ENABLE_STRICT_SSL": ("false",),
    "PIP_TRUSTED_HOST": None,
    "UV_INSECURE_HOST": None,
    "BUNDLE_SSL_VERIFY_MODE": ("0", "none"),
    "CURL_INSECURE": ("1",),
}
_BRING_AUTHORITIES = frozenset("ca-certificates ca-certificates-java certbot software-properties-common".split())
"""Packages of Debian that depend on the certificate authorities or are them."""

_LOCAL = re.compile(r"://(?:localhost|127\.|\[::1\]|0\.0\.0\.0)")


class Off(NamedTuple):
    """One place where the check is switched off."""

    span: Span
    what: str
    who: str
    edit: Edit | None


@rule(
    "tls-verification-disabled",
    severity=Severity.ERROR,
    category=Category.SECURITY,
    keywords=("RUN", "ENV", "ARG"),
    mentions=("curl", "certificate", "trusted-host", "insecure", "ssl", "tls", "verify", "trust-server-cert"),
    aliases=(
        "CKV2_DOCKER_2",
        "CKV2_DOCKER_3",
        "CKV2_DOCKER_4",
        "CKV2_DOCKER_5",
        "CKV2_DOCKER_6",
        "CKV2_DOCKER_12",
        "CKV2_DOCKER_13",
        "CKV2_DOCKER_14",
        "CKV2_DOCKER_15",
        "CKV2_DOCKER_16",
    ),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """The check of certificates is switched off."""
    for stage in change.stages:
        for step in stage.steps:
            found = _in_run(step) if isinstance(step, Run) else _in_variables(step)
            for off in found:
                yield _problem(stage, step, off, bare=off.who in FETCHERS and _has_no_authorities(stage, off.who))


def _in_run(run: Run) -> Iterator[Off]:
    source = run.instruction.source
    text = run.instruction.text.lower()
    may_configure = _may_match(text)
    for command in run.commands if may_configure or any(word in text for word in _FLAG_WORDS) else ():
        word = _flag(command)
        if word is not None:
            whole = word[0] if "=" in word[1] or word[1].startswith("--") or word[1] == "-k" else None
            edit = delete_word(source, word[0]) if whole is not None and word[1] != "--trusted-host" else None
            yield Off(word[0], word[1], command.name, edit)
        for name, value in command.assignments:
            if _is_off(name, value.value):
                yield Off(value.span, f"{name}={value.value}", command.name or "the RUN", None)
        words = " ".join(w.value for w in command.args) if may_configure else ""
        match = _CONFIGURED.search(words) if _may_match(words.lower()) else None
        if match is not None and _configures(run, command):
            yield Off(command.span, match[0], command.name, None)


def _may_match(text: str) -> bool:
    """Tell in little time whether a text in lower case can hold one of the settings."""
    return "ssl" in text or "verify" in text or "certificate" in text


def _configures(run: Run, command: Command) -> bool:
    """Whether the words of a command take effect: not those it looks for, deletes, installs or only prints."""
    if command.name in ("sed", "grep", "rm") or command.subcommand in ("install", "i", "add", "ci", "get"):
        return command.flag("--strict-ssl") is not None
    if command.name not in ("echo", "printf"):
        return True
    teed = any(other.name == "tee" and other.pipeline == command.pipeline for other in run.commands)
    return teed or any(redirect.writes for redirect in command.redirects)


def _flag(command: Command) -> tuple[Span, str] | None:
    flags = _FLAGS.get(command.name, ())
    if command.name.startswith("python"):
        module = next((w.value for a, w in zip(command.args, command.args[1:], strict=False) if a.value == "-m"), "")
        flags = _FLAGS["pip"] if module == "pip" else flags
    if not flags or any(_LOCAL.search(word.value) for word in command.args):
        return None
    word = command.flag(*flags)
    return (word.span, word.value) if word is not None else None


def _in_variables(step: Step) -> Iterator[Off]:
    if step.instruction.keyword in ("ENV", "ARG"):
        for name, value in step.instruction.pairs:
            plain = step.scope.expand(value.text) if value is not None else None
            if value is not None and plain is not None and _is_off(name.text, plain):
                yield Off(value.span, f"{name.text}={plain}", "everything behind it", None)


def _is_off(name: str, value: str) -> bool:
    key = name.upper()
    if key not in _ENVIRONMENT:
        return False
    values = _ENVIRONMENT[key]
    return bool(value) if values is None else value.lower() in values


def _has_no_authorities(stage: Stage, program: str) -> bool:
    """Whether a bare Debian or Ubuntu installs a program without the certificate authorities that it recommends."""
    facts = stage.facts
    if facts is None or facts.distro not in ("debian", "ubuntu") or facts.full or facts.kind != "os":
        return False
    if stage.files.has_unreadable_run or any("cert" in put.path for put in stage.files.puts):
        return False
    present = stage.packages.present
    return any(item.name == program for item in present) and all(
        item.call.no_recommends and item.name not in _BRING_AUTHORITIES for item in present
    )


def _problem(stage: Stage, step: Step, off: Off, *, bare: bool) -> Problem:
    way_out = (
        "Install `ca-certificates`, which the image lacks, and drop the option."
        if bare
        else "Add the missing certificate authority to the image instead, or drop the option."
    )
    return Problem(
        off.span,
        f"{stage.label} switches off the check of certificates: {quote(off.what)} for {quote(off.who)}. Whoever stands "
        f"between the builder and the server can then choose what is installed. {way_out}",
        Confidence.CERTAIN,
        instruction=step.instruction,
        stage=stage.key,
        key=off.what,
        fix=Fix("Check certificates again", (off.edit,)) if off.edit is not None and not bare else None,
    )
