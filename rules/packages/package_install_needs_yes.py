"""See package_install_needs_yes.md."""

from collections.abc import Iterator

from rules.api import Category, Confidence, DockerfileChange, PackageCall, Problem, Run, Severity, fix, quote, rule
from rules.packages.options import add_option, spelled

_ASKING = frozenset({"apt", "dnf", "yum", "tdnf", "zypper"})
_ACTIONS = frozenset({"install", "remove", "upgrade"})


@rule(
    "package-install-needs-yes",
    severity=Severity.WARNING,
    category=Category.RELIABILITY,
    keywords=("RUN",),
    mentions=("apt", "dnf", "yum", "zypper"),
    aliases=("DL3014", "DL3030", "DL3034", "DL3038", "DS-0021", "S6584", "DF015", "DF027", "DF043"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A package manager stops to ask, and nobody answers during a build."""
    for stage, run, call in change.after.layers.all_calls:
        if call.verb in ("remove", "purge") and not call.packages:
            continue
        if call.manager not in _ASKING or call.action not in _ACTIONS or call.assume_yes or _asks_nothing(run, call):
            continue
        yield Problem(
            call.command.span,
            f"{stage.label} calls {quote(spelled(call))} without `-y`: it asks for confirmation as soon as "
            f"{_occasion(call)}, finds no terminal, and the build stops there. Give `-y`.",
            Confidence.CERTAIN if call.action == "install" else Confidence.LIKELY,
            doubt="it asks only when there is something to do",
            stage=stage.key,
            key=call.manager,
            fix=fix("Answer yes with `-y`", add_option(run, call, "-y")),
        )


def _occasion(call: PackageCall) -> str:
    """Say when it asks: apt installs what was named, and nothing else, without a question."""
    if call.action == "upgrade":
        return "there is anything to upgrade"
    if call.action == "remove":
        return "there is anything to remove"
    return "anything besides the named packages changes" if call.manager == "apt" else "there is anything to install"


def _asks_nothing(run: Run, call: PackageCall) -> bool:
    """Whether it changes nothing, or a configuration file answers."""
    if call.has("--dry-run", "--download-only", "--print-uris", "--help", "--downloadonly"):
        return True
    marks = ("assume-yes", "assumeyes") if call.manager != "zypper" else ("non-interactive",)
    for other in run.stage.all_runs:
        if other.instruction.line > run.instruction.line:
            break
        text = other.instruction.value.lower()
        if (
            any(mark in text for mark in marks)
            and any(word in text for word in ("conf", "tee ", ">"))
            and "/etc/" in text
        ):
            return True
    return any(put.kind == "context" and put.path.startswith("/etc/apt/") for put in run.stage.files.puts)
