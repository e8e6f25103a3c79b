"""See python_packages_version_mismatch.md."""

from collections.abc import Iterator

from rules.api import (
    Category,
    Confidence,
    Copy,
    DockerfileChange,
    Fix,
    Problem,
    Severity,
    Stage,
    quote,
    replace,
    rule,
    within,
)
from rules.base_image.moved.version_contracts import contracts
from rules.base_image.moved.version_ranges import satisfies
from rules.copying.python.environments import environments
from rules.copying.python.installs import placed_installs
from rules.copying.python.packages import (
    PACKAGES_FOLDER,
    Pythons,
    differing,
    has_official_python,
    packages_copies,
    python_version,
)
from rules.copying.python.wheels import Wheels, wheels_taken
from rules.numbers import numbers_of
from rules.quoting import capitalized


@rule(
    "python-packages-version-mismatch",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    keywords=("COPY", "RUN"),
    mentions=("python", "pip"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """Python packages are copied between stages whose Pythons have different versions."""
    said: set[int] = set()
    for stage in change.stages:
        for copy, path, match in packages_copies(stage):
            if copy.stage is stage and id(copy) not in said:
                problem = _of_folder(change, stage, copy, path, match["version"])
                if problem is not None:
                    said.add(id(copy))
                    yield problem
        for copy in stage.copies:
            if id(copy) not in said:
                problem = _of_environment(change, stage, copy) or _of_install(stage, copy)
                yield from (problem,) if problem is not None else ()
        yield from filter(None, (_of_wheels(stage, wheels) for wheels in wheels_taken(stage)))


def _of_folder(change: DockerfileChange, stage: Stage, copy: Copy, path: str, version: str) -> Problem | None:
    """A `pythonX.Y` folder that the builder does not have, or that the stage's own Python does not read."""
    assert copy.from_stage is not None
    made, run = python_version(copy.from_stage), python_version(stage)
    if has_official_python(copy.from_stage) and made is not None and made != version and _is_standard(path):
        fact = f"{copy.from_stage.label} has Python {made}: the folder is not there, and the build stops here."
        wanted = made if run == made else None
        confidence = Confidence.CERTAIN
    else:
        folder = PACKAGES_FOLDER.match(copy.destination or "")
        if run is None:
            return None
        if folder is None or folder["version"] == run or _is_on_path(stage, copy.destination):
            return _of_compiled(stage, copy, path, made, run) if made == version != run else None
        if version == run:
            return _of_destination(change, stage, copy, path, version)
        fact = f"{stage.label} runs Python {run}, which does not look there, and compiled packages do not load in it."
        wanted = None
        confidence = Confidence.CERTAIN if made is not None else Confidence.LIKELY
    fix = _fix(change, copy, version, wanted) if wanted is not None else None
    return Problem(
        copy.instruction.span,
        f"{stage.label} copies packages of Python {version}, {quote(path)}. {capitalized(fact)} Use one "
        "version in both stages.",
        confidence,
        doubt="the Python of the other stage is not known",
        instruction=copy.instruction,
        stage=stage.key,
        key=path,
        fix=fix,
    )


def _of_compiled(stage: Stage, copy: Copy, path: str, made: str, run: str) -> Problem:
    """Packages of another Python where the stage's own finds them: those that are compiled do not load in it."""
    assert copy.from_stage is not None
    return Problem(
        copy.instruction.span,
        f"{stage.label} copies packages of Python {made}, {quote(path)}, to {quote(copy.destination or '')}, and runs "
        f"Python {run}. Packages with compiled parts do not load in Python {run}, and what was installed in "
        f"{copy.from_stage.label} was chosen for {made}. Use one version in both stages.",
        Confidence.LIKELY,
        doubt="not every package has compiled parts",
        instruction=copy.instruction,
        stage=stage.key,
        key=path,
    )


def _of_destination(change: DockerfileChange, stage: Stage, copy: Copy, path: str, version: str) -> Problem:
    """Packages of the right Python that go to the folder of another one."""
    word, folder = copy.destination_word, PACKAGES_FOLDER.match(copy.destination or "")
    assert folder is not None
    right = (copy.destination or "").replace(f"python{folder['version']}", f"python{version}")
    edit = (
        replace(change.source, word.span, word.text.replace(f"python{folder['version']}", f"python{version}"))
        if word is not None and f"python{folder['version']}" in word.text
        else None
    )
    return Problem(
        copy.instruction.span,
        f"{stage.label} copies packages of Python {version} to {quote(copy.destination or '')}. It runs Python "
        f"{version}, which does not look there: none of them can be imported. Copy them to {quote(right)}.",
        Confidence.CERTAIN if _is_standard(copy.destination or "") else Confidence.LIKELY,
        doubt="the program may add that folder to its path",
        instruction=copy.instruction,
        stage=stage.key,
        key=path,
        fix=Fix(f"Copy to the folder of Python {version}", (edit,)) if edit is not None else None,
    )


def _is_standard(path: str) -> bool:
    return path.startswith("/usr/local/lib/python")


def _is_on_path(stage: Stage, folder: str | None) -> bool:
    """Whether PYTHONPATH or a virtual environment makes Python look into a folder."""
    setting = stage.image.env.get("PYTHONPATH")
    return setting is not None and (setting.value is None or folder is None or folder.rstrip("/") in setting.value)


def _fix(change: DockerfileChange, copy: Copy, version: str, wanted: str) -> Fix | None:
    words = copy.instruction.words
    edits = tuple(
        replace(change.source, word.span, word.text.replace(f"python{version}", f"python{wanted}"))
        for word in words
        if f"python{version}" in word.text
    )
    return Fix(f"Copy the folder of Python {wanted}", edits) if edits else None


def _of_environment(change: DockerfileChange, stage: Stage, copy: Copy) -> Problem | None:
    """A virtual environment that another version made."""
    builder = copy.from_stage
    if builder is None or copy.deferred or len(copy.sources) != 1:
        return None
    path = copy.source_path(copy.sources[0])
    pythons = differing(builder, stage)
    if path is None or pythons is None:
        return None
    environment = next((e for e in environments(builder) if within(e.path, path)), None)
    if environment is None or path == "/" or not environment.own_python:
        return None
    by_uv = bool(environment.run.calls("uv"))
    if by_uv and _asks_for_another(change, pythons.made):
        return None
    return Problem(
        copy.instruction.span,
        f"{stage.label} copies the virtual environment {quote(environment.path)}, made with Python {pythons.made}, and "
        f"runs Python {pythons.run}. {_found_nowhere(pythons)} Use one version in both stages.",
        Confidence.LIKELY if by_uv else Confidence.CERTAIN,
        doubt="uv may have fetched another Python",
        instruction=copy.instruction,
        stage=stage.key,
        key=path,
    )


def _asks_for_another(change: DockerfileChange, version: str) -> bool:
    """Whether a file of the project asks for another Python, which uv then fetches ("Python versions" in its docs)."""
    numbers = numbers_of(version)
    return any(satisfies(numbers, contract.constraint) is False for contract in contracts(change, "python"))


def _found_nowhere(pythons: Pythons) -> str:
    return f"Its packages lie in {pythons.folder}, where Python {pythons.run} does not look: nothing can be imported."


def _of_install(stage: Stage, copy: Copy) -> Problem | None:
    """A folder that another version's `pip` filled."""
    builder = copy.from_stage
    if builder is None or copy.deferred:
        return None
    pythons = differing(builder, stage)
    if pythons is None:
        return None
    paths = [path for source in copy.sources if (path := copy.source_path(source)) not in (None, "/")]
    found = next((i for i in placed_installs(builder) for path in paths if path and within(i.path, path)), None)
    if found is None:
        return None
    fact = (
        _found_nowhere(pythons)
        if found.versioned
        else f"Packages with compiled parts do not load in Python {pythons.run}, and what `pip` chose was chosen for "
        f"{pythons.made}."
    )
    return Problem(
        copy.instruction.span,
        f"{stage.label} copies {quote(found.path)}, which {quote(f'{found.call.program} {found.call.verb}')} filled "
        f"with Python {pythons.made} in {builder.label} (line {found.call.command.line}), and runs Python "
        f"{pythons.run}. {fact} Use one version in both stages.",
        Confidence.CERTAIN if found.versioned and not stage.image.env.get("PYTHONPATH") else Confidence.LIKELY,
        doubt="`PYTHONPATH` may name that folder" if found.versioned else "not every package has compiled parts",
        instruction=copy.instruction,
        stage=stage.key,
        key=found.path,
    )


def _of_wheels(stage: Stage, wheels: Wheels) -> Problem | None:
    """Wheels that another version's `pip wheel` made: the compiled ones carry the version in their names."""
    pythons = differing(wheels.builder, stage)
    if pythons is None:
        return None
    return Problem(
        wheels.step.instruction.span,
        f"{stage.label} {wheels.verb} the wheels {quote(wheels.path)}, which {wheels.builder.label} made with Python "
        f"{pythons.made}, and runs Python {pythons.run}. pip refuses those with compiled parts: “is not a supported "
        "wheel on this platform”. Use one version in both stages.",
        Confidence.LIKELY,
        doubt="whether the packages have compiled parts is not known",
        instruction=wheels.step.instruction,
        stage=stage.key,
        key=wheels.path,
    )
