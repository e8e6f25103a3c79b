"""Which files of its repository a Dockerfile names: what starts, texts copied singly, what its tools read."""

from __future__ import annotations

import posixpath
import re
from itertools import islice, pairwise
from typing import TYPE_CHECKING

from rules.copying.context.contents import is_secret_name
from rules.facts.installers import NODE_MANAGERS
from rules.packages.projects.files import MANIFESTS
from rules.packages.projects.package_json import scripts_of
from rules.repository.composes import IS_COMPOSE
from rules.repository.contexts import copied_paths, folders_around, joined
from rules.repository.node_files import PROGRAMS, whole_program
from rules.repository.python_modules import module_files

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.dockerfile.nodes import Dockerfile
    from rules.repository import Repository

_WORD = re.compile(r"[\w./@+-]+")
_SCRIPTS = ("", ".sh", ".bash", ".py")
"""How the scripts end that a container starts and a rule reads."""
_OF_NODE = re.compile(r"\bnode\s+(?:-[\w=./-]+\s+)*([\w./@-]+)")
_READ_BY_ITSELF = {"gunicorn": "gunicorn.conf.py"}
"""Settings that a server reads where it is started (gunicorn, "Settings", `config`)."""
_SETTINGS = (".toml", ".json", ".cfg", ".conf", ".ini", ".yml", ".yaml")
_TEXTS = (*_SCRIPTS, ".txt", *_SETTINGS, ".template")
"""How the files end that are copied singly and that a rule reads: scripts, manifests, settings, templates of them."""
_BUILDS = frozenset({"pom.xml", "build.gradle", "build.gradle.kts", "Cargo.lock"})
"""Files that say for which Java a project is compiled, and which Cargo reads its lock file."""
_PROJECT = re.compile(r"[\w.-]+\.(?:cs|fs|vb)proj(?![\w.])")
_REQUIRED = re.compile(r"(?<=[\s/=\"'])[\w.-]+\.txt(?![\w.-])")
"""A list of requirements that a command names."""
_REQUIREMENTS = re.compile(r"[\w.-]*requirements[\w.-]*\.txt")
_INCLUDES = re.compile(r"^[ \t]*(?:-[rc]|--requirement|--constraint)[ =]*([^\s#]+)", re.MULTILINE)
_OF_TOOLS = {
    "dotnet": _PROJECT,
    "mvn": re.compile(r"pom\.xml"),
    "gradle": re.compile(r"build\.gradle(?:\.kts)?"),
    **dict.fromkeys(("tomcat", "springframework"), re.compile(r"pom\.xml|build\.gradle(?:\.kts)?")),
    **dict.fromkeys(("ruby", "bundle"), re.compile(r"Gemfile(?:\.lock)?")),
    "composer": re.compile(r"composer\.json"),
    "pipenv": re.compile(r"Pipfile"),
    "uv sync": re.compile(r"uv\.lock"),
    "cargo": re.compile(r"Cargo\.lock"),
    "mix": re.compile(r"mix\.exs"),
    "rebar3": re.compile(r"rebar\.config"),
    **dict.fromkeys(("npm", "yarn", "pnpm", "bun"), re.compile(r"(?:next|vite|vue)\.config\.\w+")),
}
"""What the files are called in which a tool, or a server, reads what a project is compiled for and what it needs."""
_MANIFESTS = tuple(dict.fromkeys((*MANIFESTS.values(), "go.mod", "requirements.txt")))
"""What an install reads in the folder of a project."""
_ENTERED = re.compile(r"(?<![\w./-])(?:cd|--prefix|--cwd|--working-dir|-C)[ =]+([\w./@-]+)")
"""Words that send a command to a folder."""
_EXTENDS = re.compile(r"\bfile:[ \t]*[\"']?([\w./-]+\.ya?ml)\b")
"""The file of a service that is extended (Compose specification, "extends")."""
_CALLED = re.compile(r"(?<![\w.-])[\w.-]+\.(?:sh|bash)(?![\w.-])|(?<=[\w.]/)[\w-]+(?![\w./-])")
"""A word of a script that is another one, without its folder; a path without an ending may be one too."""
_MANY = 3
"""More files of one name say nothing of which is meant."""
_NEXT = tuple(f"next.config.{ending}" for ending in ("js", "mjs", "cjs", "ts", "mts"))
_MOST_SECRETS = 5
"""Files named like secrets that are read: a message names no more."""


def named_files(repository: Repository, dockerfile: str) -> Iterator[str]:
    """Yield the paths of files that a Dockerfile names, as far as the repository's listing has them.

    Args:
        repository: With the Dockerfile's bytes and a listing; without one of them nothing is yielded.
        dockerfile: Its path.
    """
    if dockerfile not in repository.files or repository.listing is None:
        return
    parsed = repository.parsed(dockerfile)
    context = repository.context_of(dockerfile)
    folders = list(folders_around(dockerfile)) if context is None else [context]
    names = list(copied_paths(parsed))
    for name in names:
        places = [posixpath.join(folder, name) for folder in folders] if _is_read(name) else []
        yield from [place for place in places if place in repository.listing]
    started = list(_started(parsed, repository))
    yield from started
    yield from _called(started, repository)
    yield from whole_program((path for path in started if path.endswith(PROGRAMS)), repository.text, repository.listing)
    for place in (posixpath.join(folder, name) for folder in folders for name in names):
        if place in repository.folders:
            yield from _manifests_in(place, repository)
    yield from _manifests_entered(parsed, repository)
    yield from _like_secrets(repository, dockerfile)
    yield from _schemas(repository)
    yield from _settings_of_next(parsed, repository)
    yield from _extended(repository)
    yield from _included(repository)
    yield from _projects(
        parsed, repository, {*folders, *(posixpath.join(one, name) for one in folders for name in names)}
    )


def _started(dockerfile: Dockerfile, repository: Repository) -> Iterator[str]:
    """Yield the files that are called like something in a start command, whichever folder brings them."""
    names = dict.fromkeys(posixpath.basename(word) for word in _start_words(dockerfile))
    names |= {file: None for program, file in _READ_BY_ITSELF.items() if program in names}
    for name in names:
        paths = repository.by_name.get(name, ()) if _ending(name) in (*_SCRIPTS, *PROGRAMS, *_SETTINGS) else ()
        if len(paths) <= _MANY:
            yield from paths
    words = list(_start_words(dockerfile))
    for module in (word for option, word in pairwise(words) if option == "-m"):
        yield from module_files(repository, module)[:_MANY]
    if not names.keys().isdisjoint(NODE_MANAGERS):
        yield from _started_by_scripts(repository)


def _started_by_scripts(repository: Repository) -> Iterator[str]:
    """Yield the programs that the scripts `start` hand to Node.js, beside the manifests that were read."""
    for path in [path for path in repository.files if posixpath.basename(path) == "package.json"]:
        scripts = scripts_of(repository.text(path))
        for line in [line for name, line in scripts.items() if name.startswith("start")]:
            for word in _OF_NODE.findall(line):
                place = joined(posixpath.dirname(path), word) or ""
                yield from [one for one in (place, f"{place}.js") if one in (repository.listing or ())][:1]


def _called(scripts: list[str], repository: Repository) -> Iterator[str]:
    """Yield the scripts that those which were read already name in turn: `scripts/wait-for.sh db`."""
    texts = (repository.text(path) or "" for path in scripts)
    for name in dict.fromkeys(name for text in texts for name in _CALLED.findall(text)):
        paths = repository.by_name.get(name, ())
        if len(paths) <= _MANY:
            yield from paths


def _manifests_in(folder: str, repository: Repository) -> Iterator[str]:
    """Yield the manifests of a project whose folder is copied whole: what an install there runs stands in them."""
    paths = (posixpath.join(folder, manifest) for manifest in _MANIFESTS)
    yield from [path for path in paths if path in (repository.listing or ())]


def _manifests_entered(dockerfile: Dockerfile, repository: Repository) -> Iterator[str]:
    """Yield the manifests of the subfolders in which instructions work: such a folder came along with one above it."""
    entered = {f"/{folder.strip('/')}" for folder in _folders_entered(dockerfile)}
    for name in _MANIFESTS if entered else ():
        for path in repository.by_name.get(name, ()):
            folder = posixpath.dirname(path)
            if folder and any(one.endswith(f"/{folder}") for one in entered):
                yield path


def _like_secrets(repository: Repository, dockerfile: str) -> Iterator[str]:
    """Yield what is named like a secret in a context that is copied whole: settings and certificates hold none."""
    copies = (one for one in repository.parsed(dockerfile).instructions if one.keyword in ("COPY", "ADD"))
    whole = any(one.words and one.words[0].text.strip("/") in ("", ".") and not one.flag("from") for one in copies)
    found = filter(is_secret_name, repository.context_files(dockerfile) or () if whole else ())
    context = repository.context_of(dockerfile) or ""
    yield from [posixpath.join(context, path) for path in islice(found, _MOST_SECRETS)]


def _schemas(repository: Repository) -> Iterator[str]:
    """Yield Prisma's schema where a manifest asks for its client: it may say that the client does without engine."""
    files = repository.files
    asked = any(b"@prisma/client" in files[path] for path in files if posixpath.basename(path) == "package.json")
    paths = repository.by_name.get("schema.prisma", ()) if asked else ()
    if len(paths) <= _MANY:
        yield from paths


def _settings_of_next(dockerfile: Dockerfile, repository: Repository) -> Iterator[str]:
    """Yield the settings of Next.js, in whichever folder of a workspace, where its standalone output is copied."""
    if any(".next/standalone" in one.value for one in dockerfile.instructions if one.keyword == "COPY"):
        for name in _NEXT:
            paths = repository.by_name.get(name, ())
            if len(paths) <= _MANY:
                yield from paths


def _extended(repository: Repository) -> Iterator[str]:
    """Yield the files whose services those of a compose file extend, whatever they are called."""
    for path in list(repository.files):
        if IS_COMPOSE.search(path) is not None and "extends" in (text := repository.text(path) or ""):
            places = (joined(posixpath.dirname(path), name) for name in _EXTENDS.findall(text))
            yield from [place for place in places if place and place in (repository.listing or ())]


def _included(repository: Repository) -> Iterator[str]:
    """Yield the lists of requirements that others include which were read (pip, "Requirements file format")."""
    lists = [path for path in repository.files if _REQUIREMENTS.fullmatch(posixpath.basename(path))]
    for path in lists:
        for name in _INCLUDES.findall(repository.text(path) or ""):
            place = joined(posixpath.dirname(path), name)
            if place and place in (repository.listing or ()):
                yield place


def _projects(dockerfile: Dockerfile, repository: Repository, folders: set[str]) -> Iterator[str]:
    """Yield the files in which tools read a project, in the folders of RUNs and COPYs, and those that a RUN names.

    `dotnet restore` reads the project files that are copied for it, too: one names another.
    """
    text = " ".join(one.whole_value for one in dockerfile.instructions if one.keyword in ("RUN", "FROM"))
    starts = " ".join(one.value for one in dockerfile.instructions if one.keyword in ("CMD", "ENTRYPOINT"))
    text += " springframework" if "springframework" in starts else ""
    restored = "|".join(copied_paths(dockerfile)) if "dotnet restore" in text else ""
    patterns = dict.fromkeys(pattern for tool, pattern in _OF_TOOLS.items() if tool in text)
    entered = tuple(f"/{folder.strip('/')}" for folder in _folders_entered(dockerfile))
    for path in repository.listing or () if patterns else ():
        folder, name = posixpath.split(path)
        if any(pattern.fullmatch(name) for pattern in patterns) and (
            folder in folders or any(one.endswith(f"/{folder}") for one in entered)
        ):
            yield path
    for name in dict.fromkeys((*_PROJECT.findall(text), *_PROJECT.findall(restored), *_REQUIRED.findall(text))):
        paths = repository.by_name.get(name, ())
        if len(paths) <= _MANY:
            yield from paths


def _folders_entered(dockerfile: Dockerfile) -> Iterator[str]:
    for instruction in dockerfile.instructions:
        if instruction.keyword == "WORKDIR":
            yield posixpath.normpath(instruction.value)
        elif instruction.keyword == "RUN":
            yield from map(posixpath.normpath, _ENTERED.findall(instruction.whole_value))


def _start_words(dockerfile: Dockerfile) -> Iterator[str]:
    for instruction in dockerfile.instructions:
        if instruction.keyword in ("ENTRYPOINT", "CMD"):
            yield from _WORD.findall(instruction.value)


def _is_read(name: str) -> bool:
    return _ending(name) in _TEXTS or posixpath.basename(name) in (*_BUILDS, *_MANIFESTS)


def _ending(name: str) -> str:
    return posixpath.splitext(name)[1].lower()
