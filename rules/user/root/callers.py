"""For whom a container is started, as comments, compose files and start scripts say it: for just any account."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rules.api import comments_on, image_facts, once, parse_reference
from rules.dockerfile.nodes import is_dockerfile
from rules.repository.container_runs import RUNS, read_call
from rules.user.root.start_scripts import start_scripts

if TYPE_CHECKING:
    from rules.api import DockerfileChange, Model, Stage, Step

_ANY_USER = re.compile(
    r"\b(?:arbitrary|random|any|different|varying|which|whichever|whatever|custom|other|non[- ]?default|unknown)\s+"
    r"(?:(?:user|uid|id)s?\b|user[- ]?ids?\b)|\b(?:users?|uids?)\s+other\s+than\b|"
    r"\bnon[- ]?root\b|\bopenshift\b|(?<!\S)--user\b|\bP?[UG]ID=",
    re.IGNORECASE,
)
_ANY_CALLER = re.compile(
    r"\b(?:docker|podman)\s+run\b.*(?<!\S)(?:--user|-u)[ =]|\bopenshift\b|\b(?:arbitrary|random)\s+(?:users?|uids?)\b",
    re.IGNORECASE,
)
"""Said anywhere in the file: how the image is run, and what is made for that."""
_ASKS_CALLER = re.compile(r"\bid\s+-u\b(?![ \t]+[\w\"'$])|\$\{?(?:E?UID|P[UG]ID)\b")
"""How a script asks who started it (`id -u`, bash's `$UID`), or for whom it is to run (`$PUID`)."""
_NAMES_MODE = re.compile(r"\b(?:0?777|0?666|[ugoa]*[oa][ugoa]*[+=][rxX]*w[rwxX]*)\b")
_WHY = re.compile(r"\b(?:because|since|so that|so|needs?|needed|must|allows?|lets?|else|otherwise)\b", re.IGNORECASE)
"""A comment that names the mode and gives a reason for it: the author has decided."""
_OWN_UID = (
    r"(?:`\s*id\s+-u\b|"
    r"\$\$?(?:\(\s*(?:shell\s+)?id\s+-u\b|[{(]?(?:E?UID|PUID|USER_ID|(?:CURRENT|HOST|LOCAL|USER)_UID)\b))"
)
_AS_OWN = re.compile(rf"(?<!\S)(?:--user|-u)[ =][\"']?{_OWN_UID}")
"""How a container is started as the account of the one who starts it: `--user $(id -u):$(id -g)`."""
_OWN = re.compile(_OWN_UID)

_BY_JENKINS = re.compile(r"\bagent[ \t]*\{\s*dockerfile\b")
_BUILT_BY_JENKINS = re.compile(r"\bdocker\.build[ \t]*\(")


def is_meant(step: Step) -> bool:
    """Tell whether a comment says that the container may run as just any user, or one on the step why it is so open."""
    said = comments_on(step)
    return _is_for_any_caller(step.stage.model) or bool(
        _ANY_USER.search(said) or (_NAMES_MODE.search(said) and _WHY.search(said))
    )


def is_for_own_uid(change: DockerfileChange, step: Step) -> bool:
    """Tell whether the container is started as the account of the one who starts it, whose uid no image can know.

    A comment on the step or on how the image is run says so, a script or a document that runs containers so, Jenkins,
    or the service of a compose file that builds it.
    """
    if _AS_OWN.search(comments_on(step)) or _is_run_as_own(step.stage.model) or _is_run_so_beside(change):
        return True
    return any(_OWN.match(build.user) for build in change.repository.builds_of(change.path))


def script_for_callers(change: DockerfileChange, stage: Stage) -> str | None:
    """Return a start script that asks under which uid it runs, or is told one: it is made for more than one account."""
    scripts = start_scripts(change, stage)
    return next((script.name for script in scripts if script.text and _ASKS_CALLER.search(script.text)), None)


@once
def _is_run_so_beside(change: DockerfileChange) -> bool:
    """Whether a file of the project that is no Dockerfile runs a container as its caller, and not a known image's.

    Jenkins does so with what it builds for a pipeline: it passes `-u uid:gid` (its handbook, "Using Docker with
    Pipeline").
    """
    files = change.repository.files
    texts = (text for path in files if not is_dockerfile(path) if (text := change.repository.text(path)) is not None)
    return any(any(map(_is_of_project, RUNS.findall(text))) or _is_by_jenkins(text) for text in texts)


def _is_by_jenkins(text: str) -> bool:
    return bool(_BY_JENKINS.search(text) or (".inside" in text and _BUILT_BY_JENKINS.search(text)))


def _is_of_project(call: str) -> bool:
    """Whether a call runs a container as its caller, and names no image that the tables know as somebody else's."""
    if _AS_OWN.search(call) is None:
        return False
    run = read_call("", call)
    reference = parse_reference(run.image) if run is not None else None
    return reference is None or image_facts(reference) is None


@once
def _is_for_any_caller(model: Model) -> bool:
    return any(_ANY_CALLER.search(comment.text) for comment in model.dockerfile.comments)


@once
def _is_run_as_own(model: Model) -> bool:
    said = (comment.text for comment in model.dockerfile.comments)
    return any(_ANY_CALLER.search(text) and _AS_OWN.search(text) for text in said)
