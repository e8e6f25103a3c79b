"""See dependencies_lost.md."""

import posixpath
import re
from collections.abc import Iterator
from typing import NamedTuple

from rules.api import (
    Category,
    Confidence,
    Copy,
    DockerfileChange,
    Fix,
    Instruction,
    Note,
    PackageCall,
    Problem,
    Severity,
    Stage,
    insert_line_after,
    quote,
    rule,
)
from rules.base_image.purpose import compiles
from rules.brought import brought
from rules.copying.installs.calls import Install, project_installs_in
from rules.copying.unseen import builds_anew, new_packages
from rules.facts.installers import NODE_MANAGERS, PROJECT_MANAGERS, PYTHON_MANAGERS
from rules.packages.at_start import code_at_start
from rules.packages.lost.servers_left_out import server_left_out
from rules.runtime.starts.instructions import started_by


class _Language(NamedTuple):
    """A language whose programs need the packages that an install puts into the image.

    Attributes:
        managers: What installs them.
        programs: What starts such programs, without the version behind a name; not `bun` and `uv run`, which install
            what is missing when they start (bun.sh/docs, "Auto-install"; docs.astral.sh/uv, "Locking and syncing").
        folders: Parts of paths where they lie, or come from, if the project brings them.
        asks: What a manifest holds that asks for any.
    """

    managers: frozenset[str]
    programs: frozenset[str]
    folders: tuple[str, ...]
    asks: re.Pattern[str]


_LANGUAGES = (
    _Language(
        NODE_MANAGERS,
        frozenset("node nodejs npm npx yarn pnpm next nest nuxt tsx ts-node nodemon pm2-runtime".split()),
        ("node_modules", ".yarn/cache", ".pnp."),
        re.compile(r'"dependencies"\s*:\s*\{\s*"'),
    ),
    _Language(
        PYTHON_MANAGERS,
        frozenset("python gunicorn uvicorn hypercorn daphne celery flask streamlit poetry pipenv pdm".split()),
        ("site-packages", ".venv", "venv/", "wheels"),
        re.compile(r"dependencies|(?m:^\s*[A-Za-z0-9])"),
    ),
    _Language(
        frozenset({"bundle"}),
        frozenset("ruby bundle rails rake puma unicorn sidekiq rackup".split()),
        ("vendor/",),
        re.compile(r"(?m)^\s*gem\b"),
    ),
    _Language(
        frozenset({"composer"}),
        frozenset("php php-fpm apache2-foreground frankenphp".split()),
        ("vendor/",),
        re.compile(r'"require"\s*:\s*\{\s*"'),
    ),
)


class _User(NamedTuple):
    """What needs the packages: an instruction, and what comes of it without them, as a sentence."""

    instruction: Instruction
    then: str


_VERSION = re.compile(r"[\d.]+$")
_INSTALLS = re.compile(
    r"\b(?:npm|yarn|pnpm|bun|pip3?|uv|poetry|pipenv|bundle|composer)\b[^\n&|;]*\b(?:ci|i|install|sync)\b"
)
"""What in a start script, or a compose file's command, may install the packages."""
_PATTERN = re.compile(r"[*?\[$]")
_OUTPUT = re.compile(r"(?:\./|.*/)?(?:dist|build|out|bundle|\.output|\.next)(?:/.*)?")
"""Folders that builds write, in the absence of a list of the repository's files."""
_BY_ITSELF = frozenset({"bun", "uv"})


@rule(
    "dependencies-lost",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    compares=True,
    keywords=("RUN", "CMD", "ENTRYPOINT"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """The change takes away the install of the packages that the program or its build needs."""
    for stage, was in change.compared():
        left_out = server_left_out(change, stage, was) if stage.ships else None
        if left_out is not None:
            yield left_out
        if not _is_comparable(change, stage, was):
            continue
        for language in _LANGUAGES:
            lost = _lost(was, language)
            user = _user(stage, language) if lost is not None and not _installs(change, language) else None
            manifest = _manifest(change, stage, language, lost) if lost is not None and user is not None else None
            if lost is None or user is None or manifest is None or _may_come_along(change, stage, was, language):
                continue
            yield _problem(stage, lost, manifest, user)


def _is_comparable(change: DockerfileChange, stage: Stage, was: Stage) -> bool:
    """Whether nothing but an install can have brought the packages: the same base, and no step that was not there."""
    if stage.root.base_text != was.root.base_text or stage.runtime.is_windows or stage.root.image.onbuild:
        return False
    if change.repository.starts_otherwise(change.path) or _INSTALLS.search(code_at_start(change)):
        return False
    if any(build.mounts for build in change.repository.builds_of(change.path)):
        return False
    return not builds_anew(stage, was) and not new_packages(stage, was)


def _lost(was: Stage, language: _Language) -> Install | None:
    """Return the last install of a stage before the change that nothing made optional."""
    found = (install for run in was.done_runs if not run.deferred for install in project_installs_in(run))
    sure = [one for one in found if one.call.manager in language.managers and not one.call.command.nested]
    return sure[-1] if sure and not sure[-1].call.command.conditional else None


def _installs(change: DockerfileChange, language: _Language) -> bool:
    """Whether any stage still installs packages of the language, other than what installs them."""
    runs = (run for stage in change.stages for run in stage.runs)
    return any(
        call.manager in language.managers and _brings_packages(call) for run in runs for call in run.package_calls
    )


def _brings_packages(call: PackageCall) -> bool:
    if call.action not in ("install", "sync") or call.global_:
        return False
    names = {package.name for package in call.packages}
    return bool(call.manifests) or not names <= PROJECT_MANAGERS | {"pip", "setuptools", "wheel", "virtualenv"}


def _user(stage: Stage, language: _Language) -> _User | None:
    """Return what needs the packages: a build in the stage, or what a container of it starts."""
    if language.managers is NODE_MANAGERS:
        builds = ((command, run) for run in stage.runs for command in run.commands if command.name in language.programs)
        build = next(((command, run) for command, run in builds if compiles(command) and not command.conditional), None)
        if build is not None:
            command, run = build
            then = f"{quote(str(command), 60)} (line {command.line}) runs without them, and the build stops there"
            return _User(run.instruction, then)
    for found in started_by(stage) if stage.ships else ():
        words = found.start.words or tuple(found.start.text.split())
        if not _BY_ITSELF.isdisjoint(words) and "--no-sync" not in words:
            continue
        if any(_VERSION.sub("", posixpath.basename(word)) in language.programs for word in words):
            then = "without them, and the program stops at the first one that it loads"
            return _User(found.instruction, f"The container starts {quote(str(found.instruction), 60)} {then}")
    return None


def _manifest(change: DockerfileChange, stage: Stage, language: _Language, lost: Install) -> Copy | None:
    """Return the COPY that still brings the manifest; `None` where none does, or where it asks for nothing."""
    for path in lost.manifests:
        found = brought(change, stage, path)
        if found is not None and language.asks.search(found.text) is None:
            return None
        puts = [put for put in stage.files.covering(path) if put.kind == "context" and isinstance(put.step, Copy)]
        named = [put.step for put in puts if put.path == path] or [put.step for put in puts]
        if named and isinstance(named[-1], Copy):
            return named[-1]
    return None


def _may_come_along(change: DockerfileChange, stage: Stage, was: Stage, language: _Language) -> bool:
    """Whether the project itself may bring the packages: a folder in the repository, a volume, another COPY."""
    if any(folder in path for path in change.repository.listing or () for folder in language.folders):
        return True
    before = {copy.instruction.text for copy in was.all_copies}
    fresh = [copy for copy in stage.all_copies if copy.instruction.text not in before]
    texts = [copy.instruction.text for copy in stage.all_copies]
    texts += [one.text for link in stage.chain for one in link.instructions if one.keyword == "VOLUME"]
    named = any(folder.strip("/") in text for text in texts for folder in language.folders)
    return named or any(not copy.from_context or _is_made_outside(change, copy) for copy in fresh)


def _is_made_outside(change: DockerfileChange, copy: Copy) -> bool:
    """Whether a COPY brings what the repository does not hold: built elsewhere, and maybe with its packages."""
    paths = [source.path for source in copy.sources if source.path and not _PATTERN.search(source.path)]
    held = [(path, change.repository.holds_in_context(change.path, path)) for path in paths]
    return any(_OUTPUT.fullmatch(path.strip("/")) if known is None else not known for path, known in held)


def _problem(stage: Stage, lost: Install, manifest: Copy, user: _User) -> Problem:
    place = manifest.instruction if manifest.stage is stage else user.instruction
    return Problem(
        place.span,
        f"{stage.label} no longer runs {quote(str(lost.call.command), 60)}: nothing installs the packages that "
        f"{quote(posixpath.basename(lost.manifests[0]))} asks for. {user.then}. Install them again, or copy them from "
        "where they are installed.",
        Confidence.LIKELY,
        doubt="the packages may come from the build context or with the base image",
        instruction=place,
        stage=stage.key,
        key=lost.call.manager,
        notes=(Note(lost.call.command.span, "installed here before", before=True),),
        fix=_fix(stage, lost, manifest.instruction),
    )


def _fix(stage: Stage, lost: Install, manifest: Instruction) -> Fix | None:
    """Offer the RUN again, where it did nothing else and stood right below the COPY of the manifest."""
    was = lost.run.stage
    above = was.instructions[was.instructions.index(lost.run.instruction) - 1]
    if len(lost.run.commands) > 1 or manifest not in stage.instructions or above.text != manifest.text:
        return None
    edit = insert_line_after(manifest, lost.run.instruction.text)
    return Fix("Install them again", (edit,)) if edit is not None else None
