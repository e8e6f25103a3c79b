"""See secret_mount_world_readable.md."""

from collections.abc import Iterator

from rules.api import Category, DockerfileChange, Fix, Problem, Severity, quote, replace, rule

_GROUP_AND_OTHERS = 0o077


@rule(
    "secret-mount-world-readable",
    severity=Severity.WARNING,
    category=Category.SECURITY,
    keywords=("RUN",),
    mentions=("type=secret", "type=ssh"),
    aliases=("S6469",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A secret is mounted so that every account of the build can read it."""
    for stage in change.stages:
        for run in stage.runs:
            for mount in run.mounts:
                mode = mount.options.get("mode", "")
                if mount.type not in ("secret", "ssh") or not mode.isdecimal() or not int(mode, 8) & _GROUP_AND_OTHERS:
                    continue
                text = change.source.cut(mount.flag.value_span)
                fixed = text.replace(f"mode={mode}", "mode=0400")
                yield Problem(
                    mount.flag.span,
                    f"the secret {quote(mount.options.get('id', mount.target))} is mounted with mode {quote(mode)}: "
                    "every "
                    "account of the build can read it, those of installed packages' scripts included. The default, "
                    "0400, is readable by its owner alone; give it another owner with `uid=` if need be.",
                    instruction=run.instruction,
                    stage=stage.key,
                    key=mount.options.get("id", ""),
                    fix=Fix("Let the owner alone read it", (replace(change.source, mount.flag.value_span, fixed),)),
                )
