"""See runtime_user_owns_code.md."""

import posixpath
from collections.abc import Iterator

from rules.api import Category, Copy, DockerfileChange, Problem, Severity, Stage, quote, rule, within
from rules.user.accounts.running import name_of, runtime_user
from rules.user.owners.named import STATE_FOLDERS, is_same

_KEYS = (".crt", ".key", ".pem", ".p12", ".jks")
"""Keys and certificates, which the process alone has to read."""


@rule(
    "runtime-user-owns-code",
    severity=Severity.WARNING,
    category=Category.SECURITY,
    default="off",
    keywords=("COPY", "ADD"),
    mentions=("--chown",),
    aliases=("S6504",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """The container's user owns the code that it runs, and may change it."""
    for stage in change.after.shipped:
        user = runtime_user(stage)
        if user is None:
            continue
        for copy in stage.all_copies:
            owner = copy.option("chown")
            keys = all(source.word.text.lower().endswith(_KEYS) for source in copy.sources)
            if (
                owner
                and not copy.deferred
                and not keys
                and not _is_state(stage, copy)
                and is_same(stage, name_of(owner), user)
            ):
                yield _problem(stage, copy, user)


def _is_state(stage: Stage, copy: Copy) -> bool:
    """Whether it lands in a volume, or in a folder whose name says that programs write there."""
    path = (copy.destination or "").rstrip("/")
    volumes = [volume.value.rstrip("/") for volume in stage.image.volumes if volume.value]
    return posixpath.basename(path).lower() in STATE_FOLDERS or any(
        within(path, volume) for volume in volumes if volume
    )


def _problem(stage: Stage, copy: Copy, user: str) -> Problem:
    flag = copy.instruction.flag("chown")
    assert flag is not None
    return Problem(
        flag.span,
        f"{stage.label} runs as {quote(user)} and gives it what {quote(str(copy.instruction))} brings. Whoever breaks "
        "into the process can rewrite the program and stay. Leave code to root, readable, and hand over only the "
        "folders that the process writes.",
        decision=user,
        stage=stage.key,
        key=copy.destination or "",
    )
