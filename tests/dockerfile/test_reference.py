from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.dockerfile.reference import ImageReference, parse_reference

SHA256 = "sha256:" + "0123456789abcdef" * 4


def parsed(text: str) -> ImageReference:
    reference = parse_reference(text)
    assert reference is not None, text
    return reference


@pytest.mark.parametrize(
    ("text", "repository", "familiar"),
    [
        ("python", "docker.io/library/python", "python"),
        ("library/python", "docker.io/library/python", "python"),
        ("docker.io/python", "docker.io/library/python", "python"),
        ("docker.io/library/python", "docker.io/library/python", "python"),
        ("index.docker.io/library/python", "docker.io/library/python", "python"),
        ("grafana/grafana", "docker.io/grafana/grafana", "grafana/grafana"),
        ("library/distros/ubuntu", "docker.io/library/distros/ubuntu", "library/distros/ubuntu"),
        ("ghcr.io/astral-sh/uv", "ghcr.io/astral-sh/uv", "ghcr.io/astral-sh/uv"),
        ("localhost/app", "localhost/app", "localhost/app"),
        ("registry:5000/app", "registry:5000/app", "registry:5000/app"),
        ("[2001:db8::1]:5000/team/app", "[2001:db8::1]:5000/team/app", "[2001:db8::1]:5000/team/app"),
        ("Intern/app", "Intern/app", "Intern/app"),
        ("quay.io/a__b/c--d.e_f", "quay.io/a__b/c--d.e_f", "quay.io/a__b/c--d.e_f"),
    ],
)
def test_a_name_is_normalised_as_docker_does(text: str, repository: str, familiar: str) -> None:
    reference = parsed(text)
    assert (reference.repository, reference.familiar) == (repository, familiar)


@pytest.mark.parametrize(
    ("text", "name", "tag", "digest", "effective"),
    [
        ("node", "node", None, None, "latest"),
        ("node:22.1_x-slim", "node", "22.1_x-slim", None, "22.1_x-slim"),
        ("localhost:5000/node", "localhost:5000/node", None, None, "latest"),
        ("localhost:5000/node:22", "localhost:5000/node", "22", None, "22"),
        (f"node@{SHA256}", "node", None, SHA256, None),
        (f"node:22@{SHA256}", "node", "22", SHA256, "22"),
        ("hostname:5000", "hostname", "5000", None, "5000"),
    ],
)
def test_tag_and_digest_are_found(
    text: str, name: str, tag: str | None, digest: str | None, effective: str | None
) -> None:
    reference = parsed(text)
    found = (reference.written_name, reference.tag, reference.digest, reference.effective_tag)
    assert found == (name, tag, digest, effective)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Python",
        "library/Python",
        "python:",
        "python:-slim",
        "python:3.12 ",
        "python:3.12\n",
        "python:" + "x" * 129,
        "/python",
        "python/",
        "a//b",
        "a___b/c",
        "a..b",
        "-python",
        "python-",
        "python@sha256:abc",
        f"python@{SHA256.upper()}",
        f"python@{SHA256}0",
        "0123456789abcdef" * 4,
        "example.com/" + "x/" * 128 + "x",
        "-bad.host/app",
        "https://example.com/app",
        "pythön",
        "python:${TAG}",
    ],
)
def test_what_docker_calls_an_invalid_reference_is_none(text: str) -> None:
    assert parse_reference(text) is None


def test_another_tag_keeps_the_name_as_it_was_written() -> None:
    assert parsed(f"docker.io/python:3.9@{SHA256}").with_tag("3.13") == "docker.io/python:3.13"


component = st.from_regex(r"[a-z0-9]{1,6}(?:(?:\.|_|__|-{1,3})[a-z0-9]{1,6}){0,2}", fullmatch=True)
host = st.sampled_from(["", "docker.io/", "ghcr.io/", "localhost:5000/", "[::1]:80/"])
tags = st.one_of(st.none(), st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,20}", fullmatch=True))


@given(host, st.lists(component, min_size=1, max_size=3), tags, st.sampled_from([None, SHA256]))
def test_a_reference_built_by_the_grammar_is_taken_apart_again(
    registry: str, path: list[str], tag: str | None, digest: str | None
) -> None:
    name = registry + "/".join(path)
    text = name + (f":{tag}" if tag else "") + (f"@{digest}" if digest else "")
    reference = parse_reference(text)
    if reference is None:  # 64 hexadecimal digits are an identifier; the first component may be no host
        assert "." in path[0] or len(path[0]) == len(SHA256) - 7
        return
    assert (reference.written_name, reference.tag, reference.digest) == (name, tag, digest)
    assert parse_reference(reference.repository) == ImageReference(
        reference.repository, reference.registry, reference.path
    )


@given(st.text(max_size=60))
def test_any_text_gives_a_reference_or_none(text: str) -> None:
    reference = parse_reference(text)
    assert reference is None or reference.text == text
