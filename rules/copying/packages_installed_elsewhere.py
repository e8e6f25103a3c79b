"""See packages_installed_elsewhere.md."""

from collections.abc import Iterator

from rules.api import (
    Category,
    Confidence,
    Copy,
    DockerfileChange,
    Problem,
    Severity,
    Stage,
    meet,
    path_folders,
    quote,
    rule,
)
from rules.copying.python.install_places import Place, copied_places, python_place, ruby_place, shown
from rules.copying.python.packages import PACKAGES_FOLDER, has_official_python
from rules.copying.python.poetry_settings import may_be_set_by_project
from rules.facts.installers import PYTHON_MANAGERS

_GEMS = "/usr/local/bundle"
"""`GEM_HOME` of the official images of Ruby."""
_BUILDERS = frozenset(
    {"make", "cp", "mv", "rsync", "tar", "conda", "mamba", "micromamba", "bash", "sh", "just", "task"}
)
"""Commands that may fill a folder of packages unseen."""


@rule(
    "packages-installed-elsewhere",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    keywords=("COPY",),
    mentions=("lib/python", "usr/local/bundle"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A language's own folder of packages is copied from a builder that installs its packages into another one."""
    for stage in change.stages:
        for copy in stage.copies:
            builder = copy.from_stage
            if builder is None or copy.deferred or len(copy.sources) != 1:
                continue
            path = copy.source_path(copy.sources[0])
            place = _place(builder, path) if path is not None else None
            if place is not None and not place.path and may_be_set_by_project(change, place.run):
                continue
            if path is None or place is None or _is_filled(builder, path) or _is_brought(stage, builder, place):
                continue
            yield _problem(stage, copy, builder, path, place)


def _place(builder: Stage, path: str) -> Place | None:
    """Return where the builder installs, if a path is the image's own folder of packages and that is another one."""
    match = PACKAGES_FOLDER.match(path)
    if match is not None and match["base"] == "/usr/local/lib" and has_official_python(builder):
        return python_place(builder)
    of_ruby = builder.facts is not None and builder.facts.name == "ruby" and "GEM_HOME" not in _set_in_file(builder)
    return ruby_place(builder) if path == _GEMS and of_ruby else None


def _set_in_file(stage: Stage) -> frozenset[str]:
    return frozenset(name for name, setting in stage.image.env.items() if setting.set_in_file)


def _is_filled(builder: Stage, path: str) -> bool:
    """Whether something else than the installs may put packages into the folder."""
    puts = (put for put in builder.files.covering(path) if put.kind not in ("workdir", "run"))
    if builder.files.has_unreadable_run or any(puts):
        return True
    return any(
        command.name in _BUILDERS or command.name.endswith((".sh", ".py")) or "$" in command.name
        for command in builder.files.opaque_commands
    )


def _is_brought(stage: Stage, builder: Stage, place: Place) -> bool:
    """Whether the stage gets the packages all the same: it copies the place too, or installs them itself."""
    if place.path and any(meet(place.path, path) for path in copied_places(stage, builder)):
        return True
    managers = {"bundle"} if place.call.manager == "bundle" else PYTHON_MANAGERS
    return any(call.manager in managers and call.action in ("install", "sync") for _, call in stage.packages.calls)


def _problem(stage: Stage, copy: Copy, builder: Stage, path: str, place: Place) -> Problem:
    where = quote(place.path) if place.path else "an environment in its cache"
    ruby = place.call.manager == "bundle"
    missing = "Could not find … in locally installed gems" if ruby else "No module named …"
    if not place.path:
        cure = "Install into the image's own folder (`POETRY_VIRTUALENVS_CREATE=false`), or copy the environment"
    elif ruby:
        cure = f"Copy {where} and set `BUNDLE_PATH` here too"
    else:
        cure = _of_python(stage, place)
    return Problem(
        copy.instruction.span,
        f"{stage.label} copies {quote(path)} out of {builder.label}, whose {quote(shown(place.call))} (line "
        f"{place.call.command.line}) installs into {where}. What is copied holds nothing of the project, and it does "
        f"not start: “{missing}”. {cure}.",
        Confidence.LIKELY,
        doubt="a script may install there as well",
        instruction=copy.instruction,
        stage=stage.key,
        key=path,
    )


def _of_python(stage: Stage, place: Place) -> str:
    """Say what to copy, and what it takes besides for the image's Python to find it."""
    call, where = place.call, quote(place.path)
    if call.command.option("--prefix") is not None:
        return f"Copy {where} to `/usr/local`"
    if call.command.option("--target", "-t") is not None:
        return f"Copy {where}, and set `PYTHONPATH` to it"
    folder = f"{place.path}/bin"
    if call.command.has("--user") or folder in (path_folders(stage) or (folder,)):
        return f"Copy {where}"
    return f"Copy {where}, and put {quote(folder)} first in `PATH`"
