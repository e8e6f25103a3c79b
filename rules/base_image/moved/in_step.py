"""What has to go in step with its base image, and stays where the change moves that.

Playwright's documentation ("Docker", "Image tags"): where the version of the project differs from that of the image,
it does not find the browsers. Debian's and PGDG's packages of extensions (`postgresql-17-pgvector`) are made for one
major version of PostgreSQL, and lie in that one's folders.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rules.base_image.moved.database_majors import postgres_major
from rules.base_image.moved.version_contracts import texts_near
from rules.numbers import number_of
from rules.packages.projects.package_json import read_manifest
from rules.problem import Confidence, Problem
from rules.quoting import listed, quote

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.change import DockerfileChange
    from rules.dockerfile.reference import ImageReference
    from rules.model.stage import Stage

_PLAYWRIGHT = {
    "mcr.microsoft.com/playwright": ("package.json", ("@playwright/test", "playwright", "playwright-core")),
    "mcr.microsoft.com/playwright/python": ("requirements.txt", ("playwright",)),
}
"""Images with browsers: the list that pins the project's Playwright, and its packages."""
_EXACT = re.compile(r"v?=?(\d+\.\d+)\.\d+")
_PINNED = re.compile(r"^[ \t]*(playwright)[ \t]*==[ \t]*([\d.]+)", re.MULTILINE)
_INSTALLS = re.compile(r"playwright(?:-core)?(?:@\S+)?\s+install\b|playwright\.__main__")
_FOLDER = "PLAYWRIGHT_BROWSERS_PATH"
"""Where Playwright looks for its browsers; its images set it ("Browsers", "Managing browser binaries")."""
_EXTENSION = re.compile(r"postgresql-(\d+)-[a-z][\w.+-]*")
_SHOWN = 2


def out_of_step(change: DockerfileChange, stage: Stage, was: Stage) -> Problem | None:
    """Return what the project, or the file itself, has for the base image of before."""
    return _browsers(change, stage, was) or _extensions(stage, was)


def _browsers(change: DockerfileChange, stage: Stage, was: Stage) -> Problem | None:
    old, new = was.reference, stage.reference
    if old is None or new is None or old.familiar != new.familiar or new.familiar not in _PLAYWRIGHT:
        return None
    before, now = _EXACT.match(old.tag or ""), _EXACT.match(new.tag or "")
    if before is None or now is None or before[1] == now[1] or _INSTALLS.search(change.after.code):
        return None
    if _FOLDER in stage.image.env and stage.image.env[_FOLDER].set_in_file:
        return None  # where it looks, the image has none
    pins = [(*pin, pinned[1]) for pin in _pins(change, new) if (pinned := _EXACT.fullmatch(pin[2])) is not None]
    if any(line == now[1] for *_, line in pins) or _installs_by_name(stage, _PLAYWRIGHT[new.familiar][1]):
        return None
    for path, package, version, line in pins:
        if line == before[1]:
            return _told(
                stage,
                (old, new),
                f"{quote(path)} has {quote(f'{package} {version}')}, which looks for the browsers of its own release. "
                f"The image has those of {now[1]}: each start of one fails with “Executable doesn't exist”. Move "
                "both to one version.",
                "another list may say which version is installed",
            )
    return None


def _installs_by_name(stage: Stage, packages: tuple[str, ...]) -> bool:
    """Whether the file itself installs one of the packages, in whatever version."""
    return any(item.manager != "apt" and item.name in packages for item in stage.packages.installed)


def _pins(change: DockerfileChange, image: ImageReference) -> Iterator[tuple[str, str, str]]:
    """Yield the project's list, and each package of Playwright's in it with the version as it is written."""
    name, packages = _PLAYWRIGHT[image.familiar]
    for path, text in texts_near(change, name):
        if _INSTALLS.search(text):
            return  # a script of the project does
        manifest = read_manifest(text) if name == "package.json" else None
        tables = [manifest.table(part) for part in ("dependencies", "devDependencies")] if manifest is not None else []
        wanted = {package: version for table in tables for package, version in table.items()}
        wanted |= dict(_PINNED.findall(text)) if name != "package.json" else {}
        yield from ((path, one, version) for one in packages if isinstance(version := wanted.get(one), str))


def _extensions(stage: Stage, was: Stage) -> Problem | None:
    old, new = was.reference, stage.reference
    before, now = postgres_major(old), postgres_major(new)
    if old is None or new is None or before is None or now is None or before == now:
        return None
    found = [(item, match[1]) for item in stage.packages.present if (match := _EXTENSION.fullmatch(item.name))]
    left = [item for item, major in found if item.manager == "apt" and number_of(major) == before]
    if not left or any(number_of(major) == now for _, major in found) or stage.packages.has(f"postgresql-{before}"):
        return None
    names = listed([quote(item.name) for item in left], _SHOWN)
    return _told(
        stage,
        (old, new),
        f"line {left[0].call.command.line} installs {names} for PostgreSQL {before}. PostgreSQL {now} does not "
        f"look there: `CREATE EXTENSION` fails with “extension is not available”. Install those of {now}, as "
        "`postgresql-${PG_MAJOR}-…`: the image sets that variable.",
        "what is left to other steps may bring those of the new version",
    )


def _told(stage: Stage, images: tuple[ImageReference, ImageReference], reason: str, doubt: str) -> Problem | None:
    old, new = images
    if stage.base_word is None:
        return None
    return Problem(
        stage.base_word.span,
        f"{stage.label} moves from {quote(old.text)} to {quote(new.text)}, and {reason}",
        Confidence.LIKELY,
        doubt=doubt,
        stage=stage.key,
        key="in step",
    )
