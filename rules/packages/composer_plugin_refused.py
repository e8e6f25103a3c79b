"""See composer_plugin_refused.md."""

import re
from collections.abc import Iterator

from rules.api import (
    Category,
    Confidence,
    Copy,
    DockerfileChange,
    PackageCall,
    Problem,
    Run,
    Severity,
    Stage,
    Step,
    delete_command,
    fix,
    outcome_of_failure,
    parse_reference,
    quote,
    rule,
)

_PLUGINS = {
    "hirak/prestissimo": "Leave it out: Composer 2 fetches packages in parallel by itself",
    "fxp/composer-asset-plugin": "Take those packages from `https://asset-packagist.org` instead",
}
"""Plugins all of whose releases ask for `composer-plugin-api ^1.0`, with what to do instead (hirak/prestissimo 218 and
222; fxpio/composer-asset-plugin 334, "only compatible with Composer 1")."""
_NEWEST = re.compile(
    r"getcomposer\.org/(?:installer|composer(?:-stable|-2)?\.phar|download/(?:latest-(?:stable|2\.x)|2(?:\.\d+)+)/)\b",
    re.IGNORECASE,
)
"""Where the newest Composer lies (getcomposer.org/download)."""
_ANOTHER = re.compile(
    r"(?<![\w-])--(?:1\b|\$)|--version[= ]+[\"']?v?[\d$]|--snapshot\b|\bself-?update\b|COMPOSER_VERSION|composer-1"
    r"|composer:1|download/1|ignore-platform|\bapt(?:-get)?\b[^&;]*\bcomposer\b",
    re.IGNORECASE,
)
"""What a file says that may bring Composer 1, or lets it pass over what a package asks for."""
_SECOND = re.compile(r"(?:latest|lts|2(?:\.\d+)*)(?=$|-)")


@rule(
    "composer-plugin-refused",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    keywords=("RUN",),
    mentions=tuple(_PLUGINS),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A plugin is asked for that only Composer 1 takes, and the build has Composer 2."""
    if _ANOTHER.search(change.after.code):
        return
    for stage, run, call in change.after.layers.all_calls:
        name = next((package.name for package in call.packages if package.name in _PLUGINS), None)
        if name is None or (call.manager, call.action) != ("composer", "install") or call.has("--no-update"):
            continue
        origin = _origin(stage, run)
        if origin is not None and not call.command.conditional and outcome_of_failure(run, call.command) == "stops":
            yield _problem(stage, run, call, name, origin)


def _origin(stage: Stage, run: Run) -> str | None:
    """Say what brings Composer 2 for a RUN; `None` where that is not seen."""
    found = [origin for step in stage.all_steps if step.at <= run.at and (origin := _brought_by(step)) is not None]
    if found:
        return found[-1]
    base = stage.root.base_text
    return quote(base) if base is not None and _is_second(base) else None


def _brought_by(step: Step) -> str | None:
    if isinstance(step, Copy):
        flag = step.instruction.flag("from")
        image = step.from_stage.base_text if step.from_stage is not None else flag.value if flag is not None else None
        return quote(image) if image is not None and _is_second(image) else None
    found = _NEWEST.search(step.instruction.whole_value) if isinstance(step, Run) else None
    return quote(found[0]) if found is not None else None


def _is_second(image: str) -> bool:
    """Whether an image is Composer's official one, in a tag that has Composer 2."""
    reference = parse_reference(image)
    official = reference is not None and reference.familiar.partition(":")[0] == "composer"
    if reference is None or (reference.digest and not reference.tag):
        return False
    return official and _SECOND.match(reference.tag or "latest") is not None


def _problem(stage: Stage, run: Run, call: PackageCall, name: str, origin: str) -> Problem:
    alone = len(call.packages) == 1
    return Problem(
        call.command.span,
        f"{stage.label} asks Composer for {quote(name)}, a plugin that asks for Composer 1 in all its releases, and "
        f"{origin} brings Composer 2, which refuses it (`composer-plugin-api`). The build stops here. "
        f"{_PLUGINS[name]}.",
        Confidence.LIKELY,
        doubt="another Composer may be called",
        instruction=run.instruction,
        stage=stage.key,
        key=name,
        fix=fix("Leave it out", delete_command(run, call.command)) if alone and name == "hirak/prestissimo" else None,
    )
