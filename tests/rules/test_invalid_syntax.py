import pytest

import rules

REFUSED_BY_BUILDKIT = b"""FROM debian:13-slim
COPY --from=${TOOLS} /a /b
RUN --mount=type=bind,target=/context,Z make -C /context
"""


@pytest.mark.parametrize(("path", "count"), [("Dockerfile", 2), ("Containerfile", 0), ("image/Containerfile.dev", 0)])
def test_what_podman_takes_is_told_only_where_docker_may_build(path: str, count: int) -> None:
    found = [each for each in rules.review({}, {path: REFUSED_BY_BUILDKIT}).findings if each.rule == "invalid-syntax"]
    assert [each.doubt for each in found] == ["Podman and Buildah take it"] * count


def test_a_containerfile_is_told_what_no_builder_takes() -> None:
    report = rules.review({}, {"Containerfile": b"FROM debian:13-slim\nCOPY a\n"})
    assert "invalid-syntax" in {each.rule for each in report.findings}
