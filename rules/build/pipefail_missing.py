"""See pipefail_missing.md."""

import posixpath
import re
from collections.abc import Iterator
from typing import NamedTuple

from rules.api import (
    Category,
    Command,
    Confidence,
    DockerfileChange,
    Fix,
    Origin,
    Problem,
    Redirect,
    Run,
    Severity,
    Stage,
    insert,
    insert_after,
    insert_line_before,
    once,
    quote,
    rule,
)
from rules.build.pipe_ends import End, ends, notices
from rules.secrets.remote_script_piped_to_shell import piped

_CANNOT_FAIL_TELLINGLY = frozenset(
    ": [ apt-mark awk base64 basename bzip2 cat cut date dirname echo egrep env exit expr false fgrep find getent grep "
    "gzip head hostname id jq ldd ls lsb_release md5sum nproc printenv printf ps pwd read readlink sed seq set "
    "sha256sum sort stat tail tee test tr true uname uniq wc whoami xargs yes dpkg dpkg-query rpm apk apt-cache "
    "locale which type for while python python3 node ruby perl php pwsh".split()
)
_DOWNLOADERS = frozenset("curl wget aria2c aws gsutil az git svn fetch scp rsync".split())
_KEEPERS = frozenset("tar sh bash ash dash tee gpg apt-key pip pip3 uv psql mysql cpio unzip bsdtar xz sqlite3".split())
_TELLING = 4
"""The shortest name of a program that is no accident in an address."""
_BRANCH = re.compile(r"(?<![\w$-])(?:if|elif|while|until|then|do|else)(?![\w-])")
_ASKING = re.compile(r"(?<![\w$-])(?:if|elif|while|until)[ \t]+(?:![ \t]+)?\Z")
_LONGEST_ASKING = 16
_BASH_SYSTEMS = frozenset("debian ubuntu rhel centos fedora rocky almalinux amazonlinux oraclelinux amzn".split())


_SHELLS = frozenset({"sh", "bash", "dash"})
_MAY_UPDATE = re.compile(r"\bupdate\b|sh\b")
"""What a RUN says that fetches apt's lists, or runs a script."""


@rule(
    "pipefail-missing",
    severity=Severity.WARNING,
    category=Category.RELIABILITY,
    keywords=("RUN",),
    mentions=("|",),
    aliases=("DL4006",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A pipe hides the failure of its left side."""
    for stage in change.stages:
        for run in stage.runs:
            if "|" in run.instruction.text and run.instruction.exec_form is None:
                hidden = _hidden_failure(run)
                if hidden is not None:
                    yield _problem(stage, run, hidden)


def _hidden_failure(run: Run) -> Command | None:
    """Return the first command whose failure nobody sees, rather one that no other rule speaks of."""
    found = list(_hidden_failures(run))
    download = piped(run) if len(found) > 1 else None
    return next((command for command in found if download is None or command is not download[0]), None)


def _hidden_failures(run: Run) -> Iterator[Command]:
    """Yield the commands on the left of a pipe, without `pipefail`, that may fail and whose output is kept."""
    for command in run.commands:
        if (
            command.after not in ("|", "|&")
            or command.pipefail
            or (command.nested and not _is_in_a_script(run, command))
        ):
            continue
        if command.name in _CANNOT_FAIL_TELLINGLY or not command.name or _is_forgiven(run, command):
            continue
        if command.name in _DOWNLOADERS or _is_kept(run, command):
            yield command


def _is_kept(run: Run, command: Command) -> bool:
    """Whether what arrives is kept: run, unpacked, installed or written to a file, rather than looked at."""
    return _pipelines(run)[command.pipeline].kept > command.part


class _Pipeline(NamedTuple):
    """The last command of a pipeline, and the last part that keeps what arrives, -1 without one."""

    last: Command
    kept: int


@once
def _pipelines(run: Run) -> dict[int, _Pipeline]:
    found: dict[int, _Pipeline] = {}
    for command in run.commands:
        kept = found[command.pipeline].kept if command.pipeline in found else -1
        keeps = command.name in _KEEPERS or any(map(_writes, command.redirects))
        found[command.pipeline] = _Pipeline(command, max(kept, command.part) if keeps else kept)
    return found


def _writes(redirect: Redirect) -> bool:
    return ">" in redirect.operator and (redirect.target is None or redirect.target.value != "/dev/null")


def _is_forgiven(run: Run, command: Command) -> bool:
    """Whether the pipeline may fail: it is a condition, negated, or `||` follows or catches it."""
    last = _pipelines(run)[command.pipeline].last
    if notices(last) and ends(run).get(command.pipeline) is End.CAUGHT:
        return True
    asked = command.conditional and (command.name not in _DOWNLOADERS or _is_condition(run, command))
    return asked or command.negated or last.after == "||" or _is_asked_first(run, command)


def _is_asked_first(run: Run, command: Command) -> bool:
    """Whether an `if` or a loop asks for the pipeline as such, whose first command always runs."""
    first = run.pipelines[command.pipeline][0]
    begin = max(run.instruction.value_span.start, first.start - _LONGEST_ASKING)
    return _ASKING.search(command.source.text, begin, first.start) is not None


def _is_condition(run: Run, command: Command) -> bool:
    """Whether the pipeline is what `if`, `while` or `until` asks, or the script is not told apart enough to say."""
    if not run.is_read:
        return True
    before = command.source.text[run.instruction.value_span.start : command.start]
    words = _BRANCH.findall(before)
    return bool(words) and words[-1] in ("if", "elif", "while", "until")


def _is_in_a_script(run: Run, command: Command) -> bool:
    """Whether a command stands in what `sh -c` is given, and in no substitution there."""
    for shell in run.calls("sh", "bash", "ash", "dash"):
        word = next((w for w in shell.args if w.span.start <= command.start < w.span.end), None)
        if word is not None and shell.has("-c"):
            before = command.source.text[word.span.start : command.start]
            return "$(" not in before and "`" not in before and "<(" not in before
    return False


def _problem(stage: Stage, run: Run, command: Command) -> Problem:
    fix = _fix(run, stage, command)
    way_out = (
        f" {fix.title}."
        if fix is not None
        else " Start the inner shell with `bash -o pipefail -c`."
        if command.nested
        else f" {'Fetch' if command.name in _DOWNLOADERS else 'Write'} to a file first, or run it under a shell with "
        "`pipefail`."
    )
    last = _pipelines(run)[command.pipeline].last
    noticed = last if notices(last) else _misses(run, command)
    stops = noticed is not None and (noticed is not last or ends(run).get(command.pipeline) is not End.GOES_ON)
    confidence = Confidence.CERTAIN if run.is_read else Confidence.LIKELY
    return Problem(
        command.span,
        f"{_shown_by(command, noticed, last) if noticed and stops else _goes_on(run, command)}{way_out}",
        Confidence.POSSIBLE if noticed else confidence,
        doubt="a part of this `RUN` could not be read as a shell script",
        instruction=run.instruction,
        stage=stage.key,
        fix=fix,
        severity=Severity.INFO if noticed else None,
    )


def _misses(run: Run, command: Command) -> Command | None:
    """Return a later command of the RUN that fails without what the download brings, as the address names it."""
    address = " ".join(word.value for word in command.args if "://" in word.value).lower()
    last = _pipelines(run)[command.pipeline].last
    packages = " ".join(package.name for call in run.package_calls for package in call.packages)
    for later in run.commands:
        sure = later.before == "&&" or later is run.commands[-1]
        if not sure or later.start < last.end or later.after == "||" or later.nested or later.negated:
            continue
        moved = [word.value for word in later.args[:1]] if later.name == "mv" else []
        names = [later.name, *(posixpath.basename(path).partition(".")[0] for path in moved)]
        if any(len(name) >= _TELLING and name in address and name not in packages for name in names):
            return later
        if last.name in _SHELLS and _lacks_lists(run, later):
            return later
    return None


def _lacks_lists(run: Run, later: Command) -> bool:
    """Whether a command installs by apt, and nobody but a script that was piped into a shell fetches apt's lists.

    Known base images ship none, so without the script the install finds no package.
    """
    call = next((call for call in run.package_calls if call.command is later), None)
    if call is None or call.manager != "apt" or call.action != "install" or run.stage.facts is None:
        return False
    if any(package.kind == "path" for package in call.packages):
        return False
    if any(other.manager == "apt" and other.verb == "update" for other in run.package_calls):
        return False
    first = _first_that_may_update(run.stage)
    return first is None or first >= run.at


@once
def _first_that_may_update(stage: Stage) -> tuple[int, int] | None:
    """Where the first RUN stands that fetches apt's lists, or calls a script that may."""
    return next((run.at for run in stage.all_runs if _MAY_UPDATE.search(run.instruction.value)), None)


def _shown_by(command: Command, noticed: Command, last: Command) -> str:
    if noticed is not last:
        return (
            f"a pipe's status is that of its last command: where {quote(command.name)} fails here, the build stops "
            f"only at {quote(str(noticed), 40)} below, and that is what the log blames."
        )
    return (
        f"a pipe's status is that of its last command: where {quote(command.name)} fails here, the build stops only "
        f"because {quote(last.name)} does not like what arrives, and {quote(last.name)} is what the log blames."
    )


def _goes_on(run: Run, command: Command) -> str:
    then = next((c for c in run.commands if c.pipeline == command.pipeline and c.part > command.part and c.name), None)
    goes_on = (
        f"{quote(then.name)} takes what arrived, nothing or half of it" if then is not None else "the rest goes on"
    )
    ends_run = run.commands[-1].pipeline == command.pipeline
    cached = ", and the layer is cached as a success" if ends_run else ""  # what follows in the RUN may notice
    return (
        f"if {quote(command.name)} fails here, the build goes on: {goes_on}{cached}. "
        "A pipe's status is that of its last command."
    )


def _fix(run: Run, stage: Stage, command: Command) -> Fix | None:
    """`set -o pipefail` where the shell knows it (bash, busybox), else a SHELL line where bash is installed."""
    if run.deferred or run.instruction.heredocs or command.nested:
        return None
    if run.script.dialect in ("bash", "ash", "zsh", "ksh") or stage.runtime.distribution == "alpine":
        first = run.commands[0]
        options = first.args[0] if first.name == "set" and first.args and not first.nested else None
        if options is not None and options.text.startswith("-") and run.instruction.exec_form is None:
            edit = insert_after(run.instruction.source, options, " -o pipefail")
        else:
            edit = insert(run.instruction.source, run.instruction.value_span.start, "set -o pipefail && ")
        return Fix("Begin the `RUN` with `set -o pipefail`", (edit,))
    later = [s.instruction for s in stage.steps[run.index + 1 :]]
    plain = run.shell.origin in (Origin.ABSENT, Origin.UNKNOWN)
    shell_start = any(i.keyword in ("CMD", "ENTRYPOINT") and i.exec_form is None for i in later)
    if (
        plain
        and stage.runtime.distribution in _BASH_SYSTEMS
        and not shell_start
        and stage.image.shell.value == run.shell.value
    ):
        line = 'SHELL ["/bin/bash", "-o", "pipefail", "-c"]'
        return Fix(f"Put `{line}` above it", (insert_line_before(run.instruction, line),))
    return None
