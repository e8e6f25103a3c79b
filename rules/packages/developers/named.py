"""The names of the packages that a manifest holds for developers, as a sentence can say them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from rules.api import Confidence
from rules.facts.installers import NODE_MANAGERS
from rules.facts.python_names import required_name
from rules.packages.developers.parts import read_toml, table
from rules.packages.projects.files import MANIFESTS
from rules.packages.projects.package_json import read_manifest
from rules.quoting import listed, quote

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rules.api import PackageCall

_SHOWN = 3
_KINDS = "test frameworks, linters and type definitions"
MAY_BE_IMPORTED = "the program may import one of them, since nothing else is installed"
_GEM = re.compile(r"^[ \t]*gem[ (]+[\"'](?P<name>[\w.-]+)[\"'](?P<rest>.*)$")
_GROUPS = re.compile(r"^[ \t]*group\b(?!.*\boptional: *true).*:(?:development|test)\b.*\bdo\b")
_OPENS = re.compile(r"\bdo\b(?:\s*\|[^|]*\|)?\s*$|^[ \t]*(?:if|unless|case)\b")
_OF_GROUP = re.compile(r"\bgroups?:?\s*(?:=>)?\s*\[?.*:(?:development|test)\b")


def family_of(call: PackageCall) -> str:
    """Return what tells one set of packages from another: npm's are pnpm's, and Poetry's uv's, whichever installs."""
    if call.manager in NODE_MANAGERS:
        return "npm"
    return "python" if MANIFESTS.get(call.manager) == "pyproject.toml" else call.manager


def ships(text: str | None) -> str:
    """Say no more than that it may where the project's manifest was not read: it need not name any such packages."""
    return "ships" if text is not None else "may ship"


def stands_alone(manager: str, text: str | None) -> bool:
    """Tell whether a `package.json` asks for nothing but what is for developers: the program's own may be among it.

    Not where workspaces ask for more, which pnpm is told of elsewhere.
    """
    manifest = read_manifest(text) if text is not None and manager in NODE_MANAGERS - {"pnpm"} else None
    return manifest is not None and not manifest.own and "workspaces" not in manifest.data


def along_with(manager: str, text: str | None) -> str:
    """Return what stands behind the names of such packages: that others are installed as well, or none."""
    if stands_alone(manager, text):
        return ", and `package.json` asks for nothing else"
    return " along with the program's own dependencies"


def confidence_of(text: str | None, *, alone: bool) -> Confidence:
    """Return how sure it is that nobody but developers needs them.

    Args:
        text: The manifest; `None` where it was not read.
        alone: Whether it has no others.
    """
    if text is None:
        return Confidence.POSSIBLE
    return Confidence.LIKELY if alone else Confidence.CERTAIN


def named(manager: str, text: str | None) -> str:
    """Return what an install brings for developers: the names that the manifest has, else what such packages are."""
    found = list(dict.fromkeys(packages_for_developers(manager, text))) if text is not None else []
    return listed(map(quote, found), _SHOWN) if found else _KINDS


def needed_as_peers(manager: str, text: str | None) -> str:
    """Say what else is to be done where developers' packages are peer dependencies as well: the end of a sentence.

    The program needs them, and nothing else brings them where the project itself is installed: npm 11 leaves such a
    package out with `--omit=dev` (measured), npm before 7 and Yarn install no peer dependencies at all.
    """
    manifest = read_manifest(text) if text is not None and manager in NODE_MANAGERS else None
    if manifest is None:
        return ""
    wanted = manifest.packages("peerDependencies") - manifest.packages("dependencies", "optionalDependencies")
    found = [quote(name) for name in manifest.table("devDependencies") if name in wanted]
    if not found:
        return ""
    are = "that is a peer dependency" if len(found) == 1 else "those are peer dependencies"
    return f", and have {listed(found, _SHOWN)} in `dependencies` first: {are} of the program, and would go too"


def packages_for_developers(manager: str, text: str) -> Iterable[str]:
    """Return the names of what a manifest holds for developers and a plain install brings."""
    if manager == "bundle":
        return _gems(text)
    if manager in NODE_MANAGERS or manager == "composer":
        manifest = read_manifest(text)
        if manifest is None or manager == "composer":
            return manifest.table("require-dev") if manifest is not None else ()
        return [name for name in manifest.table("devDependencies") if name not in manifest.table("peerDependencies")]
    return _of_python(manager, read_toml(text))


def _of_python(manager: str, data: dict[str, Any]) -> Iterator[str]:
    tool, groups = table(data, "tool", manager), table(data, "dependency-groups")
    lists = [groups.get("dev")] if manager == "uv" else [*groups.values()]
    older = tool.get("dev-dependencies")
    lists += [*older.values()] if isinstance(older, dict) and manager == "pdm" else [older]
    for group in table(tool, "group"):
        if table(tool, "group", group).get("optional") is not True:
            lists.append(table(tool, "group", group, "dependencies"))
    for one in lists:
        yield from required(one)


def required(requirements: object) -> Iterator[str]:
    """Yield the names that a list of requirements has, or a table of them; nothing of anything else."""
    for requirement in requirements if isinstance(requirements, (list, dict)) else ():
        name = required_name(requirement) if isinstance(requirement, str) else None
        if name is not None:
            yield name


def _gems(text: str) -> Iterator[str]:
    """Yield the gems of a Gemfile in the groups for developers: within such a block, or with the group on the line."""
    depth = 0
    for line in text.splitlines():
        code = line.partition("#")[0].rstrip()
        gem = _GEM.match(code)
        if gem is not None and (depth or _OF_GROUP.search(gem["rest"])):
            yield gem["name"]
        if _GROUPS.match(code) or (depth and _OPENS.search(code)):
            depth += 1
        elif depth and code.strip() == "end":
            depth -= 1
