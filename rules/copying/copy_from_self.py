"""See copy_from_self.md."""

from collections.abc import Iterator

from rules.api import Category, DockerfileChange, Problem, Severity, Stage, rule
from rules.copying.stages.undefined_names import is_official


@rule(
    "copy-from-self",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    keywords=("COPY", "RUN"),
    mentions=("from=",),
    aliases=("DL3023", "DS-0006"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """COPY --from, or a mount, names its own stage."""
    for stage in change.stages:
        yield from _mounts(stage)
        for copy in stage.copies:
            flag = copy.instruction.flag("from")
            if copy.deferred or (flag is not None and "$" in (flag.value or "")):
                continue  # ONBUILD names a stage of the file that builds upon this one; nothing is filled in for `$`
            text = copy.from_text
            if text and copy.from_stage is None and text.lower() in (stage.name, str(stage.index)):
                image = f"; if the image is meant, give its tag (`{text}:…`)" if is_official(text) else ""
                yield Problem(
                    copy.instruction.span,
                    f"{stage.label} copies from itself: `--from={text}` is the stage that this line stands in, and a "
                    "stage can only copy from those above it. Name the stage that has the files, or use "
                    f"`RUN cp`{image}.",
                    stage=stage.key,
                )


def _mounts(stage: Stage) -> Iterator[Problem]:
    """Yield the RUNs that mount their own stage, which BuildKit calls a circle (convert.go, "circular dependency")."""
    for run in stage.runs:
        for mount in run.mounts if run.instruction.flags and not run.deferred else ():
            text = mount.options.get("from", "")
            if not text or stage.model.copied_stage(text, stage.index) is not None:
                continue
            if text.lower() == stage.name:
                yield Problem(
                    mount.flag.span,
                    f"{stage.label} mounts itself: `from={text}` is the stage that this line stands in, and a mount "
                    "can only show those above it. The stage's own files are there without a mount.",
                    instruction=run.instruction,
                    stage=stage.key,
                )
