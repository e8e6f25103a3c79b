"""Packages with machine code in the `node_modules` that an image takes out of another stage."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from rules.facts.installers import NODE_MANAGERS
from rules.model.puts import within
from rules.model.work_folders import folder_of
from rules.numbers import number_of
from rules.packages.projects.package_json import read_manifest
from rules.packages.projects.texts import manifest_text

if TYPE_CHECKING:
    from rules.api import DockerfileChange, PackageCall, Run, Stage

_ANY = 1000
_FOR_ONE_PLATFORM = {
    **dict.fromkeys(("sharp", "better-sqlite3", "sqlite3", "canvas", "re2", "isolated-vm", "node-rdkafka"), _ANY),
    "bcrypt": 5,
}
"""Packages of which an install compiles or downloads the part for its own machine alone, up to which major version.

The sources are their `package.json`: `node-gyp`, `prebuild-install`, `node-pre-gyp`; of sharp "Cross-platform" in its
installation guide. bcrypt 6 brings the parts for all platforms along.
"""
_WITH_PARTS = frozenset(_FOR_ONE_PLATFORM) | frozenset(
    "@discordjs/opus @huggingface/transformers @napi-rs/canvas @node-rs/argon2 @node-rs/bcrypt "
    "@prisma/client @tensorflow/tfjs-node @xenova/transformers argon2 bufferutil couchbase cpu-features "
    "deasync duckdb electron farmhash faiss-node gl grpc hnswlib-node ibm_db iconv kerberos keytar "
    "leveldown libxmljs libxmljs2 lmdb mediasoup microtime mongodb-client-encryption node-expat node-pty "
    "node-sass nodegit onnxruntime-node oracledb pg-native phantomjs-prebuilt playwright prisma puppeteer "
    "sass-embedded serialport snappy sodium-native ssh2 tree-sitter usb utf-8-validate wrtc xxhash zeromq".split()
)
"""Packages that are or load machine code, whatever brings it, the browsers of puppeteer and playwright among it."""
_THOUGHT_OF = re.compile(rb"supportedArchitectures|supported-architectures|^\s*(?:cpu|os|arch)\s*=", re.MULTILINE)
_SETTINGS = frozenset({".npmrc", ".yarnrc.yml", "pnpm-workspace.yaml", "package.json", "bunfig.toml"})
"""Files in which a project asks for the packages of other platforms too."""
_ASKED = re.compile(r"--(?:cpu|os|arch|platform)[= ]|npm_config_(?:\w*arch|platform|cpu|os)\b", re.IGNORECASE)


def installs_modules(call: PackageCall) -> bool:
    """Tell whether a call installs the packages of a Node.js project, and not others that it names."""
    return call.manager in NODE_MANAGERS and call.action == "install" and call.project


def fills_modules(path: str, run: Run, call: PackageCall) -> bool:
    """Tell whether an install of a project fills the `node_modules` that a path is, or holds."""
    folder = folder_of(run, call.command)
    if not installs_modules(call) or folder is None:
        return False
    return within(posixpath.join(folder, "node_modules"), path)


def modules_with_parts(text: str) -> tuple[str, ...] | None:
    """Return the packages of a `package.json` that are known to load machine code.

    Returns:
        `None` where it cannot be read, and where it names none, but has workspaces with lists of their own.
    """
    read = read_manifest(text)
    found = tuple(name for name in read.table("dependencies") if name in _WITH_PARTS) if read is not None else ()
    return found if found or (read is not None and "workspaces" not in read.data) else None


def installs_again(stage: Stage, managers: frozenset[str]) -> bool:
    """Tell whether a stage installs or compiles modules by itself."""
    return any(
        call.manager in managers and (call.action == "install" or call.verb == "rebuild")
        for _, call in stage.packages.calls
    ) or any(c.name in managers and c.subcommand == "rebuild" for run in stage.done_runs for c in run.commands)


def for_one_platform(change: DockerfileChange, stage: Stage, builder: Stage, path: str) -> tuple[str, ...]:
    """Return the packages below a path of a builder whose machine code fits only the platform that it runs on.

    Args:
        change: The change under review.
        stage: The stage that takes them; where it installs or rebuilds by itself, there are none.
        builder: The stage that installs them.
        path: What is taken of it, absolute.
    """
    if installs_again(stage, NODE_MANAGERS) or _is_thought_of(change, builder):
        return ()
    install = next((pair for pair in builder.packages.calls if fills_modules(path, *pair)), None)
    read = read_manifest(manifest_text(change, *install)) if install is not None else None
    if read is None:
        return ()
    found = []
    for name, version in read.table("dependencies").items():
        number = re.search(r"\d+", str(version))
        if number is not None and number_of(number[0]) <= _FOR_ONE_PLATFORM.get(name, -1):
            found.append(name)
    return tuple(found)


def _is_thought_of(change: DockerfileChange, builder: Stage) -> bool:
    files = change.repository.files
    if any(_THOUGHT_OF.search(files[path]) for path in files if posixpath.basename(path) in _SETTINGS):
        return True
    return any(_ASKED.search(step.instruction.text) for step in builder.all_steps)
