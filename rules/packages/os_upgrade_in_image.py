"""See os_upgrade_in_image.md."""

from collections.abc import Iterator

from rules.api import OS_MANAGERS, Category, DockerfileChange, Problem, Severity, delete_command, fix, quote, rule
from rules.packages.options import spelled


@rule(
    "os-upgrade-in-image",
    severity=Severity.INFO,
    category=Category.REPRODUCIBILITY,
    default="off",
    keywords=("RUN",),
    mentions=("up", "patch", "sync", "pacman"),
    aliases=("DL3035", "DS-0024", "DF044", "DF069", "DKL-DI-0003"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """All packages of the base image are upgraded during the build."""
    for stage, run, call in change.after.layers.all_calls:
        if call.manager in OS_MANAGERS and call.action == "upgrade" and not call.packages and not call.has("--dry-run"):
            yield Problem(
                call.command.span,
                f"{stage.label} upgrades every package of its base with {quote(spelled(call))}: the layer holds what "
                "is newer a second time, two builds of one commit differ, and the build cache keeps the state of the "
                "first. A newer base image brings the same patches.",
                stage=stage.key,
                key=call.manager,
                fix=fix("Leave the packages to the base image", delete_command(run, call.command)),
            )
