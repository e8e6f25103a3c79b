"""New findings speak, old ones are counted, repaired ones are told; and fingerprints hold."""

from __future__ import annotations

import rules
from rules import Finding

BASE = b'FROM node\nUSER node\nRUN echo one\nCMD ["node", "server.js"]\n'


def found(before: bytes | None, after: bytes, path: str = "Dockerfile", old_path: str = "Dockerfile") -> list[Finding]:
    trees = ({} if before is None else {old_path: before}, {path: after})
    return [f for f in rules.review(*trees).findings if f.rule == "base-image-unpinned"]


def test_everything_is_new_in_a_new_file() -> None:
    assert [f.baseline for f in found(None, BASE)] == ["new"]


def test_what_the_change_leaves_alone_is_unchanged() -> None:
    assert [f.baseline for f in found(BASE, BASE.replace(b"one", b"two"))] == ["unchanged"]


def test_what_the_change_repairs_is_absent() -> None:
    assert [f.baseline for f in found(BASE, BASE.replace(b"FROM node", b"FROM node:22-slim"))] == ["absent"]


def test_another_image_is_another_finding() -> None:
    assert sorted(f.baseline for f in found(BASE, BASE.replace(b"FROM node", b"FROM python"))) == ["absent", "new"]


def test_a_shifted_line_keeps_its_fingerprint() -> None:
    assert found(None, BASE)[0].fingerprint == found(None, b"# first\n\n" + BASE)[0].fingerprint


def test_a_renamed_file_keeps_its_fingerprints() -> None:
    renamed = found(BASE, BASE.replace(b"one", b"two"), path="docker/Dockerfile")
    assert (renamed[0].baseline, renamed[0].fingerprint) == ("unchanged", found(BASE, BASE)[0].fingerprint)


def test_reformatting_keeps_fingerprints() -> None:
    one = found(None, b"FROM node as build\nRUN true\n")[0]
    other = found(None, b"from   node  AS build\nRUN true\n")[0]
    assert one.fingerprint == other.fingerprint


def test_two_equal_problems_have_two_fingerprints() -> None:
    twice = found(None, b'FROM node\nRUN true\nFROM node\nCMD ["x"]\n')
    assert len({f.fingerprint for f in twice}) == 2
