"""Manifests of projects that list no dependency at all, so that an install of them does nothing."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rules.packages.projects.texts import text_read

if TYPE_CHECKING:
    from rules.change import DockerfileChange
    from rules.copying.installs.calls import Install

_LISTS = {
    "mix": re.compile(r"\{\s*:\w|\bapps_path\b|(?:\bCode\.|\bfor )"),
    "go": re.compile(r"^\s*(?:require|replace|tool)\b", re.MULTILINE),
    "pip": re.compile(r"^[ \t]*[^\s#]", re.MULTILINE),
    "bundle": re.compile(r"^[ \t]*(?:gem|gemspec|eval_gemfile|eval|instance_eval)\b", re.MULTILINE),
}
"""What stands in a manifest that lists one, or takes its list from elsewhere."""


def lists_nothing(change: DockerfileChange, install: Install) -> bool:
    """Tell whether all manifests that an install reads were read, and none lists a dependency."""
    manager = install.call.manager
    pattern = _LISTS.get(manager)
    manifests = install.manifests if manager == "pip" else install.manifests[:1]
    texts = [text_read(change, install.run, path) for path in manifests]
    return pattern is not None and bool(texts) and all(text is not None and not pattern.search(text) for text in texts)
