"""What a project's own files have that a newer major version of the base image is known not to work with.

webpack/webpack 14532: webpack 4 hashes with md4, which OpenSSL 3 and so Node.js 17 and later refuse; 4.47.0 has a way
round it. `react-scripts` pins its webpack: 4.42.0 in 3.4, 4.44.2 in 4.0 (its `package.json`). Tomcat's "Migration
Guide - Tomcat 10.0.x": the packages are `jakarta.*`, and programs of Java EE go to `webapps-javaee`, or are converted.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rules.base_image.moved.version_contracts import texts_near
from rules.numbers import number_of, numbers_of
from rules.packages.projects.package_json import read_manifest
from rules.problem import Confidence, Problem
from rules.quoting import quote

if TYPE_CHECKING:
    from rules.change import DockerfileChange
    from rules.model.stage import Stage

_FIRST_WITH_OPENSSL_3 = 17
_FIRST_JAKARTA = 10
_LEGACY = "openssl-legacy-provider"
_MAJOR = re.compile(r"[~^=v ]*(\d+)(?:\.(\d+))?(?:\.\d+)?\Z")
_JAVAX = re.compile(r"\bjavax\.servlet\b")
_JAKARTA = re.compile(r"\bjakarta\.|tomcat-jakartaee-migration|jakartaee-migration")
_BUILT = re.compile(r"\b(?:build|compile|bundle|start|serve|generate)\b|react-scripts|webpack")


def known_conflict(change: DockerfileChange, stage: Stage, was: Stage) -> Problem | None:
    """Return what a move of a stage's base image is known to break in what its project has."""
    return _webpack(change, stage, was) or _servlets(change, stage, was)


def _majors(stage: Stage, was: Stage, language: str) -> tuple[int, int] | None:
    found = [numbers_of(one.facts.languages.get(language)) if one.facts is not None else () for one in (was, stage)]
    return (found[0][0], found[1][0]) if all(found) else None


def _webpack(change: DockerfileChange, stage: Stage, was: Stage) -> Problem | None:
    majors = _majors(stage, was, "node")
    if majors is None or not majors[0] < _FIRST_WITH_OPENSSL_3 <= majors[1] or _LEGACY in change.after.code:
        return None
    if not any(_BUILT.search(run.instruction.whole_value) for one in stage.model.stages for run in one.runs):
        return None
    for path, text in texts_near(change, "package.json"):
        manifest = read_manifest(text)
        if manifest is None or _LEGACY in text:
            continue
        wanted = {**manifest.table("dependencies"), **manifest.table("devDependencies")}
        package = next((name for name in ("react-scripts", "webpack") if _is_old(name, wanted.get(name))), None)
        if package is not None:
            return _told(
                stage,
                was,
                "webpack",
                f"{quote(path)} has {quote(f'{package} {wanted[package]}')}, whose webpack hashes with md4. Node.js "
                "refuses that since 17: the build of the client stops with “digital envelope routines::unsupported”. "
                f"Move to {quote('react-scripts' if package == 'react-scripts' else 'webpack')} 5 as well, or set "
                f"`NODE_OPTIONS=--{_LEGACY}` for the build.",
            )
    return None


def _is_old(name: str, wanted: object) -> bool:
    """Whether a version is known to bring a webpack without a way round: of a range the newest one has it."""
    match = _MAJOR.fullmatch(wanted) if isinstance(wanted, str) else None
    if match is None or not isinstance(wanted, str):
        return False
    if name == "react-scripts":
        return number_of(match[1]) < 5  # noqa: PLR2004 - the first with webpack 5
    return wanted[:1].isdecimal() and (number_of(match[1]), number_of(match[2] or "0")) < (4, 47)


def _servlets(change: DockerfileChange, stage: Stage, was: Stage) -> Problem | None:
    majors = [_major_of_tomcat(one) for one in (was, stage)]
    if None in majors or "javaee" in change.after.code or ".war" not in change.after.code:
        return None
    if not (majors[0] or 0) < _FIRST_JAKARTA <= (majors[1] or 0):
        return None
    for path, text in texts_near(change, "pom.xml", "build.gradle", "build.gradle.kts"):
        if _JAVAX.search(text) and not _JAKARTA.search(text):
            return _told(
                stage,
                was,
                "servlets",
                f"{quote(path)} builds with `javax.servlet`. Tomcat knows `jakarta.servlet` alone since 10: it finds "
                "no servlet in the program, and every path answers 404. Move the program to Jakarta EE, stay on Tomcat "
                "9, or put it into `webapps-javaee`, from where Tomcat converts it.",
            )
    return None


def _major_of_tomcat(stage: Stage) -> int | None:
    reference = stage.root.reference
    if reference is None or reference.familiar != "tomcat":
        return None
    match = re.match(r"\d+", reference.tag or "")
    return number_of(match[0]) if match is not None else None


def _told(stage: Stage, was: Stage, key: str, reason: str) -> Problem | None:
    word, old, new = stage.base_word, was.reference, stage.reference
    if word is None or old is None or new is None:
        return None
    return Problem(
        word.span,
        f"{stage.label} moves from {quote(old.text)} to {quote(new.text)}, and {reason}",
        Confidence.LIKELY,
        doubt="a lock file that was not read may hold another version",
        stage=stage.key,
        key=key,
    )
