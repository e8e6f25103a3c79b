"""See base_major_jump_contract.md."""

from collections.abc import Iterator

from rules.api import BY_ARGUMENT, Category, Confidence, DockerfileChange, Problem, Severity, Stage, quote, rule
from rules.base_image.choices import is_argued
from rules.base_image.moved.composer_demands import composer_checks
from rules.base_image.moved.database_majors import data_left_behind
from rules.base_image.moved.in_step import out_of_step
from rules.base_image.moved.known_conflicts import known_conflict
from rules.base_image.moved.stage_projects import counts_in
from rules.base_image.moved.version_contracts import Contract, contracts
from rules.base_image.moved.version_ranges import satisfies
from rules.base_image.taken_out import may_fetch_go
from rules.numbers import numbers_of

_NAMES = {
    "python": "Python",
    "node": "Node.js",
    "go": "Go",
    "rust": "Rust",
    "ruby": "Ruby",
    "dotnet": ".NET",
    "php": "PHP",
}
_CONSEQUENCES = {
    "python": "pip refuses to install the project; uv fetches another Python in its place.",
    "node": "npm warns, and stops where `engine-strict` is set; Yarn 1 stops.",
    "go": "The official images do not fetch another toolchain, so `go build` stops.",
    "rust": "`cargo build` stops.",
    "ruby": "Bundler stops.",
    "dotnet": "The `dotnet` command finds no such SDK and stops.",
    "php": "`composer install` stops.",
}


@rule(
    "base-major-jump-contract",
    severity=Severity.WARNING,
    category=Category.CORRECTNESS,
    default="info",
    compares=True,
    keywords=("FROM",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """The base image moves to a version that the project's own files, or the data of a database, do not fit."""
    for stage in change.stages:
        was = change.was(stage)
        if was is None or stage.reference is None or was.reference is None:
            continue
        yield from _known(change, stage, was)
        for language, version in (stage.facts.languages if stage.facts is not None else {}).items():
            before = numbers_of(was.facts.languages.get(language)) if was.facts is not None else ()
            now = numbers_of(version)
            if language == "dotnet" and "sdk" not in stage.reference.path.split("/"):
                continue  # global.json chooses an SDK; the runtime image has none
            if (language == "go" and may_fetch_go(stage)) or (language == "php" and not composer_checks(stage)):
                continue
            if now and before and now[:2] != before[:2]:
                broken = (one for one in contracts(change, language) if _breaks(one, before, now))
                found = next((one for one in broken if counts_in(change, stage, language, one.path)), None)
                if found is not None:
                    yield _problem(stage, was, language, found)
            elif now and now == before and (raised := _raised(change, stage, language, now)) is not None:
                yield _of_file(stage, language, raised)


def _known(change: DockerfileChange, stage: Stage, was: Stage) -> Iterator[Problem]:
    """Yield what the move is known to break: the data of a database, and what the project has."""
    data = data_left_behind(change, stage, was) if stage in change.after.shipped else None
    found = (data, known_conflict(change, stage, was), out_of_step(change, stage, was))
    yield from (problem for problem in found if problem is not None)


def _breaks(contract: Contract, before: tuple[int, ...], now: tuple[int, ...]) -> bool:
    """Whether the new version is excluded and the old one was not: else the files disagreed already."""
    wanted = contract.comparable
    return satisfies(now, wanted) is False and satisfies(before, wanted) is True


def _raised(change: DockerfileChange, stage: Stage, language: str, now: tuple[int, ...]) -> Contract | None:
    """Return a demand that the change makes of a version which stays: it fitted before, and does not any more."""
    old = {(one.path, one.name): one for one in contracts(change, language, before=True)}
    for one in contracts(change, language):
        was = old.get((one.path, one.name))
        moved = was is not None and was.constraint != one.constraint and _breaks_now(was, one, now)
        if moved and counts_in(change, stage, language, one.path):
            return one
    return None


def _breaks_now(was: Contract, one: Contract, now: tuple[int, ...]) -> bool:
    return satisfies(now, one.comparable) is False and satisfies(now, was.comparable) is True


def _demand(language: str, contract: Contract) -> tuple[str, str]:
    """Say what a file asks for, and what becomes of it where that is not there."""
    least = language in ("go", "rust")  # whose files name the oldest version alone
    wanted = f"{quote(contract.constraint.removeprefix('>='))} or newer" if least else quote(contract.constraint)
    demand = f"{quote(contract.path)} asks for {wanted}"
    if contract.name == contract.path.rpartition("/")[2]:  # `.nvmrc` and its like, which no step reads
        return demand, "What is tried out with that version then runs with another."
    return f"{demand} ({quote(contract.name)})", _CONSEQUENCES[language]


def _of_file(stage: Stage, language: str, contract: Contract) -> Problem:
    """Say that the project's file has moved on, and the base image has not."""
    assert stage.reference is not None, "the caller looked"
    demand, then = _demand(language, contract)
    return _told(
        stage,
        language,
        f"{demand} with this change, and {stage.label} stays on {quote(stage.reference.text)}. {then} Move the base "
        f"image along, or stay with what this {_NAMES[language]} fits.",
    )


def _problem(stage: Stage, was: Stage, language: str, contract: Contract) -> Problem:
    """Say that the base image has moved on, and the project's file has not."""
    assert stage.reference is not None, "the caller looked"
    assert was.reference is not None, "the caller looked"
    demand, then = _demand(language, contract)
    return _told(
        stage,
        language,
        f"{stage.label} moves from {quote(was.reference.text)} to {quote(stage.reference.text)}, but {demand}. "
        f"{then} Change both together, or stay on a {_NAMES[language]} that fits.",
    )


def _told(stage: Stage, language: str, message: str) -> Problem:
    word = stage.base_word
    assert word is not None, "a stage with a reference names it"
    return Problem(
        word.span,
        message,
        Confidence.LIKELY if is_argued(stage) else Confidence.CERTAIN,
        doubt=BY_ARGUMENT,
        stage=stage.key,
        decision=message.replace(stage.label, "").casefold(),
        key=language,
    )
