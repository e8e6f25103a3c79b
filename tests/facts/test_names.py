"""One image has one name, wherever it is published."""

import pytest

from rules.dockerfile.reference import ImageReference, parse_reference
from rules.facts.images import image_facts
from rules.facts.names import path_name, same_image


def reference(text: str) -> ImageReference:
    found = parse_reference(text)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("published", "official"),
    [
        ("public.ecr.aws/debian/debian:bookworm-slim", "debian:bookworm-slim"),
        ("public.ecr.aws/ubuntu/ubuntu:22.04", "ubuntu:22.04"),
        ("public.ecr.aws/amazonlinux/amazonlinux:2023", "amazonlinux:2023"),
    ],
)
def test_what_a_distribution_publishes_elsewhere_is_its_official_image(published: str, official: str) -> None:
    assert same_image(reference(published), reference(official))
    assert path_name(reference(published)) == path_name(reference(official))
    facts = image_facts(reference(published))
    assert facts is not None
    assert facts.runs_as_root


def test_an_image_of_the_same_name_by_others_is_another() -> None:
    assert not same_image(reference("public.ecr.aws/acme/debian:bookworm"), reference("debian:bookworm"))
