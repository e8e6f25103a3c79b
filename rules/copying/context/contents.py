"""What in a build context has no business in an image: history, secrets, dependencies and output of the developer."""

from __future__ import annotations

import posixpath
import re
from fnmatch import translate
from typing import TYPE_CHECKING, NamedTuple

from rules.lazily import once
from rules.model.puts import within
from rules.secrets.named.environment_files import sets_a_secret
from rules.secrets.named.files import guards_nothing, may_be_a_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rules.api import Copy, DockerfileChange, Stage


def _any_of(patterns: str) -> re.Pattern[str]:
    """Return what matches a name as one of some shell patterns does."""
    return re.compile("|".join(map(translate, patterns.split())))


_SECRET_NAMES = _any_of(
    ".env .env.local .env.prod .env.prod.* .env.production .env.production.* .env.secret* *.pem *.key id_rsa id_dsa "
    "id_ecdsa id_ed25519 *.p12 *.pfx *.jks *.keystore .pypirc .netrc credentials.json service-account*.json "
    "kubeconfig .htpasswd *.tfstate *.tfvars *.kdbx"
)
"""Without those of other environments (`.env.ci`) and `.npmrc`, which are committed for their settings."""

_HARMLESS_NAMES = _any_of(
    ".env.example .env.sample .env.dist .env.template .env.test *.example *.sample *.dist *.template *.pub "
    ".env.defaults .env.schema *example* *sample* *template*"
)
_PUBLIC_KEYS = ("public", "pub", "cert", "ca", "chain", "bundle", "dhparam", "cacert", "root")
_TEST_FOLDERS = frozenset("test tests testdata fixtures spec __tests__ examples example docs e2e".split())

_KEYS = _any_of("*.pem *.key id_rsa id_dsa id_ecdsa id_ed25519")
_SETTINGS = _any_of(".env .env.*")

_SYMFONY_LOCK = "symfony.lock"
_SYMFONY_DEFAULTS = re.compile(r"\.env(?:\.(?!local$)\w+)?")
"""What Symfony wants committed ("Configuring Environment Variables in .env Files"): defaults for every machine. Its
secrets stand in `.env.local`, `.env.prod.local`, or in the vault."""

_HEAVY_FOLDERS = frozenset(
    "node_modules .venv venv .terraform coverage htmlcov .tox .mypy_cache .gradle .pytest_cache .next".split()
)


class Leak(NamedTuple):
    """Something of the context that enters an image.

    Attributes:
        pattern: What an ignore file would say to keep it out.
        name: A path that shows it, as a message names it.
        secret: Whether it looks like a secret.
        listed: Whether the repository has it; what git ignores only lies in the folder of whoever builds.
    """

    pattern: str
    name: str
    secret: bool
    listed: bool = True


def is_secret_name(path: str) -> bool:
    """Tell whether a file is named like one that holds secrets; examples, certificates and test data are not."""
    name = posixpath.basename(path)
    if not _SECRET_NAMES.match(name) or _HARMLESS_NAMES.match(name.lower()):
        return False
    if any(part in _TEST_FOLDERS for part in path.split("/")[:-1]):
        return False
    stem = name.lower().rsplit(".", 1)[0]
    if _KEYS.match(name) and guards_nothing(path):
        return False
    return not (name.endswith((".pem", ".key")) and any(mark in stem for mark in _PUBLIC_KEYS))


def may_hold_secret(path: str, text: str | None) -> bool:
    """Tell whether a file that is named like a secret may hold one.

    Args:
        path: Its path.
        text: What it holds, if it was read: of settings and of keys the text decides.
    """
    name = posixpath.basename(path)
    if text is None:
        return True
    if _SETTINGS.match(name):
        return sets_a_secret(text)
    return not _KEYS.match(name) or may_be_a_key(text)


def leaks_of(files: Iterable[str]) -> Iterator[Leak]:
    """Yield what should not be in an image, each folder once, in the order of the names.

    Args:
        files: Paths relative to the context, those that reach the builder.
    """
    seen: set[str] = set()
    for path in files:
        folder = next((part for part in path.split("/")[:-1] if part in _HEAVY_FOLDERS), None)
        if folder is not None:
            pattern = path[: path.index(folder)] + folder
            if pattern not in seen:
                seen.add(pattern)
                yield Leak(pattern, f"{pattern}/", secret=False)
        elif is_secret_name(path):
            yield Leak(path, path, secret=True)


def secrets_named(stage: Stage, leaks: Iterable[Leak]) -> str:
    """Return the cause that rules have in common which tell of the same secrets in the image of one stage."""
    return f"{stage.key} gets {' '.join(sorted(leak.name for leak in leaks if leak.secret))}"


def root_copies(stage: Stage) -> Iterator[Copy]:
    """Yield the COPYs of a chain that bring the whole context."""
    yield from filter(brings_whole_context, stage.all_copies)


def shipped_root_copies(stage: Stage) -> Iterator[Copy]:
    """Yield the COPYs of the whole context whose tree a chain ships: its own, and a builder's whose folder it takes."""
    yield from root_copies(stage)
    for copy in stage.all_copies:
        builder = copy.from_stage
        paths = [copy.source_path(source) for source in copy.sources] if builder is not None else []
        for whole in root_copies(builder) if builder is not None else ():
            there = whole.destination
            if there is not None and any(path is not None and within(there, path) for path in paths):
                yield whole


def brings_whole_context(copy: Copy) -> bool:
    """Tell whether a COPY brings the whole context, here and now."""
    return copy.brings_context_root and not copy.deferred and copy.instruction.flag("exclude") is None


@once
def context_leaks(change: DockerfileChange) -> tuple[Leak, ...] | None:
    """Return what the whole context brings that should not be in an image; `None` when its files are not known.

    What is named like a secret and was read counts where its text may hold one.
    """
    files = change.repository.context_files(change.path)
    if files is None:
        return None
    context = change.repository.context_of(change.path) or ""
    leaks = unless_defaults(change, leaks_of(files))
    texts = (
        (leak, change.repository.text(posixpath.join(context, leak.name)) if leak.secret else "") for leak in leaks
    )
    return tuple(leak for leak, text in texts if not leak.secret or may_hold_secret(leak.name, text))


def unless_defaults(change: DockerfileChange, leaks: Iterable[Leak]) -> Iterator[Leak]:
    """Leave out files of settings that the framework of the project wants committed, since they hold no secret."""
    context = change.repository.context_of(change.path) or ""
    for leak in leaks:
        folder, name = posixpath.split(leak.name)
        lock = posixpath.join(context, folder, _SYMFONY_LOCK)
        if not (leak.secret and _SYMFONY_DEFAULTS.fullmatch(name) and change.repository.exists(lock)):
            yield leak
