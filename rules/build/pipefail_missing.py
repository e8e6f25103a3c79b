"""See pipefail_missing.md."""

import re
from collections.abc import Iterator
from dataclasses import replace

from rules.api import (
    Category,
    Command,
    Confidence,
    DockerfileChange,
    Fix,
    Model,
    Origin,
    Problem,
    Run,
    Severity,
    Stage,
    insert,
    insert_after,
    insert_line_before,
    once,
    quote,
    rule,
    runs_apart,
    shell_around,
)
from rules.build.failures.in_loops import loops_over
from rules.build.failures.passed_pipes import is_asked_for, looked_at_by
from rules.build.failures.pipes import (
    counts,
    is_caught,
    is_known_to_work,
    notices,
    pipelines,
    says_why,
    stopped_by,
    stops_early,
)
from rules.build.missing_programs import READERS, SYSTEM_TOOLS, is_missing_at, lacks
from rules.build.shells.dialects import reads_otherwise, runs_from
from rules.dockerfile.shell.nested import SHELLS
from rules.facts.distributions import DEBIAN_FAMILY, REDHAT_FAMILY
from rules.matching.wording import normalised
from rules.secrets.downloads.fetched import FETCHERS
from rules.secrets.remote_script_piped_to_shell import piped

_CANNOT_FAIL_TELLINGLY = frozenset(
    ": [ apt-mark awk base64 basename bzip2 cat cut date dirname echo egrep env exit expr false fgrep find getent grep "
    "gzip head hostname id jq ldd ls lsb_release md5sum nproc printenv printf ps pwd read readlink sed seq set "
    "sha256sum sort stat tail tee test tr true uname uniq wc whoami xargs yes dpkg dpkg-query rpm apk apt-cache "
    "locale which type for while python python3 node ruby perl php pwsh".split()
)
_DOWNLOADERS = FETCHERS | frozenset("aws gsutil az git svn fetch scp rsync".split())
_BRANCH = re.compile(r"(?<![\w$-])(?:if|elif|while|until|then|do|else)(?![\w-])")
_ASKING = re.compile(r"(?<![\w$-])(?:if|elif|while|until)[ \t]+(?:![ \t]+)?\Z")
_LONGEST_ASKING = 16
_BASH_SYSTEMS = DEBIAN_FAMILY | REDHAT_FAMILY

_SHELL = 'SHELL ["/bin/bash", "-o", "pipefail", "-c"]'


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
        covered: set[tuple[Confidence, Severity | None]] = set()
        for run in stage.runs:
            if (
                "|" not in run.instruction.text
                or "PIPESTATUS" in run.instruction.text
                or _has_no_such_shell(stage, run)
            ):
                continue
            hidden = _hidden_failure(run)
            if hidden is None:
                continue
            problem = _problem(stage, run, hidden)
            kind = problem.confidence, problem.severity
            if kind in covered:
                problem = replace(problem, fix=None)
            elif problem.decision and not problem.untold and _is_new(change, run):
                covered.add(kind)  # the shell is then set for all that stands below, too
            # Another base that has the pipe's reader brings back what the pipe hid all the time.
            returns = pipelines(run)[hidden.pipeline].last.name in READERS and not _is_new(change, run)
            yield replace(problem, held_before=returns)


def _has_no_such_shell(stage: Stage, run: Run) -> bool:
    """Whether the JSON form names a shell in an image that has none: the build stops there, whatever the pipe does."""
    return run.instruction.exec_form is not None and stage.runtime.has_shell is False


def _is_new(change: DockerfileChange, run: Run) -> bool:
    """Whether a RUN did not stand in the file before: what is said of an old one is not told."""
    return change.before is None or normalised(run.instruction) not in _said(change.before)


@once
def _said(model: Model) -> frozenset[str]:
    return frozenset(map(normalised, model.dockerfile.instructions))


def _hidden_failure(run: Run) -> Command | None:
    """Return the first command whose failure nobody sees, rather one that no other rule speaks of, nor the log."""
    found = list(_hidden_failures(run))
    told = len(found) > 1 and piped(run) is not None  # of one such pipe, and its way out is for each of them
    left = [command for command in found if not told or pipelines(run)[command.pipeline].last.name not in SHELLS]
    return next((command for command in left if not _is_shown(run, command)), left[0] if left else None)


def _is_shown(run: Run, command: Command) -> bool:
    """Whether a failure stops the build at the pipe's end, and the log has its own words for it."""
    return says_why(command) and counts(run, command) and notices(pipelines(run)[command.pipeline].last)


def _hidden_failures(run: Run) -> Iterator[Command]:
    """Yield the commands on the left of a pipe, without `pipefail`, that may fail and whose output is kept."""
    for command in run.commands:
        if command.after not in ("|", "|&") or command.pipefail or runs_apart(run, command):
            continue
        if command.name in _CANNOT_FAIL_TELLINGLY or not command.name or _is_forgiven(run, command):
            continue
        if is_known_to_work(run, command) or _stops_anyway(run, command):
            continue
        if command.name in _DOWNLOADERS or _is_kept(run, command):
            yield command


def _stops_anyway(run: Run, command: Command) -> bool:
    """Whether the image is known to lack the pipe's last program, so that its status is 127 whatever arrives."""
    last = pipelines(run)[command.pipeline].last
    if run.stage.facts is None or last.name not in READERS:
        return False
    return is_missing_at(run, last) if last.name in SYSTEM_TOOLS else lacks(run.stage, last.name)


def _is_kept(run: Run, command: Command) -> bool:
    """Whether what arrives is kept: run, unpacked, installed or written to a file, rather than looked at."""
    return pipelines(run)[command.pipeline].kept > command.part


def _is_forgiven(run: Run, command: Command) -> bool:
    """Whether the pipeline may fail: it is a condition, negated, or `||` follows in its list."""
    asked = command.conditional and (command.name not in _DOWNLOADERS or _is_condition(run, command))
    return asked or command.negated or is_caught(run, command) or _is_asked_first(run, command)


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


def _problem(stage: Stage, run: Run, command: Command) -> Problem:
    fix = _fix(run, stage, command)
    last = pipelines(run)[command.pipeline].last
    noticed = last if notices(last) else stopped_by(run, command) or looked_at_by(run, command)
    if is_asked_for(run, command) or (noticed is not None and noticed is not last):
        said = _shown_by(command, noticed, last) if noticed is not None else _goes_on(run, command)
    else:
        said = _unasked(command)
    confidence, doubt = _doubted(stage, run)
    return Problem(
        command.span,
        f"{said}{_way_out(run, command, fix)}",
        Confidence.POSSIBLE if noticed else confidence,
        doubt=doubt,
        instruction=run.instruction,
        stage=stage.key,
        fix=fix,
        severity=Severity.INFO if noticed else None,
        untold=_is_shown(run, command),
        decision=_SHELL if fix is not None and _SHELL in fix.title else "",
    )


def _doubted(stage: Stage, run: Run) -> tuple[Confidence, str]:
    """Return how certain it is that nothing asks for the status: a base image hands on its `SHELL`, if it sets one."""
    if not run.is_read:
        return Confidence.LIKELY, "a part of this `RUN` could not be read as a shell script"
    if run.shell.origin is not Origin.UNKNOWN or run.script.shell is not None:
        return Confidence.CERTAIN, ""
    return (
        Confidence.POSSIBLE if stage.root.base_text is None else Confidence.LIKELY,
        "the base image may set a shell with `pipefail`",
    )


def _unasked(command: Command) -> str:
    return (
        f"what stands below goes on whether {quote(command.name)} fails here or not: a pipe's status is that of its "
        "last command, and nothing asks for it."
    )


def _way_out(run: Run, command: Command, fix: Fix | None) -> str:
    if fix is not None:
        return f" {fix.title}."
    fetches = command.name in _DOWNLOADERS and command.name != "git"  # whose pipe is mostly of a log or an archive
    first = f"{'Fetch' if fetches else 'Write'} to a file first"
    if loops_over(run, command) or not is_asked_for(run, command):
        looped = "write `|| exit 1` behind it: a loop has the status of its last round"
        return f" {first}, and {looped if loops_over(run, command) else 'join the commands with `&&`'}."
    around = shell_around(run, command) or run.script.shell
    named = around is not None and around.name in SHELLS
    if named and around is not None and around.heredoc is None:
        shell = "sh" if run.stage.runtime.distribution == "alpine" else "bash"
        return f" Start the inner shell with `{shell} -o pipefail -c`."
    if (around is not None and not named) or stops_early(run) or reads_otherwise(run):
        return f" {first}."
    if run.instruction.heredocs and _knows_option(run):
        return f" {first}, or begin the script with `set -o pipefail`."
    return f" {first}, or run it under a shell with `pipefail`."


def _knows_option(run: Run) -> bool:
    return run.script.dialect in ("bash", "ash", "zsh", "ksh") or run.stage.runtime.distribution == "alpine"


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
        f"if {quote(command.name)} fails here, the pipe succeeds all the same: {goes_on}{cached}. "
        "A pipe's status is that of its last command."
    )


def _fix(run: Run, stage: Stage, command: Command) -> Fix | None:
    """`set -o pipefail` where the shell knows it (bash, busybox), else a SHELL line where bash is installed."""
    if run.deferred or run.instruction.heredocs or command.nested or stops_early(run):
        return None
    if loops_over(run, command) or not is_asked_for(run, command):
        return None
    if run.script.is_array or run.script.shell is not None:
        return None  # the option goes in front of the script
    if _knows_option(run):
        first = run.commands[0]
        options = first.args[0] if first.name == "set" and first.args and not first.nested else None
        if options is not None and options.text.startswith("-"):
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
        and not any(stops_early(one) or reads_otherwise(one) for one in runs_from(stage, run))
        and stage.image.shell.value == run.shell.value
    ):
        return Fix(f"Put `{_SHELL}` above it", (insert_line_before(run.instruction, _SHELL),))
    return None
