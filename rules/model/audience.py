"""Whom a stage or a file is for, as far as its name and the folders around it tell."""

from __future__ import annotations

import re
from functools import lru_cache

DEVELOPMENT_NAMES = frozenset(
    "dev devel develop development test tests testing lint debug ci e2e local devcontainer".split()
)
_PRODUCTION_NAMES = frozenset("prod production release".split())
_PARTLY = frozenset("base build builder deps dependencies assets install setup vendor modules pre prep".split())
_TOOLS = frozenset({"tilt", "skaffold", "devspace", "loadtest", "gitpod", "codespace", "codespaces"})
"""What rebuilds and restarts on a developer's machine, or tries a program out; in names of files."""
_WORKSHOPS = frozenset(
    "base build builder deps tools toolchain sdk docs doc storybook watch bench benchmark fuzz cypress playwright "
    "jupyter notebook playground sandbox coverage check checks unit unittest unittests integration pytest tester "
    "format formatter demo example examples export artifact artifacts shell workspace devenv typecheck validate verify "
    "qa spec specs smoke codegen generate vendor debugger profiler".split()
)
"""What stages that start something are called besides, where nobody ships them."""
_DEVELOPING = re.compile(
    r"(?<![\w./-])(?:dev|develop|start:dev|dev:\w+|watch|test|tests|lint|debug|storybook|nodemon|pytest|tox|nox|jest|vitest|"
    r"runserver|air|cypress|playwright)(?![\w./-])|--reload\b|--watch\b|\bgo run\b|\bdotnet watch\b"
)
"""Words of start commands that no image for production has."""
_TESTS = re.compile(
    r"(?:^|[\s/])(?:(?:run|unit)[_-]?)?tests?(?:[._:-][\w.:-]*)?(?=[\s;&|]|$)|"
    r"(?<![\w.-])(?:pytest|phpunit|rspec|behave|tox|nox|ctest|jest|nodeunit|ava|mocha|jasmine|karma|vitest|cypress|"
    r"playwright\s+test)(?![\w-])|^tap(?=\s|$)"
)
"""Start commands that run tests: `python ./runtests.py`, `nodeunit test`, `ava`."""
_FOLDERS = frozenset(
    "devcontainers devenv fuzz fuzzing bench benchmark benchmarks jupyter notebook notebooks playground github gitlab "
    "circleci gitpod clusterfuzzlite oss-fuzz ossfuzz repro repros reproduction reproductions reproducer itest itests "
    "travis buildkite appveyor inttest inttests integrationtest integrationtests".split()
)
"""Folders for developers by their whole name: a `github-exporter` is a product."""
_ANYWHERE = frozenset(
    ".github .gitlab .circleci .devcontainer .gitpod .clusterfuzzlite test tests testing e2e testdata fuzz fuzzing "
    "benchmarks".split()
)
"""Folders below which nothing ships, however deep: other words say something of what lies close to them alone."""
_OF_TESTS = re.compile(
    r"(?:auto|unit|integration|functional|acceptance|system|smoke|e2e)[-_]?tests?|"
    r"tests?[-_](?:auto|unit|integration|functional|acceptance|system|e2e|data|files|images|resources)"
)
"""Other names of such folders: `autotests`, `tests_integration`."""
_OUTERMOST = frozenset({"integration"})
"""Folders of tests where nothing stands above them: below `services/` it may be the name of a product."""
_SET_ASIDE = re.compile(
    r"(?:archived?|attic|deprecated|obsolete|third[-_]?party|3rd(?:[-_]?party)?)|.+[._-](?:old|bak|backup|orig)|old"
)
"""Folders of what is kept and no more worked on, and of other people's work; what is called `legacy` still runs."""
_NEAR = 2
_OF_AN_ISSUE = re.compile(r"(?:issues?|bugs?|gh|pr)[-_#]?\d+")
"""Folders that show again what somebody reported: `issue48`."""
_WORKPLACES = re.compile(
    r"devcontainers?\b|(?:^|/)(?:gitpod|code-server|codespaces|openvscode-server)(?![^/:@])|^(?:docker\.io/)?cypress/",
    re.IGNORECASE,
)
"""Images that developers work in, and those of Cypress, whose programs are browsers and a test runner."""
_FUZZING_BASE = re.compile(r"^gcr\.io/oss-fuzz(?:-base)?/")
"""The images of OSS-Fuzz and ClusterFuzzLite, upon which a project builds what a machine tries out and throws away."""


def is_production_name(name: str | None) -> bool:
    """Tell whether a stage's name says that its image is the one to run, and no step on the way to it."""
    parts = set((name or "").replace("_", "-").split("-"))
    named = name == "runtime" or not parts.isdisjoint(_PRODUCTION_NAMES)
    return named and parts.isdisjoint(DEVELOPMENT_NAMES | _PARTLY)


def is_development_name(name: str | None) -> bool:
    """Tell whether a stage's name says that it is for developers or tests."""
    return name is not None and any(part in DEVELOPMENT_NAMES for part in name.replace("_", "-").split("-"))


def is_workshop_name(name: str | None) -> bool:
    """Tell whether a stage's name says that it is for developers or tests, or to build, check or show with."""
    parts = set((name or "").replace("_", "-").replace(".", "-").split("-"))
    return is_development_name(name) or not parts.isdisjoint(_WORKSHOPS)


def is_development_start(text: str) -> bool:
    """Tell whether a start command runs a program for the one who writes it: `npm run dev`, `pytest`, `--reload`."""
    return _DEVELOPING.search(text) is not None


def runs_tests(text: str) -> bool:
    """Tell whether a start command runs tests: `python ./runtests.py`, `cargo test`, `mocha`."""
    return _TESTS.search(text) is not None


def near_folders(path: str) -> tuple[str, ...]:
    """Return the folder that a file lies in and the one above, in lower case, outermost first."""
    return tuple(_folders(path)[-_NEAR:])


def is_development_path(path: str) -> bool:
    """Tell whether a file's folder, or the one above, says that what lies there is for developers or tests.

    Of folders further up only those count below which everything is: `.github`, `tests`. In `sdk/python/server` or
    `local/shop/api` the first word says nothing of the image.
    """
    folders = _folders(path)
    if not _ANYWHERE.isdisjoint(folders) or not _OUTERMOST.isdisjoint(folders[:1]):
        return True
    if any(map(_OF_TESTS.fullmatch, folders)):
        return True
    near = (folder.strip(".") for folder in near_folders(path))
    return any(
        name in _FOLDERS or _OF_AN_ISSUE.fullmatch(name) or is_development_name(name.replace(".", "-")) for name in near
    )


def is_set_aside(path: str) -> bool:
    """Tell whether a folder around a file says that what lies there is an archive, or comes from somebody else."""
    return any(map(_SET_ASIDE.fullmatch, _folders(path)))


def is_workplace_base(image: str | None) -> bool:
    """Tell whether a base image is made for people who work in the container, or to run a project's tests in."""
    return _WORKPLACES.search(image or "") is not None


def is_fuzzing_base(image: str | None) -> bool:
    """Tell whether a base image is one to build fuzzers in."""
    return _FUZZING_BASE.search(image or "") is not None


@lru_cache(maxsize=256)
def is_development_file(path: str) -> bool:
    """Tell whether a Dockerfile's name, or a folder around it, says that its image is for developers or tests."""
    name = path.replace("\\", "/").rsplit("/", 1)[-1].lower()
    words = re.split(r"[^a-z0-9]+", name.removesuffix("dockerfile"))
    return not _TOOLS.isdisjoint(words) or not DEVELOPMENT_NAMES.isdisjoint(words) or is_development_path(path)


def _folders(path: str) -> list[str]:
    return path.lower().replace("\\", "/").split("/")[:-1]
