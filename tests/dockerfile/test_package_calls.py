"""Calls of package managers, whichever the manager."""

import pytest

from rules.dockerfile.package_calls import package_calls
from tests.dockerfile.shelling import call, calls, last_script, packages


@pytest.mark.parametrize(
    ("code", "manager", "program", "action"),
    [
        ("apt update", "apt", "apt", "update"),
        ("sudo -E /usr/bin/apt-get install a", "apt", "apt-get", "install"),
        ("aptitude safe-upgrade", "apt", "aptitude", "upgrade"),
        ("apk del a", "apk", "apk", "remove"),
        ("dnf5 install a", "dnf", "dnf5", "install"),
        ("yum localinstall a", "yum", "yum", "install"),
        ("microdnf clean all", "microdnf", "microdnf", "clean"),
        ("tdnf makecache", "tdnf", "tdnf", "update"),
        ("zypper -n ref", "zypper", "zypper", "update"),
        ("pacman -Syu", "pacman", "pacman", "upgrade"),
        ("brew cleanup", "brew", "brew", "clean"),
        ("pip3.11 download a", "pip", "pip3.11", "download"),
        ("python3 -u -m pip install a", "pip", "python3 -m pip", "install"),
        ("python3 -mpip install a", "pip", "python3 -m pip", "install"),
        ('"$VENV/bin/python" -m pip wheel .', "pip", "python -m pip", "build"),
        ("uv sync", "uv", "uv", "sync"),
        ("uv pip install a", "uv", "uv pip", "install"),
        ("uv tool install a", "uv", "uv", "install"),
        ("pipx upgrade-all", "pipx", "pipx", "upgrade"),
        ("poetry lock", "poetry", "poetry", "lock"),
        ("python -m poetry install", "poetry", "python -m poetry", "install"),
        ("pipenv sync", "pipenv", "pipenv", "sync"),
        ("pdm build", "pdm", "pdm", "build"),
        ("micromamba clean -a", "conda", "micromamba", "clean"),
        ("npm ci", "npm", "npm", "install"),
        ("npm run build", "npm", "npm", "run"),
        ("npm prune --omit=dev", "npm", "npm", "remove"),
        ("pnpm fetch", "pnpm", "pnpm", "download"),
        ("pnpm build", "pnpm", "pnpm", "run"),
        ("pnpm config set a b", "pnpm", "pnpm", "other"),
        ("yarn", "yarn", "yarn", "install"),
        ("yarn --version", "yarn", "yarn", "other"),
        ("yarn cache clean", "yarn", "yarn", "clean"),
        ("yarn set version 4", "yarn", "yarn", "other"),
        ("corepack yarn workspaces focus", "yarn", "yarn", "install"),
        ("bun a b", "bun", "bun", "install"),
        ("gem update --system", "gem", "gem", "upgrade"),
        ("bundle", "bundle", "bundle", "install"),
        ("bundler exec a", "bundle", "bundler", "run"),
        ("php composer.phar update", "composer", "php composer.phar", "upgrade"),
        ("go mod download", "go", "go", "download"),
        ("/usr/local/go/bin/go1.22 test ./...", "go", "go1.22", "run"),
        ("cargo +nightly build", "cargo", "cargo", "build"),
        ("dotnet publish", "dotnet", "dotnet", "build"),
        ("dotnet App.dll", "dotnet", "dotnet", "run"),
        ("mix deps.get --only prod", "mix", "mix", "install"),
        ("mix do deps.get, compile", "mix", "mix", "install"),
    ],
)
def test_a_call_has_manager_program_and_action(code: str, manager: str, program: str, action: str) -> None:
    found = calls(code)[-1]
    assert (found.manager, found.program, found.action) == (manager, program, action)


@pytest.mark.parametrize(
    "code",
    ["echo apt-get install a", "which pip", "python a.py -m pip", "python -m venv x", "./pip.sh", "apt-key add a"],
)
def test_what_only_names_a_manager_is_no_call(code: str) -> None:
    assert calls(code) == ()


def test_calls_stand_in_the_order_of_the_script() -> None:
    found = calls("apt-get update && (apt-get install -y a || true) && sh -c 'pip install b' && uv run pip install c")
    assert [(each.manager, each.verb) for each in found] == [
        *(("apt", "update"), ("apt", "install"), ("pip", "install"), ("uv", "run"), ("pip", "install")),
    ]


def test_the_exec_form_is_a_call_too() -> None:
    (found,) = package_calls(last_script('RUN ["apk", "add", "--no-cache", "curl"]'))
    assert (found.manager, [package.name for package in found.packages]) == ("apk", ["curl"])


def test_known_variables_are_put_in_and_split() -> None:
    code = "apt-get install -y $DEPS ${MORE} python$V-dev x=$W"
    env = {"DEPS": "a b=1", "MORE": "c", "V": "3"}
    assert packages(code, env) == ["a", "b =1", "c", "python3-dev", "x =$W"]


def test_variables_that_the_script_sets_are_known() -> None:
    found = calls('A="a b" && B=c; export C="$B d"; apt-get install $A $C')
    assert [package.name for package in found[0].packages] == ["a", "b", "c", "d"]


@pytest.mark.parametrize(
    "code",
    [
        "apt-get install $A",
        "A=$(b); apt-get install $A",
        "if a; then A=b; fi; apt-get install $A",
        "apt-get install ${A:-b}",
        "apt-get install `b`",
    ],
)
def test_what_is_not_known_stays_a_variable(code: str) -> None:
    assert [package.kind for package in calls(code)[-1].packages] == ["variable"]


def test_a_manager_may_be_named_by_a_variable() -> None:
    assert call("$PIP install a", {"PIP": "/venv/bin/pip"}).manager == "pip"


def test_braces_are_multiplied_out_as_bash_does() -> None:
    assert packages("yum install php-{cli,fpm} '{a,b}' x{1,2}{3,4}") == [
        *("php-cli", "php-fpm", "{a,b}", "x13", "x14", "x23", "x24"),
    ]


def test_a_package_has_the_place_of_its_word() -> None:
    code = "apt-get install -y curl 'wget=1'"
    assert [code[package.word.start : package.word.end] for package in call(code).packages] == ["curl", "'wget=1'"]


def test_a_flag_is_found_in_any_spelling() -> None:
    found = call("apt-get -qy install a")
    assert [found.has(flag) for flag in ("-y", "--yes", "--assume-yes", "--fix-broken")] == [True, True, True, False]
    assert found.flags == {"--quiet", "--assume-yes"}


def test_a_flag_that_is_switched_off_is_not_given() -> None:
    assert not call("npm install --production=false").has("--production")


def test_an_option_gives_its_last_value() -> None:
    found = call("pip install -i a --index-url=b c")
    assert (found.option("-i"), found.option("--index-url"), found.option("--target")) == ("b", "b", None)


def test_a_flag_has_its_word() -> None:
    code = "npm ci --only=production"
    word = call(code).flag_word("--only")
    assert word is not None
    assert code[word.start : word.end] == "--only=production"


def test_the_subcommand_has_its_word() -> None:
    found = call("uv --quiet pip install a")
    assert found.subcommand is not None
    assert (found.verb, found.subcommand.value) == ("pip install", "install")


def test_a_piped_answer_is_an_assumed_yes() -> None:
    assert [call(code).assume_yes for code in ("yes | apt-get install a", "echo Y | apt-get install a")] == [True, True]
    assert not call("cat a | apt-get install b").assume_yes
    assert not calls("yes; apt-get install a")[0].assume_yes


def test_a_call_shows_what_it_does() -> None:
    assert repr(call("pip install a==1 b")) == "<pip install a==1 b>"
