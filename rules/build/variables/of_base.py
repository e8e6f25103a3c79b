"""Which variables the image that a stage starts from sets, or may set."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rules.lazily import once

if TYPE_CHECKING:
    from rules.api import Stage

_VERSION = re.compile(r"(?P<what>[A-Z][A-Z0-9]*)_(?:VERSION|MAJOR)")
_HOMES = frozenset(
    "JAVA_HOME CATALINA_HOME MAVEN_HOME GRADLE_HOME CARGO_HOME RUSTUP_HOME CONDA_HOME SPARK_HOME HADOOP_HOME "
    "JBOSS_HOME JETTY_HOME JENKINS_HOME ANDROID_HOME CUDA_HOME".split()
)
"""Where publishers say that their program lies; which of their images do, no table tells."""
_PROGRAMS = {
    "go": ("golang",),
    "java": ("jdk", "jre", "openjdk"),
    "node": ("nodejs", "yarn"),
    "postgres": ("pg",),
    "python": ("pip",),
}
"""What else images name in their variables: GOLANG_VERSION, YARN_VERSION, PG_MAJOR (docker-library/postgres)."""


def is_bare(stage: Stage) -> bool:
    """Tell whether a stage stands on nothing but a system, which sets no more than PATH."""
    return stage.root.is_scratch or (stage.facts is not None and stage.facts.kind == "os")


def is_set_by_base(stage: Stage, name: str) -> bool:
    """Whether the base image is known to set a variable, or says in it which version it holds.

    Publishers set `PYTHON_VERSION`, `CUDA_VERSION`, `NODE_VERSION`, `GOLANG_VERSION` or `NGINX_VERSION` in their images
    (their Dockerfiles: `ENV PYTHON_VERSION 3.13.1`); the tables hold no value that belongs to one version only. What an
    image's programs lie in it often says as well: `JAVA_HOME`, `CATALINA_HOME`, `MAVEN_HOME`.
    """
    facts = stage.facts
    if facts is not None and name in facts.env_names:
        return True
    if is_bare(stage):
        return False
    if name in _HOMES:
        return True
    version = _VERSION.fullmatch(name)
    if version is None:
        return False
    word = stage.root.base_word
    image = word.text.split("@")[0].rsplit("/", 1)[-1] if word is not None else ""
    languages = facts.languages if facts is not None else {}
    named = {*re.findall(r"[a-z][a-z0-9]*", re.sub(r"\$\{[^}]*\}|\$\w+", "", image).lower()), *languages}
    named.update(facts.name.split("/") if facts is not None else ())
    named.update(other for one in tuple(named) for other in _PROGRAMS.get(one, ()))
    return version["what"].lower() in named


@once
def possible_parents(stage: Stage) -> tuple[Stage, ...]:
    """Return the stages that a FROM such as `base-$TARGETARCH` may name."""
    root, word = stage.root, stage.root.base_word
    if word is None or "$" not in word.text or stage.root.base_text is not None:
        return ()
    pattern = re.compile(re.sub(r"\\\$(?:\\\{[^}]*\}|\w+)", r"[\\w.-]+", re.escape(word.text)), re.IGNORECASE)
    return tuple(other for other in stage.model.stages[: root.index] if other.name and pattern.fullmatch(other.name))


@once
def perhaps_inherited(stage: Stage) -> frozenset[str]:
    """What the stages set that a FROM such as `base-$TARGETARCH` may name, and the stages that these come from."""
    found: set[str] = set()
    for other in possible_parents(stage):
        lineage: Stage | None = other
        while lineage is not None:
            found.update(_set_in(lineage))
            lineage = lineage.parent
    return frozenset(found)


def _set_in(stage: Stage) -> set[str]:
    """The variables that a stage's own ARGs and ENVs set."""
    setting = (i for i in stage.instructions if i.keyword in ("ARG", "ENV"))
    return {word.text for instruction in setting for word, _ in instruction.pairs}
