"""apt, apk, dnf and kin, zypper, pacman, brew."""

import pytest

from tests.dockerfile.shelling import call, calls, packages


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (
            "apt-get install -y --no-install-recommends a b=1.2 c/bookworm d:amd64 e*",
            ["a", "b =1.2", "c /bookworm", "d", "e*"],
        ),
        ("apt-get -o Dpkg::Use-Pty=0 install -qq -t bookworm-backports g++ a+ b-", ["g++", "a"]),
        ("apt-get install ./a.deb /tmp/b.deb c.deb", ["./a.deb (path)", "/tmp/b.deb (path)", "c.deb (path)"]),
        ("apt-get install a=${A}* b-$B=1 c:$ARCH", ["a =${A}*", "b-$B =1 (variable)", "c"]),
        ("apt-get install standard^", ["standard (group)"]),
        ("apt-get build-dep a", ["a (group)"]),
        ("apt-get purge -y --auto-remove a", ["a"]),
        ("apt-get update", []),
        ("apk add -t .deps -X http://a --no-cache b c=1 d~2 'e>=3' f@edge", ["b", "c =1", "d ~2", "e >=3", "f @edge"]),
        ("apk add --virtual=.deps $A ./b.apk", ["$A (variable)", "./b.apk (path)"]),
        ("apk del .deps a", [".deps (group)", "a"]),
        (
            "dnf install -y a-1.2 b-1.2-3.el9 c-17-d e.x86_64 f-1.* g",
            ["a -1.2", "b -1.2-3.el9", "c-17-d", "e", "f -1.*", "g"],
        ),
        ("dnf install java-1.8.0-openjdk gcc-toolset-12 a-$A_VERSION 'b >= 2'", None),
        ("dnf install @dev 'https://a/b.rpm' ./c.rpm", ["dev (group)", "https://a/b.rpm (url)", "./c.rpm (path)"]),
        ("yum groupinstall 'Development Tools'", ["Development Tools (group)"]),
        ("dnf --setopt=a=b --enablerepo c -x d --repo e install f", ["f"]),
        ("microdnf install --nodocs --setopt install_weak_deps=0 a", ["a"]),
        ("zypper -n in -t pattern a=1 'b>=2'", ["a =1", "b >=2"]),
        ("pacman -S --noconfirm a b", ["a", "b"]),
        ("brew install a@1", ["a @1"]),
    ],
)
def test_packages_are_told_from_options_and_values(code: str, expected: list[str] | None) -> None:
    many = ["java-1.8.0-openjdk", "gcc-toolset-12", "a -$A_VERSION", "b >= 2"]
    assert packages(code) == (many if expected is None else expected)


@pytest.mark.parametrize(
    "code",
    [
        "apt-get -y install a",
        "apt-get install a -qqy",
        "apt-get install --yes a",
        "apt-get install -qq a",
        "apt-get install -q=2 a",
        "apt-get -o APT::Get::Assume-Yes=true install a",
        "yum --assumeyes install a",
        "microdnf install a",
        "zypper --non-interactive in a",
        "zypper in -y a",
        "pacman -S --noconfirm a",
        "apk add a",
        "conda install -y a",
        "conda clean -afy",
    ],
)
def test_a_call_that_asks_nothing_is_known(code: str) -> None:
    assert call(code).assume_yes


@pytest.mark.parametrize(
    "code",
    ["apt-get install a", "apt-get install -q a", "dnf install a", "zypper in a", "pacman -S a", "conda install a"],
)
def test_a_call_that_asks_is_known(code: str) -> None:
    assert not call(code).assume_yes


@pytest.mark.parametrize(
    "code",
    [
        "apt-get install --no-install-recommends a",
        "apt-get -o APT::Install-Recommends=false install a",
        "aptitude install -R a",
        "dnf install --setopt=install_weak_deps=False a",
        "zypper in --no-recommends a",
    ],
)
def test_leaving_out_recommended_packages_is_known(code: str) -> None:
    assert call(code).no_recommends


def test_apk_groups_packages_under_a_name() -> None:
    assert [call(code).virtual for code in ("apk add -t a b", "apk add --virtual=a b", "apk add b")] == ["a", "a", None]
    assert call("apk add --no-cache a").no_cache


@pytest.mark.parametrize(
    ("code", "action"),
    [
        ("pacman -Sy", "update"),
        ("pacman -Syu a", "install"),
        ("pacman -U a.pkg.tar.zst", "install"),
        ("pacman -Rns a", "remove"),
        ("pacman -Scc", "clean"),
        ("pacman -Sw a", "download"),
        ("pacman -Ss a", "other"),
        ("pacman -Q", "other"),
    ],
)
def test_the_letters_of_pacman_say_what_it_does(code: str, action: str) -> None:
    assert call(code).action == action


def test_another_root_is_a_target() -> None:
    assert call("dnf install --installroot /mnt a").target == "/mnt"


def test_a_search_of_packages_is_neither_install_nor_remove() -> None:
    assert [each.action for each in calls("apt-get check; apk info a; dnf list b; apt-cache policy c")] == ["other"] * 3


@pytest.mark.parametrize(
    ("code", "action"),
    [
        ("add-apt-repository -y ppa:till/stable", "update"),
        ("sudo apt-add-repository --yes --component universe", "update"),
        ("add-apt-repository -yn ppa:till/stable", "other"),
        ("add-apt-repository --no-update universe", "other"),
        ("add-apt-repository --remove ppa:till/stable", "other"),
    ],
)
def test_adding_an_archive_fetches_apts_lists_unless_told_otherwise(code: str, action: str) -> None:
    assert (call(code).manager, call(code).action, call(code).packages) == ("apt", action, ())
