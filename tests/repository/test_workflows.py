"""What a workflow builds: a matrix and its variables filled in."""

from __future__ import annotations

import pytest

from rules.repository.builds import builds_in

MATRIX = b"""\
env:
  FOLDER: docker
jobs:
  images:
    strategy:
      matrix:
        image: [{name: api, stage: prod}, {name: worker, stage: jobs}]
        system: [debian, alpine]
        exclude:
          - {system: alpine, image: {name: worker, stage: jobs}}
        include:
          - {system: debian, suffix: -slim}
          - {system: edge}
    steps:
      - uses: docker/build-push-action@v6
        with:
          file: ${{ env.FOLDER }}/${{ matrix.image.name }}.Dockerfile
          target: ${{matrix.image.stage}}
          tags: shop:${{ matrix.system }}${{ matrix.suffix }}
"""


def test_each_row_of_a_matrix_is_a_build() -> None:
    builds = builds_in(".github/workflows/images.yml", MATRIX)
    assert [(build.dockerfile, build.target, build.images) for build in builds] == [
        ("docker/api.Dockerfile", "prod", ("shop:debian-slim",)),
        ("docker/api.Dockerfile", "prod", ("shop:alpine",)),
        ("docker/worker.Dockerfile", "jobs", ("shop:debian-slim",)),
        ("docker/.Dockerfile", "", ("shop:edge",)),
    ]


@pytest.mark.parametrize(
    ("matrix", "targets"),
    [
        ("{stage: [prod, test]}", ["prod", "test"]),
        ("{include: [{stage: prod}, {stage: test}]}", ["prod", "test"]),
        ("{stage: [prod], include: [{stage: prod, fast: 1}, {stage: test}]}", ["prod", "test"]),
        ("{stage: [prod, prod]}", ["prod"]),
        ("{stage: '${{ fromJSON(needs.list.outputs.stages) }}'}", ["${{ matrix.stage }}"]),
        ("{include: '${{ fromJSON(needs.list.outputs.stages) }}'}", ["${{ matrix.stage }}"]),
        ("{stage: []}", ["${{ matrix.stage }}"]),
    ],
)
def test_a_matrix_names_the_targets(matrix: str, targets: list[str]) -> None:
    text = (
        f"jobs:\n  image:\n    strategy:\n      matrix: {matrix}\n    steps:\n"
        "      - uses: docker/build-push-action@v6\n        with:\n          target: ${{ matrix.stage }}\n"
    )
    builds = builds_in(".github/workflows/image.yml", text.encode())
    assert [build.target for build in builds] == targets
    assert [build.development for build in builds] == [target == "test" for target in targets]


def test_what_a_workflow_does_not_say_stays_open() -> None:
    text = MATRIX.replace(b"FOLDER: docker", b"OTHER: docker")
    assert not builds_in(".github/workflows/images.yml", text), "no Dockerfile is known"
