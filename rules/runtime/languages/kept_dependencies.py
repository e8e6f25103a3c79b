"""Packages under `devDependencies` that an image has all the same, although an install leaves developers' ones out."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from rules.model.puts import within

if TYPE_CHECKING:
    from rules.api import DockerfileChange, Stage
    from rules.packages.projects.package_json import Manifest
    from rules.runtime.languages.node_modules import Trimmed

_OPTIONAL_PEERS = {"prisma": "@prisma/client", "typescript": "@prisma/client", "ts-node": "typeorm", "tsx": "vite"}
"""Packages with one that names them under `peerDependenciesMeta` as optional.

npm counts such a one to what production needs (`devOptional` in its lock file), and `--omit=dev` keeps it; tried with
npm 11, `@prisma/client` and `prisma`. pnpm and Yarn leave it out.
"""
_SAYS_SO = ("--omit", "--production", "--prod", "--only", "-P")


def is_kept(change: DockerfileChange, stage: Stage, manifest: Manifest, without: Trimmed, package: str) -> bool:
    """Tell whether an image has a package for developers after an install that leaves such packages out."""
    if any(_brings(put.path, package) for put in stage.files.puts) or _may_be_for_developers(change, without):
        return True
    folder = stage.image.workdir.value or "/"
    if any(within(folder, path) for build in change.repository.builds_of(change.path) for path in build.folders):
        return True
    return without.call.manager == "npm" and _OPTIONAL_PEERS.get(package) in manifest.table("dependencies")


def _brings(path: str, package: str) -> bool:
    """Whether a COPY puts the package there by itself: `COPY --from=build /app/node_modules/prisma …`."""
    folder, name = posixpath.split(path.rstrip("/"))
    return path.rstrip("/").endswith(f"/node_modules/{package}") or (
        name == ".bin" and posixpath.basename(folder) == "node_modules"
    )


def _may_be_for_developers(change: DockerfileChange, without: Trimmed) -> bool:
    """Whether only `NODE_ENV` leaves the packages out, and a build of the repository gives it another value."""
    told = without.call.has(*_SAYS_SO) or without.call.verb in ("prune", "workspaces focus")
    return not told and change.repository.gives_otherwise(change.path, "NODE_ENV", "production")
