"""Where a step switches off the check of certificates: in options, variables, and files that it writes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from rules.dockerfile.shell.nested import hands_script
from rules.model.steps import Copy, Run
from rules.repairs import delete_word
from rules.secrets.downloads.checks import is_tested
from rules.secrets.downloads.fetched import FETCHERS
from rules.secrets.tls.words import (
    CONFIGURED,
    ENVIRONMENT,
    FLAGS,
    IN_OPTIONS,
    PIP,
    SAID,
    SETTINGS,
    SETTINGS_FILE,
    SHORT,
    WITH_HOST,
    puts_by_sed,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.dockerfile.shell.script import Command
    from rules.dockerfile.source import Span
    from rules.model.steps import Step
    from rules.problem import Edit

_POWERSHELL = re.compile(
    r"ServerCertificateValidationCallback\s*=\s*\{\s*(?:return\s+)?\$true|(?<=\s)-SkipCertificateCheck\b(?!:\s*\$false)",
    re.IGNORECASE,
)
_POWERSHELL_WORDS = ("servercertificatevalidationcallback", "-skipcertificatecheck")
_CURLRC = re.compile(r"\s*(?:--?insecure|insecure|-k)\s*$")
_LOCAL = re.compile(r"://(?:localhost|127\.|\[::1\]|0\.0\.0\.0)")
_SCHEME = re.compile(r"(\w+)://")
_TRUST_STORE = re.compile(r"/(?:ca-certificates|pki/ca-trust|ssl/certs)(?:/|$)")


class Off(NamedTuple):
    """One place where the check is switched off.

    Attributes:
        span: The place.
        what: The words that do it.
        who: The program that it concerns.
        edit: What takes them away.
        for_trust: Whether the very authority that is missing is fetched so.
    """

    span: Span
    what: str
    who: str
    edit: Edit | None
    for_trust: bool = False


def switched_off(step: Step) -> Iterator[Off]:
    """Yield the places of a step that switch the check off."""
    if isinstance(step, Run):
        yield from _in_run(step)
    elif isinstance(step, Copy):
        for heredoc in step.heredocs:
            name = f"{step.destination}/{heredoc.name}" if step.into_folder else step.destination or ""
            yield from _in_file(step, heredoc.body, name, heredoc.body_span.start)
    else:
        yield from _in_variables(step)


def _in_file(step: Step, text: str, name: str, start: int) -> Iterator[Off]:
    """Find what switches the check off in a file that is written in place; its text begins behind a place."""
    if not SETTINGS_FILE.search(name):
        return
    source = step.instruction.source
    for line in text.splitlines():
        match = None if line.lstrip().startswith(("#", ";", "//")) else CONFIGURED.search(line)
        if match is not None:
            row = re.compile(rf"^[ \t]*{re.escape(line.lstrip())}", re.MULTILINE).search(source.text, start)
            at = source.text.find(match[0], row.start() if row is not None else start)
            start = at + len(match[0])
            yield Off(source.span(at, start), match[0], "", None)


def _in_run(run: Run) -> Iterator[Off]:
    text = run.instruction.text.lower().replace("ca-certificates", "")  # which is no setting, and in many a RUN
    if any(word in text for word in _POWERSHELL_WORDS):
        yield from _in_powershell(run)
    may_configure = any(word in text for word in SETTINGS)
    may_say = may_configure or any(word in text for word in SAID) or SHORT.search(text)
    for command in run.commands if may_say else ():
        word = _flag(command)
        if word is not None and not (command.name in FETCHERS and is_tested(run, command)):
            whole = "=" in word[1] or word[1].startswith("--") or word[1] == "-k"
            edit = delete_word(run.instruction.source, word[0]) if whole and word[1] not in WITH_HOST else None
            yield Off(word[0], word[1], command.name, edit, _fetches_an_authority(command))
        for name, value in command.assignments:
            if _is_off(name, value.value):
                yield Off(value.span, f"{name}={value.value}", command.name or "the rest of the `RUN`", None)
        words = " ".join(w.value for w in command.args) if may_configure else ""
        match = CONFIGURED.search(words) if may_configure and not hands_script(command) else None
        if match is not None and _configures(run, command):
            yield Off(command.span, match[0].lstrip("."), command.name, None)
        if may_configure and command.heredoc is not None:
            yield from _in_file(run, command.heredoc, _written(command), command.start)
        if command.name in ("echo", "printf") and any((r.writes or "").endswith("curlrc") for r in command.redirects):
            yield from (
                Off(w.span, "insecure", "every later `curl`", None) for w in command.args if _CURLRC.match(w.value)
            )


def _written(command: Command) -> str:
    """Return the path of the file that a command writes: where the shell puts what it prints, or what `tee` is told."""
    path = next((redirect.writes for redirect in command.redirects if redirect.writes), "")
    return path or (command.subcommand if command.name == "tee" else "")


def _in_powershell(run: Run) -> Iterator[Off]:
    """Find what switches the check off in PowerShell, whose language is not read: its words are like no others."""
    match = _POWERSHELL.search(run.instruction.text)
    if match is not None:
        span = run.instruction.source.span
        start = run.instruction.span.start + match.start()
        yield Off(span(start, start + len(match[0])), match[0], "PowerShell", None)


def _configures(run: Run, command: Command) -> bool:
    """Whether the words of a command take effect: not those it looks for, deletes, installs or only prints."""
    if command.name in ("sed", "grep", "rm"):
        return command.name == "sed" and puts_by_sed(tuple(word.value for word in command.args))
    if command.subcommand in ("install", "i", "add", "ci", "get"):
        return any(
            word.value.startswith("-") and CONFIGURED.search(f"{word.value} {then}") is not None
            for word, then in zip(command.args, (*(w.value for w in command.args[1:]), ""), strict=True)
        )
    if command.name not in ("echo", "printf"):
        return True
    teed = any(other.name == "tee" and other.pipeline == command.pipeline for other in run.commands)
    return teed or any(redirect.writes for redirect in command.redirects)


def _fetches_an_authority(command: Command) -> bool:
    """Whether a download goes to where the image keeps the authorities that it trusts."""
    paths = [command.option("-o", "--output", "-O", "--output-document", "-P"), *(r.writes for r in command.redirects)]
    return any(_TRUST_STORE.search(path) for path in paths if path is not None)


def _flag(command: Command) -> tuple[Span, str] | None:
    name = command.name
    flags = FLAGS.get("pip" if name[:3] == "pip" and PIP.fullmatch(name) else name, ())
    if name.startswith("python"):
        module = next((w.value for a, w in zip(command.args, command.args[1:], strict=False) if a.value == "-m"), "")
        flags = FLAGS["pip"] if module == "pip" else flags
    word = command.flag(*flags) if flags else None
    if word is None or any(_LOCAL.search(one.value) for one in command.args):
        return None
    schemes = {match[1] for one in command.args if (match := _SCHEME.search(one.value)) is not None}
    if name in FETCHERS and schemes and schemes <= {"http", "ftp"}:
        return None  # no certificate is asked for: cleartext-download says that
    return word.span, word.value


def _in_variables(step: Step) -> Iterator[Off]:
    if step.instruction.keyword in ("ENV", "ARG"):
        for name, value in step.instruction.pairs:
            plain = step.scope.expand(value.text) if value is not None else None
            if value is not None and plain is not None and _is_off(name.text, plain):
                key = name.text.upper()
                who = IN_OPTIONS[key] if key in IN_OPTIONS else ENVIRONMENT[key][0]
                yield Off(value.span, f"{name.text}={plain}", who, None)


def _is_off(name: str, value: str) -> bool:
    key = name.upper()
    if key in IN_OPTIONS:
        return any(word in FLAGS[IN_OPTIONS[key]] for word in value.split())
    if key not in ENVIRONMENT:
        return False
    _, values = ENVIRONMENT[key]
    return bool(value) if values is None else value.lower() in values
