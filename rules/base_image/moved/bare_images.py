"""What a program may miss in another image, as far as the file and the repository do not show that it is there."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rules.copying.outputs.machine_code import is_data
from rules.copying.outputs.scratch_programs import loses_certificates
from rules.model.puts import within
from rules.packages.dotnet_cultures import has_icu
from rules.packages.indexes.certificates import WITH_CERTIFICATES
from rules.quoting import listed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.api import DockerfileChange, Put, Stage

_MORE_DATA = re.compile(
    r"\.(?:gif|jpe?g|webp|woff2?|ttf|otf|eot|mp[34]|pdf|scss|less|vue|tsx?|jsx|po|mo|tmpl|gohtml|csv)$"
)
"""Endings of what pages are made of, besides those that `is_data` knows."""


def missing_in_bare(change: DockerfileChange, stage: Stage, was: Stage) -> Iterator[str]:
    """Yield what to ask of an image without a system, less what another rule says with certainty."""
    if loses_certificates(change, stage):
        return  # scratch-without-ca-or-tzdata says so
    icu = has_icu(stage)
    if icu is False:
        yield "It has no time zones and no cultures (ICU), which the `-extra` variant brings: does the program use any?"
    elif icu is None and not (stage.root.base_text or "").startswith(WITH_CERTIFICATES):
        missing = [*_files_missing(stage, was)]
        if missing:
            yield f"Are {listed(missing)} there?"


def _files_missing(stage: Stage, was: Stage) -> Iterator[str]:
    """Yield what the image before may have had; of an account's name `named-user-without-passwd` speaks."""
    if not _holds(stage, "/etc/ssl", "/etc/pki", "/usr/share/ca-certificates"):
        yield "CA certificates"
    had_zones = was.runtime.distribution != "alpine" or was.packages.has("tzdata")  # which Alpine's images leave out
    if had_zones and not _holds(stage, "/usr/share/zoneinfo"):
        yield "time zones"


def _holds(stage: Stage, *folders: str) -> bool:
    """Whether something is copied to a folder, or into one above it as a whole."""
    return any(within(put.path, folder) or within(folder, put.path) for put in stage.files.puts for folder in folders)


def is_folder_of_data(change: DockerfileChange, put: Put) -> bool:
    """Tell whether all that the repository has in a copied folder is data by its ending."""
    if put.kind != "context" or not put.source.strip("./"):
        return False
    folder = change.repository.in_context(change.path, put.source.strip("/"))
    below = [path for path in change.repository.listing or () if folder and path.startswith(f"{folder}/")]
    return bool(below) and all(is_data(path) or _MORE_DATA.search(path) for path in below)
