"""The tables themselves: small, quick, made from their raw sources byte for byte."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
import zipfile
from datetime import date
from pathlib import Path
from typing import Any

import pytest

import rules.data
from rules.data import load, parts
from rules.data.build.late_systems import without_impossible_release
from rules.dockerfile.reference import parse_reference
from rules.facts.images import image_facts

TABLES = Path(rules.data.__file__).parent
MEBIBYTE = 2**20

FIRST_FACT = """
import time
begin = time.process_time()
import datetime
from rules.dockerfile.reference import parse_reference
from rules.facts import eol, images, packages
reference = parse_reference("node:18-slim")
assert images.image_facts(reference).has_tool("curl") is False
assert eol.all_end_of_life(reference, datetime.date(2026, 1, 1))[0].cycle == "18"
assert packages.runtime_of("libpq-dev", "debian", "bookworm") == ("libpq5",)
print(time.process_time() - begin)
"""


def test_the_tables_are_smaller_than_two_mebibytes() -> None:
    assert sum(path.stat().st_size for path in TABLES.glob("*.zip")) < 2 * MEBIBYTE


def test_the_first_facts_take_less_than_fifty_milliseconds() -> None:
    # Importing `rules` itself is not counted; CPU time, the least of three runs: a busy machine is not our business.
    script = "import rules\n" + FIRST_FACT
    runs = [
        subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True) for _ in range(3)
    ]
    assert min(float(run.stdout) for run in runs) < 0.05


def test_every_table_says_how_old_it_is_and_where_it_comes_from() -> None:
    readme = (TABLES / "README.md").read_text()
    for table in ("images", "eol", "debian", "recommends", "alpine"):
        assert f"`{table}.zip`" in readme
        assert load(table, "meta")
    assert load("images", "meta")["data_date"] in readme
    assert load("eol", "meta")["commit_date"][:10] in readme
    assert load("debian", "meta")["generated"] in readme
    assert load("recommends", "meta")["generated"] in readme


def test_a_part_that_a_table_does_not_have_is_none() -> None:
    assert load("images", "no/such/image") is None
    assert "python" in parts("images")


def raw_images() -> dict[str, Any]:
    empty = dict.fromkeys(("entrypoint", "workdir", "release"))
    shared = {
        "kind": "runtime",
        "user": "",
        "libc": "glibc",
        "pm": "apt",
        "source": "x",
        "how": "exact",
        "distro": "debian",
    }
    shape = (
        empty
        | shared
        | {"match": r"^\d+(?:\.\d+)*-slim$", "cmd": ["run"], "tools": ["sh"], "env": {"V": "1", "W": "w"}}
    )
    other = empty | shared | {"match": r"^(?:edge|next\-edge)$", "cmd": None, "tools": []}
    distroless = {
        f"gcr.io/distroless/{name}-debian13": {"registry": "gcr.io", "variants": [other]}
        for name in ("static", "base", "base-nossl", "cc", "java-base", "python3", "nodejs22", "java21")
    }
    dotnet = {
        f"mcr.microsoft.com/dotnet/{name}": {"registry": "mcr.microsoft.com", "variants": [other]}
        for name in ("aspnet", "runtime", "runtime-deps", "sdk")
    }
    images = {"tool": {"registry": "docker.io/library", "variants": [shape, other]}} | distroless | dotnet
    return {"meta": {"generated": "2026-01-02", "sources": {}}, "images": images}


def raw_tags() -> dict[str, Any]:
    configs = [
        {"cmd": ["run"], "tools": ["sh"], "distro": ["debian", "trixie"]},
        {"cmd": ["old"], "tools": ["sh"], "distro": ["debian", "buster"], "users": [["app", "1"], ["x", ""]]},
    ]
    return {
        "meta": {"data_date": "2026-01-01"},
        "configs": configs,
        "images": {"tool": {"0:0": "2-slim", "9:1": "1-slim"}},
    }


def build(table: str, output: Path, *raw: tuple[str, bytes]) -> bytes:
    files = []
    for name, content in raw:
        path = output / name
        path.write_bytes(content)
        files.append(str(path))
    command = [sys.executable, "-m", f"rules.data.build.{table}", *files, "--output", str(output)]
    subprocess.run(command, check=True, capture_output=True, cwd=TABLES.parent.parent)
    return (output / f"{table}.zip").read_bytes()


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """A folder of tables made from made-up raw sources."""
    images = json.dumps(raw_images()).encode()
    tags = gzip.compress(json.dumps(raw_tags()).encode())
    build("images", tmp_path, ("base_images.json", images), ("official_tags.json.gz", tags))
    return tmp_path


def part(folder: Path, table: str, name: str) -> Any:
    with zipfile.ZipFile(folder / f"{table}.zip") as archive:
        return json.loads(archive.read(f"{name}.json"))


def test_a_shape_of_tags_notes_what_its_tags_do_not_share(built: Path) -> None:
    shape, listed = part(built, "images", "tool")["variants"]
    assert shape["old_doubt"] == ["cmd", "users"]
    assert "doubt" not in shape
    assert listed["tags"] == ["edge", "next-edge"]


def test_a_shape_of_tags_keeps_no_value_of_one_version(built: Path) -> None:
    tool = part(built, "images", "tool")
    config = tool["configs"][tool["variants"][0]["config"]]
    assert config["env"] == {"W": "w"}
    assert config["env_names"] == ["V", "W"]


def test_the_same_sources_make_the_same_bytes(built: Path, tmp_path: Path) -> None:
    before = (built / "images.zip").read_bytes()
    images, tags = ((built / name).read_bytes() for name in ("base_images.json", "official_tags.json.gz"))
    assert build("images", tmp_path, ("base_images.json", images), ("official_tags.json.gz", tags)) == before


def test_a_package_recommends_nothing_where_all_below_it_recommends_nothing(tmp_path: Path) -> None:
    base = "Package: bash\nPriority: required\nRecommends: manual\n\n"
    index = (
        "Package: lone\nDepends: bash, aa | bb\nRecommends: bash, nowhere\n\n"
        "Package: aa\nProvides: letter\nRecommends: bash | lone\n\n"
        "Package: top\nDepends: middle (>= 2), letter\n\n"
        "Package: middle\nRecommends: manual | guide\n\n"
        "Package: manual\n"
    )
    raw = [(f"Packages.{release}", (base + index).encode()) for release in ("bullseye", "bookworm")]
    raw.append(("Packages.trixie", (base + index.replace("Recommends: manual | guide", "X: y")).encode()))
    build("recommends", tmp_path, ("names.txt", b"lone\ntop\nletter\nmanual\n$(cat list)\nno-such\n"), *raw)
    assert part(tmp_path, "recommends", "everywhere") == ["letter", "lone", "manual"]
    assert part(tmp_path, "recommends", "trixie") == ["top"]
    assert part(tmp_path, "recommends", "bookworm") == []


def test_a_program_comes_by_a_recommendation_alone_where_no_dependency_brings_it(tmp_path: Path) -> None:
    index = (
        "Package: bash\nPriority: required\n\nPackage: keys\nRecommends: gnupg (>= 1) | ring\n\n"
        "Package: kit\nDepends: keys\nRecommends: ssh-client\n\nPackage: both\nDepends: keys, gnupg\n\n"
        "Package: gnupg\nDepends: dirmngr\n\nPackage: dirmngr\n\nPackage: openssh-client\nProvides: ssh-client\n"
    )
    raw = [(f"Packages.{release}", index.encode()) for release in ("bullseye", "bookworm", "trixie")]
    build("recommends", tmp_path, ("names.txt", b"keys\nkit\nboth\n"), *raw)
    assert part(tmp_path, "recommends", "brought") == {
        "keys": ["dirmngr", "gnupg"],
        "kit": ["dirmngr", "gnupg", "openssh-client"],
    }


@pytest.mark.parametrize(
    ("release", "gone", "kept"),
    [
        ("buster", 2338, False),  # gone in May 2019, and Debian 10 came in July
        ("buster", 2401, True),
        ("3.12", 1673, False),
        ("noble", 1000, False),
        ("stretch", 0, False),  # nobody builds upon it any more
        ("bookworm", 0, True),
        ("9-slim", 0, True),
    ],
)
def test_a_release_that_a_tag_cannot_stand_upon_is_unknown(release: str, gone: int, *, kept: bool) -> None:
    distro = "alpine" if "." in release else "debian"
    config = {"distro": distro, "release": release, "cmd": ["sh"]}
    found = without_impossible_release(config, gone, date(2026, 8, 21))
    assert found == (config if kept else {"distro": distro, "cmd": ["sh"]})


def test_a_tag_that_moved_to_a_release_of_later_is_upon_an_unknown_one() -> None:
    for text in ("elixir:latest", "elixir:1.8.1", "composer:1.2.2"):
        reference = parse_reference(text)
        assert reference is not None
        found = image_facts(reference)
        assert found is not None
        assert found.release is None
