"""Installs of Python packages to which options, variables or files give the versions that the call does not name."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rules.dockerfile.package_calls import PackageCall

_DAY = re.compile(r"\d{4}-\d\d-\d\d")


def is_given_versions(call: PackageCall) -> bool:
    """Tell whether something beside a call's packages decides which versions of them are taken."""
    return is_constrained(call) or _is_of_folder(call) or _is_of_one_day(call)


def is_constrained(call: PackageCall) -> bool:
    """Tell whether an option or a variable says the versions, or that there is no index."""
    told = call.has("--requirement", "--constraint", "--require-hashes", "--no-index")
    return told or any(call.env.get(name) for name in ("PIP_CONSTRAINT", "UV_CONSTRAINT", "PIP_NO_INDEX"))


def _is_of_folder(call: PackageCall) -> bool:
    """Whether files that lie in the image are offered to the installer: what is there decides on the version."""
    words = [use.value for use in call.uses("--find-links")]
    words += [call.env.get(name) for name in ("PIP_FIND_LINKS", "UV_FIND_LINKS")]
    return any(word and ("://" not in word or word.startswith("file://")) for word in words)


def _is_of_one_day(call: PackageCall) -> bool:
    """Whether nothing is taken that is newer than a day which is written out (uv, `--exclude-newer`; pip 26.0)."""
    days = [call.option("--exclude-newer", "--uploaded-prior-to")]
    days += [call.env.get(name) for name in ("UV_EXCLUDE_NEWER", "PIP_UPLOADED_PRIOR_TO")]
    return any(day and _DAY.match(day) for day in days)
