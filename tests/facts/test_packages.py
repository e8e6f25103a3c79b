"""Packages: build-only or not, what runs instead of headers, what they weigh."""

from __future__ import annotations

import pytest

from rules.facts.distributions import Release
from rules.facts.packages import (
    depends_on,
    installed_size,
    is_build_only,
    is_in_base,
    needed_by,
    only_recommended,
    plain_name,
    recommends_nothing,
    releases,
    runtime_of,
)

MEGABYTE = 1_000_000


@pytest.mark.parametrize(
    ("package", "distro"),
    [
        ("build-essential", "debian"),
        ("gcc", "ubuntu"),
        ("g++-12", "debian"),
        ("cmake=3.25.1-1", "debian"),
        ("libpq-dev", "debian"),
        ("libssl-dev:arm64", "debian"),
        ("openjdk-17-jdk-headless", "debian"),
        ("rustc", "debian"),
        ("build-base", "alpine"),
        ("postgresql-dev", "alpine"),
        ("linux-headers", "alpine"),
        ("gcc-c++", "rhel"),
        ("openssl-devel", "amazonlinux"),
        ("@development tools", "fedora"),
    ],
)
def test_a_build_tool_is_known_as_one(package: str, distro: str) -> None:
    assert is_build_only(package, distro) is True


@pytest.mark.parametrize("package", ["git", "curl", "python3", "gettext", "libomp5-19", "default-jre-headless"])
def test_what_programs_use_is_no_build_tool(package: str) -> None:
    assert is_build_only(package, "debian") is False


@pytest.mark.parametrize(
    ("package", "distro"), [("no-such-package", "debian"), ("curl", "alpine"), ("curl", "rhel"), ("gcc", "freebsd")]
)
def test_of_other_packages_it_is_not_known(package: str, distro: str) -> None:
    assert is_build_only(package, distro) is None


@pytest.mark.parametrize(
    ("package", "distro", "release", "runtime"),
    [
        ("libpq-dev", "debian", "bookworm", ("libpq5",)),
        ("libpq-dev=15.3", "debian", Release("trixie", "13"), ("libpq5",)),
        ("libcurl4-openssl-dev", "debian", "bookworm", ("libcurl4",)),
        ("libcurl4-openssl-dev", "debian", "trixie", ("libcurl4t64",)),
        ("default-libmysqlclient-dev", "debian", "bookworm", ("libmariadb3",)),
        ("libxslt-dev", "debian", "bookworm", ("libxslt1.1",)),
        ("libpq-dev", "debian", "buster", None),
        ("libpq-dev", "debian", None, None),
        ("libpq-dev", "ubuntu", "noble", None),
        ("libpq5", "debian", "bookworm", None),
        ("postgresql-dev", "alpine", Release(number="3.20"), ("libpq",)),
        ("openssl-dev", "alpine", "3.20", ("libssl3", "libcrypto3")),
        ("ncurses-dev", "alpine", "3.16", ("ncurses-libs",)),
        ("ncurses-dev", "alpine", "3.17", ("libncursesw",)),
        ("no-such-dev", "alpine", "3.20", None),
    ],
)
def test_the_runtime_twin_of_headers_depends_on_the_release(
    package: str, distro: str, release: Release | str | None, runtime: tuple[str, ...] | None
) -> None:
    assert runtime_of(package, distro, release) == runtime


@pytest.mark.parametrize(
    ("package", "distro", "release", "answer"),
    [
        ("libssl3t64", "debian", "trixie", "yes"),
        ("libssl3", "debian", Release("bookworm", "12"), "no"),
        ("libffi8=3.4.4-1", "debian", "bookworm", "yes"),
        ("libffi8", "debian", "buster", "no"),
        ("libffi8", "ubuntu", "noble", "no"),
        ("libcrypto3", "alpine", "3.22", "yes"),
        ("libpq", "alpine", None, "no"),
    ],
)
def test_what_the_distributions_own_image_has_is_known(
    package: str, distro: str, release: Release | str | None, answer: str
) -> None:
    assert is_in_base(package, distro, release) is (answer == "yes")


def test_a_set_of_packages_weighs_what_it_adds_to_the_slim_image() -> None:
    curl = installed_size(["curl"], "debian", "bookworm")
    both = installed_size(["curl", "ca-certificates"], "debian", "bookworm")
    assert curl is not None
    assert both is not None
    assert 10 * MEGABYTE < curl < both < 20 * MEGABYTE


def test_what_packages_share_is_weighed_once() -> None:
    sizes = [installed_size(names, "debian", "trixie") for names in (["gcc"], ["gcc", "gcc"], ["gcc", "make"])]
    assert sizes[0] is not None
    assert sizes[0] == sizes[1]
    assert sizes[2] is not None
    assert 0 < sizes[2] - sizes[0] < 5 * MEGABYTE


def test_what_the_slim_image_has_weighs_nothing() -> None:
    assert installed_size(["bash", "coreutils"], "debian", Release("bookworm", "12")) == 0


def test_recommended_packages_weigh_more() -> None:
    without, included = (installed_size(["git"], "debian", "trixie", recommends=flag) for flag in (False, True))
    assert without is not None
    assert included is not None
    assert without < included


@pytest.mark.parametrize(
    ("packages", "distro", "release"),
    [
        (["curl", "no-such-package"], "debian", "bookworm"),
        (["curl"], "debian", "buster"),
        (["curl"], "ubuntu", "noble"),
    ],
)
def test_an_unknown_package_or_release_has_no_weight(packages: list[str], distro: str, release: str) -> None:
    assert installed_size(packages, distro, release) is None


def test_the_releases_of_the_table_are_told() -> None:
    assert releases() == ("bookworm", "trixie")


@pytest.mark.parametrize("text", ["curl", "curl=8.5", "curl:arm64", "curl~=8.5", "curl>8", "curl@edge", "curl/stable"])
def test_a_package_is_called_by_its_plain_name(text: str) -> None:
    assert plain_name(text) == "curl"


@pytest.mark.parametrize(
    ("package", "release"),
    [
        ("ca-certificates", None),
        ("ca-certificates=20230311", "bookworm"),
        ("libssl-dev", "noble"),
        ("libssl1.1", "focal"),
        ("tzdata", Release("trixie", "13")),
    ],
)
def test_a_package_that_recommends_nothing_is_known(package: str, release: Release | str | None) -> None:
    assert recommends_nothing(package, release) is True


@pytest.mark.parametrize(
    ("package", "answer"),
    [
        ("default-jre-headless", "yes"),
        ("httpie=3.2", "yes"),
        ("curl", "no"),
        ("bash", "no"),
        ("no-such-package", "unknown"),
    ],
)
@pytest.mark.parametrize("release", ["bookworm", Release("noble", "24.04"), None])
def test_what_a_package_depends_on_is_known(package: str, answer: str, release: Release | str | None) -> None:
    assert depends_on(package, "ca-certificates", release) is {"yes": True, "no": False, "unknown": None}[answer]


@pytest.mark.parametrize("package", ["curl", "libpq5", "nginx=1.22.1"])
def test_a_package_that_recommends_something_is_known(package: str) -> None:
    assert recommends_nothing(package, "bookworm") is False


@pytest.mark.parametrize("package", ["no-such-package", "postgresql-${PG}", "./shop.deb"])
def test_what_is_not_in_the_table_is_neither(package: str) -> None:
    assert recommends_nothing(package, "bookworm") is None


def test_what_comes_by_a_recommendation_alone_is_known() -> None:
    assert {"gnupg", "gpg"} <= only_recommended("debian-keyring")
    assert {"build-essential", "python3-dev", "make"} <= only_recommended("python3-pip=23.0.1")
    assert not only_recommended("no-such-package")


def test_what_a_package_depends_on_directly_is_known() -> None:
    assert "gnupg" in needed_by("gnupg2", "bookworm")
    assert needed_by("gnupg2", "noble") == needed_by("gnupg2", "bookworm")
    assert needed_by("no-such-package", None) == ()
