"""Files of a build context that no repository holds: they are made, or fetched, before the image is built."""

from __future__ import annotations

import re

MADE_OUTSIDE = re.compile(
    r"(?:^|/)\.git(?:/|$)|(?:^|/)(?:dist|build|target|out|output|bin|_?output|publish|release|node_modules|vendor|artifacts?|generated|tmp|"
    r"\.next|\.output|coverage|site|public|_site|result|pkg|packages|rootfs|wheels?|dockerbuild|docker-build)(?:/|$)|"
    r"\.(?:jar|war|ear|whl|deb|rpm|apk|so|exe|tar|tgz|gz|xz|bz2|zip|bin|img|iso|crt|key|pem|p12|jks)$",
    re.IGNORECASE,
)
"""What a build makes, or somebody fetches, before the image is built."""

OFTEN_IGNORED = (".lock", "-lock.json", "lock.yaml", ".lockb", ".env", ".local", ".log", ".db")
"""Files that many projects keep out of git, and make where they build."""
