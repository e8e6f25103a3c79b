"""Which files are Dockerfiles by their names."""

import pytest

from rules.dockerfile.nodes import is_dockerfile


@pytest.mark.parametrize("name", ["Dockerfile", "Dockerfile-app", "app.Dockerfile", "Dockerfile-Base-Template"])
def test_a_dockerfile_is_known_by_its_name(name: str) -> None:
    assert is_dockerfile(f"images/{name}")


@pytest.mark.parametrize("name", ["Dockerfile.tpl", "Dockerfile-tpl", "Dockerfile_j2", "Dockerfile.template"])
def test_what_another_program_fills_in_is_none(name: str) -> None:
    assert not is_dockerfile(f"images/{name}")
