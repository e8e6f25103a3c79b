"""The table of what a change does to an image."""

from __future__ import annotations

from datetime import date

import pytest

from bot.review.diagram import diagrams
from bot.review.images import notices, tables
from rules.engine import changes

TODAY = date(2026, 11, 20)
SLIM = "FROM debian:12-slim\n"


def table(before: str, after: str) -> list[str]:
    """Return the rows below the header of the one table, the footnote included."""
    old = {"Dockerfile": before.encode()} if before else {}
    (block,) = tables(changes(old, {"Dockerfile": after.encode()}, today=TODAY))
    return [line for line in block.text.splitlines()[2:] if line]


@pytest.mark.parametrize(
    ("before", "after", "row"),
    [
        ("FROM node:20-slim\n", "FROM node:22-slim\n", "| Base image | `node:20-slim` | `node:22-slim` |"),
        (
            "FROM node:20-slim\n",
            "FROM node:22-slim\n",
            "| Security fixes | `Node.js 20`: ended 2026-04-30 | `Node.js 22`: until 2027-04-30 |",
        ),
        (SLIM, SLIM + "USER app:app\n", "| User | root by default | `app:app` |"),
        ("FROM private/x\n", "FROM private/x\nUSER 7\n", "| User | unknown | `7` |"),
        ("FROM private/x\nUSER 7\n", "FROM private/x\nARG U\nUSER $U\n", "| User | `7` | unknown: `$U` |"),
        (SLIM + 'CMD ["a", "b"]\n', SLIM + "CMD a b\n", '| Command | `["a", "b"]` | `a b` (in a shell) |'),
        (
            "FROM nginx:1.28\n",
            "FROM nginx:1.28\nCMD []\n",
            '| Command | `["nginx", "-g", "daemon off;"]` (from the base image) | none |',
        ),
        (SLIM, SLIM + "HEALTHCHECK CMD a || b\n", "| Health check | none | `a \\|\\| b` (in a shell) |"),
        (SLIM + "EXPOSE 80 81/udp\n", SLIM + "EXPOSE 80/tcp 82\n", "| Ports | `81/udp` | `82` |"),
        (SLIM + "ENV A=1 B=2\n", SLIM + "ENV A=1 B=3\n", "| Environment | `B=2` | `B=3` |"),
        (SLIM, SLIM + "ENV A=1\nENV B:2\nENV C=1 D:2\n", "| Environment |  | `A=1` |"),
        (SLIM, SLIM + "ENV API_TOKEN=s3cr3t-value\n", "| Environment |  | `API_TOKEN` (not shown) |"),
        (SLIM, SLIM + "RUN apt-get install -y tini\n", "| Packages |  | `tini` (749 kB) |"),
        (SLIM, SLIM + "RUN pip install flask\n", "| Python packages |  | `flask` |"),
        (
            SLIM + "COPY a b /x/\n",
            SLIM + "COPY . /x\n",
            "| Copied in | `a` to `/x`<br>`b` to `/x` | the whole build context to `/x` |",
        ),
        (SLIM, SLIM + "RUN a\nRUN b\n", "| Layers | 0 on top of the base image | 2 on top of the base image |"),
        (
            "FROM alpine:3.22\n",
            "FROM alpine:3.22\nRUN apk add jq\n",
            "| Estimated size | no packages | unknown: no sizes of Alpine's packages are at hand |",
        ),
        (
            "FROM private/x\n",
            "FROM private/x\nRUN apt-get install -y jq\n",
            "| Estimated size | no packages | unknown: what its base image holds is not known |",
        ),
        (
            SLIM,
            SLIM + "RUN apt-get install -y --no-install-recommends jq docker-ce\n",
            "| Estimated size | no packages | unknown: no size of `docker-ce` is at hand |",
        ),
        (
            SLIM,
            SLIM + "COPY x.list /etc/apt/sources.list.d/\nRUN apt-get install -y --no-install-recommends jq\n",
            "| Estimated size | no packages | unknown: packages may come from a source that is added |",
        ),
        (
            "FROM debian:11-slim\n",
            "FROM debian:11-slim\nRUN apt-get install -y jq\n",
            "| Estimated size | no packages | unknown: no sizes for this release of Debian are at hand |",
        ),
        (
            "FROM python:3.12-bookworm\n",
            "FROM python:3.12-bookworm\nRUN apt-get install -y --no-install-recommends jq\n",
            "| Estimated size | no packages | at most 1.2 MB of packages |",
        ),
        (
            "FROM python:3.12-bookworm\n",
            "FROM python:3.12-bookworm\nRUN apt-get install -y jq\n",
            "| Estimated size | no packages | unknown: some of the recommended packages are in the base image |",
        ),
    ],
)
def test_a_row_says_what_changed(before: str, after: str, row: str) -> None:
    assert row in table(before, after)


def test_without_a_date_nothing_is_said_of_the_end_of_life() -> None:
    (block,) = tables(changes({}, {"Dockerfile": b"FROM node:20-slim\n"}))
    assert "Security fixes" not in block.text


def test_only_what_changed_has_a_row() -> None:
    text = SLIM + 'USER 7\nENV A=1\nENTRYPOINT ["a"]\n'
    assert table(text, text + "EXPOSE 80\n") == ["| Ports |  | `80` |"]


def test_a_change_that_leaves_the_image_alone_has_no_table() -> None:
    assert tables(changes({"Dockerfile": SLIM.encode()}, {"Dockerfile": f"# why\n{SLIM}".encode()})) == ()


def test_sizes_name_their_basis() -> None:
    rows = table(SLIM, SLIM + "RUN apt-get install -y --no-install-recommends gcc\n")
    assert rows[-2].startswith("| Estimated size | no packages | 1")
    assert rows[-1].startswith("<sub>Sizes are those of Debian's package metadata of 20")


def test_a_package_that_a_later_layer_removes_is_still_weighed() -> None:
    rows = table(SLIM, SLIM + "RUN apt-get install -y --no-install-recommends gcc\nRUN apt-get remove gcc\n")
    assert any(row.startswith("| Estimated size | no packages | 1") for row in rows)
    assert not any(row.startswith("| Packages") for row in rows)


def test_a_new_image_is_described_in_one_column() -> None:
    assert table("", SLIM + "USER 7\n")[:3] == [
        "| Base image | `debian:12-slim` |",
        "| Security fixes | `Debian 12`: until 2028-06-30 |",
        "| User | `7` |",
    ]


def test_a_long_list_is_cut_by_whole_values() -> None:
    variables = " ".join(f"V{number}=x" for number in range(20))
    assert "`V7=x`<br>and 12 more |" in table(SLIM, f"{SLIM}ENV {variables}\n")[0]


def test_every_target_has_its_table() -> None:
    both = {
        "compose.yaml": b"services: {a: {build: {context: ., target: web}}, b: {build: {context: ., target: job}}}\n"
    }
    before = {**both, "Dockerfile": b"FROM alpine:3.22 AS web\nFROM alpine:3.22 AS job\n"}
    after = {**both, "Dockerfile": b"FROM alpine:3.23 AS web\nFROM alpine:3.23 AS job\n"}
    assert [block.heading for block in tables(changes(before, after))] == [
        "What changes in the image of `web` in `Dockerfile`",
        "What changes in the image of `job` in `Dockerfile`",
    ]


def test_a_value_cannot_leave_its_cell() -> None:
    rows = table(SLIM, SLIM + 'ENV A="x|y\\n<b>@all` | z"\n')
    assert rows[0].replace("\\|", "").count("|") == 4


def test_a_file_of_thousands_of_stages_has_no_table_and_no_picture() -> None:
    chain = "FROM a AS s0\n" + "".join(f"FROM s{at - 1} AS s{at}\n" for at in range(1, 5_000))
    found = changes({}, {"Dockerfile": chain.encode()}, today=TODAY)
    assert (tables(found), diagrams(found)) == ((), ())
    assert notices(found) == ("`Dockerfile` has 5,000 stages: its images and stages are not shown.",)
    assert tables(changes({"Dockerfile": chain.encode()}, {"Dockerfile": SLIM.encode()}, today=TODAY)) == ()


def noticed(before: str, after: str) -> tuple[str, ...]:
    """Return what is said besides the tables when two targets are built."""
    builds = b"services: {a: {build: {context: ., target: web}}, b: {build: {context: ., target: job}}}\n"
    trees = ({"compose.yaml": builds, "Dockerfile": text.encode()} for text in (before, after))
    return notices(changes(*trees))


WEB, JOB = "FROM alpine:3.22 AS web\n", "FROM alpine:3.22 AS job\n"


def test_an_image_whose_stage_is_gone_is_named() -> None:
    assert noticed(WEB + JOB, JOB) == ("`web` in `Dockerfile` no longer ships: its stage is gone.",)


def test_an_image_that_is_no_longer_a_target_is_named() -> None:
    assert noticed(WEB + JOB, WEB + JOB) == ()
    found = notices(changes({"Dockerfile": WEB.encode()}, {"Dockerfile": (WEB + "FROM web AS debug\n").encode()}))
    assert found == ("`web` in `Dockerfile` no longer ships: it is still in the file, but not what a build makes.",)


def test_a_deleted_dockerfile_is_named() -> None:
    assert notices((), ["a/Dockerfile"]) == ("`a/Dockerfile` is deleted: its image is no longer built from here.",)


def test_images_beyond_the_last_table_are_counted() -> None:
    many = {f"{number}/Dockerfile": SLIM.encode() for number in range(12)}
    assert notices(changes({}, many)) == ("2 more images with changes, for which there is no table.",)


def test_packages_that_a_script_of_the_project_may_install_now_are_not_shown_as_gone() -> None:
    text = SLIM + "COPY . /src\nRUN apt-get update && apt-get install -y jq && pip install flask\n"
    moved = SLIM + "COPY . /src\nUSER 7\nRUN /src/tools/build\n"
    assert table(text, moved) == ["| User | root by default | `7` |"]


def test_a_command_substitution_in_a_list_is_no_package_and_what_it_prints_is_not_gone() -> None:
    text = SLIM + "RUN apt-get install -y gcc-multilib make\n"
    now = SLIM + 'RUN apt-get install -y make jq $([ "$ARCH" = amd64 ] && echo gcc-multilib)\n'
    assert "| Packages |  | `jq` (1.2 MB) |" in [row for row in table(text, now) if row.startswith("| Packages")]
