"""What a script removes of what package managers left."""

import pytest

from rules.dockerfile.package_calls import cleans
from tests.dockerfile.shelling import script


def cleaned(code: str) -> list[str]:
    return [f"{each.manager} {each.what}" for each in cleans(script(code))]


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("rm -rf /var/lib/apt/lists/*", ["apt lists"]),
        ("rm -r /var/lib/apt/lists", ["apt lists"]),
        ("rm -rf /var/lib/apt/lists/* /var/cache/apt/archives", ["apt lists", "apt cache"]),
        ("rm -rf /var/lib/{apt,dpkg,cache,log}/", ["apt lists"]),
        ("find /var/lib/apt/lists -type f -delete", ["apt lists"]),
        ("apt-get clean", ["apt cache"]),
        ("apt-get dist-clean", ["apt lists", "apt cache"]),
        ("rm -rf /var/cache/apk/*", ["apk cache"]),
        ("apk cache clean", ["apk cache"]),
        ("dnf clean all", ["dnf cache"]),
        ("microdnf clean all && rm -rf /var/cache/yum", ["dnf cache", "dnf cache"]),
        ("zypper clean -a", ["zypper cache"]),
        ("pacman -Scc --noconfirm", ["pacman cache"]),
        ("pip cache purge", ["pip cache"]),
        ("pip cache dir", []),
        ("rm -rf ~/.cache/pip", ["pip cache"]),
        ("rm -rf $HOME/.cache/uv /root/.npm", ["uv cache", "npm cache"]),
        ("uv cache prune", ["uv cache"]),
        ("npm cache clean --force", ["npm cache"]),
        ("yarn cache clean", ["yarn cache"]),
        ("conda clean -afy", ["conda cache"]),
        ("composer clear-cache", ["composer cache"]),
        ("go clean -modcache", ["go cache"]),
        ("rm -rf /usr/local/cargo/registry", ["cargo cache"]),
        ('lists=/var/lib/apt/lists; rm -rf "$lists"/*', ["apt lists"]),
        ('rm -rf "$(pip cache dir)"', ["pip cache"]),
        ("rm -rf /tmp/* /var/lib/aptitude", []),
        ("echo rm -rf /var/lib/apt/lists/*", []),
    ],
)
def test_what_is_removed_is_known(code: str, expected: list[str]) -> None:
    assert cleaned(code) == expected


def test_a_removal_knows_its_place_among_the_commands() -> None:
    (found,) = cleans(script("apt-get update && a && rm -rf /var/lib/apt/lists/* && b"))
    assert (found.order, found.command.name) == (2, "rm")


@pytest.mark.parametrize(
    ("code", "order"),
    [
        ("f() { rm -rf /var/lib/apt/lists/*; }; a; f; b", 2),
        ("function f { rm -rf /var/lib/apt/lists/*; }; a; f; f; b", 3),
        ("g() { rm -rf /var/lib/apt/lists/*; }; f() { g; }; a; f; b", 3),
        ("f() { rm -rf /var/lib/apt/lists/*; }; trap f EXIT; a; b", 3),
        ("f() { rm -rf /var/lib/apt/lists/*; }; a; b", 0),
    ],
)
def test_the_body_of_a_function_runs_where_it_is_called(code: str, order: int) -> None:
    (found,) = cleans(script(code))
    assert found.order == order
