"""What a review says of a Dockerfile that says the same in other words, and should not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import rules
from rules.judging import OF_TEXT
from tests.cases import TODAY
from tests.restating import RESTATEMENTS, restated

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

OF_LAYERS = frozenset(
    "apk-build-deps-left apk-build-deps-not-virtual build-tools-shipped checksum-of-another-file "
    "cleanup-in-discarded-stage cleanup-in-own-layer copied-then-deleted copy-chmod-separate-layer "
    "download-without-checksum downloaded-then-deleted package-cache-left package-update-alone "
    "gone-path-used recursive-chown-layer".split()
)
"""Rules that go by what one RUN does as a whole: another layer is no restatement to them."""
OF_FORMS = frozenset(
    "comment-in-continued-line copy-multi-source-needs-slash env-stray-brace env-value-unquoted expose-invalid-port "
    "expose-repeated hardcoded-architecture legacy-key-value malformed-exec-form service-started-in-build "
    "workdir-relative".split()
)
"""Rules that speak of the very form, or tell once what one instruction does many times."""
OTHERWISE = {
    **dict.fromkeys(
        ("copy_split", "joined", "split_in_many", "split_in_two"), OF_LAYERS | {"apt-recommends-installed"}
    ),
    # a variable that is set between two installs makes another one of the second: its scripts may read it
    **dict.fromkeys(("version_in_arg", "version_in_env"), frozenset({"redundant-dependency-sync"})),
    "start_as_json": frozenset({"healthcheck-starts-program", "shell-in-scratch", "start-tool-missing"}),
}
"""Restatements that bring something about, with the rules that see it."""
UNREAD = frozenset({"final-stage-no-command", "git-source-unpinned"})
"""Rules that do not look into a script for what keeps them silent: tools to work with, the checkout of a commit."""
HIDING = frozenset({"as_inner_shell", "as_mounted_script", "as_script"})
"""Restatements behind which less is seen: what is told no more is no proof of anything."""


def spoken(tree: Mapping[str, bytes], path: str, name: str, listing: Mapping[str, int] | None = None) -> Iterator[str]:
    """Yield what a review takes for new or repaired where a Dockerfile is restated.

    Args:
        tree: The files, path to bytes.
        path: The Dockerfile.
        name: The restatement.
        listing: Every path with its mode, where known.
    """
    text, files = restated(tree[path].decode(), RESTATEMENTS[name])
    after = {**tree, path: text.encode(), **{file: body.encode() for file, body in files.items()}}
    known = {**listing, **dict.fromkeys(files, 0o100755)} if listing is not None else None
    expected = OF_TEXT | OF_FORMS | OTHERWISE.get(name, frozenset()) | (UNREAD if name in HIDING else frozenset())
    report = rules.review(tree, after, listing=known, today=TODAY) if text.encode() != tree[path] else None
    for found in report.findings if report is not None else ():
        told = found.baseline == "new" or (found.baseline == "absent" and name not in HIDING)
        if told and found.rule not in expected:
            yield f"{name}: {found.rule} {found.baseline} in line {found.line}"
