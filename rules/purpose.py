"""What a shipped image is for: to run a program, or to build and test with.

Three questions, each wider than the one before:

- `is_for_developers`: does nobody ship it? Then what only makes it bigger, and every remark, is small (`weight.py`).
- `is_for_development`: do people develop or test with it? Then tools, versions that move and packages for developers
  belong there, whoever ships it.
- `builds_at_run_time`: may it compile while it runs? Then compilers and headers belong there.

The first rests on what a name tells (`model/audience.py`), on the file and who builds it (`DockerfileChange`), and on
what is mounted over the program. `Model.is_for_developers` asks of one stage beside others in a file that ships.
Whether an image may stay root is another question, since what people build upon may (`user/root_by_design.py`).
"""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from rules.lazily import once, once_for_each
from rules.model.audience import is_development_name, is_fuzzing_base, is_workplace_base, near_folders, runs_tests
from rules.mounted_sources import is_started_over_mounts, runs_mounted_sources
from rules.user.root.start_scripts import start_scripts

if TYPE_CHECKING:
    from rules.change import DockerfileChange
    from rules.model.settings import Start
    from rules.model.stage import Stage

_DEVELOPERS = re.compile(
    r"(?:^|[._-])(?:dev|devel|develop|development|devenv|test|tests|testing|e2e|ci|lint|debug|local|workspace|jupyter|"
    r"notebook|playground|sandbox|bench|benchmark|fuzz|playwright|cypress|storybook)(?:$|[._-])",
    re.IGNORECASE,
)
_BUILDERS = re.compile(
    r"(?:^|[._-])(?:build|builder|buildenv|sdk|toolchain|compile|compiler|cross)(?:$|[._-])", re.IGNORECASE
)
_BUILDERS_FOLDER = re.compile(
    r"\.?(?:sdk|builders?|cross|(?:[\w-]+[-_])?toolchain)",
    re.IGNORECASE,
)
_COMPILES_FOR_OTHERS = re.compile(
    r"(?:^|[._-])(?:judge|judger|grader|graders|autograder|autograders|playground|repl|compilers?|code-?(?:runner|executor)|"
    r"build-?farm)(?:$|[._-])",
    re.IGNORECASE,
)
"""Names of services that compile, run or judge the programs that they are sent."""
_LANGUAGES = (
    re.compile(r"(?:gcc|g\+\+|clang|build-essential|build-base)(?:-\d+)?"),
    re.compile(r"golang(?:-go)?|golang-\d[\d.]*|go"),
    re.compile(r"rustc|cargo|rust"),
    re.compile(r"(?:default|openjdk-?\d+|java-\d[\d.]*-openjdk)-(?:jdk|devel)(?:-headless)?|openjdk\d+(?:-jdk)?"),
    re.compile(r"ghc|haskell-platform"),
    re.compile(
        r"fpc|fp-compiler|gnat|gfortran|mono-complete|mono-mcs|ocaml|scala|kotlin|nim|swiftlang|sbcl|ldc|erlang"
    ),
)
"""Compilers as distributions package them, by language."""
_CHECKERS = frozenset(
    "pytest flake8 tox nox pylint mypy black ruff isort coverage pytest-cov pytest-mock pytest-django pre-commit "
    "django-debug-toolbar ipdb pyflakes".split()
)
FOR_CHECKING = re.compile(r"(?:^|[._-])(?:dev|develop|development|tests?|testing|lint)(?:[._-]|$)", re.IGNORECASE)
"""Names of requirements files for developers: `dev.txt`, `requirements-test.txt`."""
_SEVERAL = 2
"""From so many of them on, an image is there to check code, or to work, with."""
_INSTALLING = re.compile(r"(?:^|[/_-])(?:install|compile|build|ext)(?:[_.*-]|$)[^/]*$")
"""Names like `docker-php-ext-*`, `install-plugin.sh`."""
_TOOLS = frozenset(
    "make cmake ninja gcc g++ cc cargo rustc go mvn mvnw gradle gradlew ant sbt bazel bazelisk meson msbuild "
    "tox nox pytest phpunit pest codecept behat rspec jest vitest "
    "fish sleep tail jupyter jupyter-lab start-notebook.sh code-server sshd nodemon "
    "tsc vite webpack air watchexec gcc-ar clang clang++ javac jshell R ghc stack cabal mix lein "
    "dpkg-buildpackage debuild rpmbuild makepkg abuild".split()
)
_DEVELOPING = re.compile(
    r"\b(?:npm|yarn|pnpm|bun)\s+(?:run\s+)?(?:dev|develop|watch|test|build|start:dev|serve|lint)\b|\bnpx\s|\bgo\s+run\b|"
    r"\bcargo\s+(?:run|watch|test|build)\b|\bmvnw?\b|\bgradlew?\b|\bdotnet\s+(?:run|watch|test)\b|\bmake\b|--reload\b|"
    r"\bpytest\b|\b(?:ng|vue-cli-service|webpack)\s+serve\b|\bwebpack-dev-server\b|\breact-scripts\s+start\b|"
    r"\b(?:next|nuxt|nuxi|astro|gatsby|remix)\s+dev(?:elop)?\b|^php -a$|\bcompile\b|"
    r"\bsleep\s+infinity\b|\btail\s+-f\s+/dev/null\b"
)

_COMPILING_AT_START = re.compile(
    r"\b(?:bundle|gem|pip3?|pecl|cpanm?|docker-php-ext-install|cargo)\s+(?:install|build)\b|\b(?:npm|pnpm)\s+(?:rebuild|install|i|ci)\b|"
    r"\byarn(?:\s+install)?\s*(?:&&|;|$)|"
    r"\bmix\s+(?:deps\.)?compile\b|\bgo\s+(?:build|run)\b"
)
"""What installs packages of a language out of their sources."""


def is_for_developers(change: DockerfileChange, stage: Stage) -> bool:
    """Tell whether nobody ships a stage's image: the file, the stage's name, its base or what is mounted says so."""
    if change.is_for_developers or is_development_name(stage.name) or is_fuzzing_base(stage.root.base_text):
        return True
    return is_started_over_mounts(change, stage) or _fails_on_purpose(stage)


@once
def _fails_on_purpose(stage: Stage) -> bool:
    """Whether a RUN is there to stop the build, so that no image is kept: `RUN exit 1` below the checks."""
    return any(
        len(run.commands) == 1 and run.commands[0].name == "exit" and run.commands[0].subcommand not in ("", "0")
        for run in stage.all_runs
    )


@once_for_each
def is_for_development(change: DockerfileChange, stage: Stage) -> bool:
    """Tell whether an image is made to develop or test with.

    Its stage, file, folder or base image says so, its command, or the linters, test frameworks and requirements files
    for developers that it installs by name; or it starts a server for developers and brings no program.
    """
    change, stage = change.as_it_ships_now(stage)
    if is_for_developers(change, stage) or is_workplace_base(stage.root.base_text) or starts_tests(stage):
        return True
    return is_called_for_development(change, stage) or runs_mounted_sources(change, stage) or _checks_code(stage)


def starts_tests(stage: Stage) -> bool:
    """Tell whether the container runs tests, and so needs what they need: `CMD ["nodeunit", "test"]`."""
    return any(s.set_in_file and s.value is not None and runs_tests(s.value.text) for s in stage.image.start_command)


def is_called_for_development(change: DockerfileChange, stage: Stage) -> bool:
    """Tell whether an image says that it is made to develop or test with: by its stage, file, folder or command."""
    if is_named_for_development(change, stage):
        return True
    starts = [setting.value for setting in stage.image.start_command if setting.set_in_file]
    return any(start is not None and _starts_tool(start) for start in starts)


def is_named_for_development(change: DockerfileChange, stage: Stage) -> bool:
    """Tell whether the name of the stage, of the file or of a folder says that the image is to develop or test with."""
    names = (stage.name or "", posixpath.basename(change.path))
    if is_development_name(stage.name) or any(map(_DEVELOPERS.search, names)):
        return True
    return change.is_for_developers or any(map(_BUILDERS_FOLDER.fullmatch, near_folders(change.path)))


@once_for_each
def is_made_for_developers(change: DockerfileChange, stage: Stage) -> bool:
    """Tell whether nothing that a stage is part of, or helps to make, is for anybody but developers."""
    images = [image for image in change.after.shipped if stage in image.chain] or change.after.shipped
    return bool(images) and all(is_for_development(change, image) or is_workbench(image) for image in images)


@once
def _checks_code(stage: Stage) -> bool:
    """Whether several linters, test frameworks or requirements files for developers are installed by name."""
    named = {item.name.lower() for item in stage.packages.present} & _CHECKERS
    calls = (call for run in stage.all_runs for call in run.package_calls if call.manager == "pip")
    files = {posixpath.basename(path) for call in calls for path in call.manifests}
    return len(named) + len(set(filter(FOR_CHECKING.search, files))) >= _SEVERAL


def is_called_builder(change: DockerfileChange, stage: Stage) -> bool:
    """Tell whether a stage's or file's name says that the image is there to build with.

    The name of the only stage says nothing where the file gives it a start command: there is no other to build for.
    """
    alone = len(stage.model.stages) == 1 and any(setting.set_in_file for setting in stage.image.start_command)
    named = not alone and _BUILDERS.search(stage.name or "")
    return bool(named or _BUILDERS.search(posixpath.basename(change.path)))


def builds_at_run_time(change: DockerfileChange, stage: Stage) -> bool:
    """Tell whether an image is there to build, test or develop with, so that tools and headers belong into it.

    Its stage, its file or its folder says so, or its command: a compiler, a build tool, a bare shell, or none at all,
    which leaves the image to be built upon or used by a build job.
    """
    change, stage = change.as_it_ships_now(stage)
    if is_for_development(change, stage):
        return True
    if is_called_builder(change, stage) or compiles_for_others(change, stage):
        return True
    if "STI_SCRIPTS_PATH" in change.after.code or _offers_installing(stage):
        return True  # a Source-to-Image builder compiles what it is given
    return not stage.image.start_in_file or _compiles_at_start(change, stage)


@once_for_each
def compiles_for_others(change: DockerfileChange, stage: Stage) -> bool:
    """Tell whether an image compiles the programs that it is sent: a judge, a grader, a playground, a build farm.

    The name of its stage, its file, a folder or what it starts says so, or it has compilers of languages
    enough that no project is written in all of them.
    """
    starts = [setting.value for setting in stage.image.start_command if setting.set_in_file and setting.value]
    words = (part for start in starts for part in re.split(r"[\s/]+", start.text) if not part.startswith("-"))
    names = (stage.name or "", posixpath.basename(change.path), *near_folders(change.path), *words)
    if any(map(_COMPILES_FOR_OTHERS.search, names)):
        return True
    installed = [item.name for item in stage.packages.present]
    return sum(any(map(one.fullmatch, installed)) for one in _LANGUAGES) > _SEVERAL


def _compiles_at_start(change: DockerfileChange, stage: Stage) -> bool:
    """Whether what the container starts, or a script of it, may compile packages: `bundle check || bundle install`."""
    starts = [setting.value.text for setting in stage.image.start_command if setting.set_in_file and setting.value]
    return any(map(_COMPILING_AT_START.search, [*starts, *(script.code for script in start_scripts(change, stage))]))


_ON_A_BENCH = frozenset(
    "man-db less git vim vim-tiny nano emacs emacs-nox tmux screen ripgrep fd-find fzf bat htop strace gdb lsof psmisc "
    "procps rsync socat dnsutils bind9-dnsutils jq gh zsh fish tree".split()
)
"""What people, and programs that work in their place, work with at a prompt."""
AT_A_PROMPT = frozenset(
    "less man-db vim vim-tiny vim-enhanced neovim nano joe mc emacs emacs-nox tmux screen ripgrep fd-find fzf htop zsh "
    "fish gh".split()
)
_BENCH = 4
"""So many of them are no habit."""


@once
def is_workbench(stage: Stage) -> bool:
    """Tell whether an image has the tools of a place to work in, where somebody may compile while it runs.

    It has git with several tools that only somebody at a prompt uses, or many tools of that kind.
    """
    bench = {item.name for item in stage.packages.present} & _ON_A_BENCH
    return len(bench) >= _BENCH or ("git" in bench and len(bench & AT_A_PROMPT) >= _SEVERAL)


@once
def _offers_installing(stage: Stage) -> bool:
    """Whether commands to install or compile with are copied in among the programs, for images built upon this one."""
    return any(
        copy.from_context
        and (copy.destination or "").rstrip("/").endswith("/bin")
        and _INSTALLING.search(source.path or "")
        for copy in stage.all_copies
        for source in copy.sources
    )


@once
def _starts_tool(start: Start) -> bool:
    if start.is_prompt or start.program in _TOOLS:
        return True
    return bool(_DEVELOPING.search(start.text))
