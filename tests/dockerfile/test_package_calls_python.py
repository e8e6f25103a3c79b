"""pip, uv, pipx, poetry, pipenv, pdm, conda."""

import pytest

from tests.dockerfile.shelling import call, calls, packages


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (
            "pip install a b==1.2 'c>=1,<2' d~=1.0 e===1 f!=2",
            ["a", "b ==1.2", "c >=1,<2", "d ~=1.0", "e ===1", "f !=2"],
        ),
        ("pip install 'a[b,c]==1' 'd ; python_version<\"3\"' 'e (>=1)'", ["a ==1", "d", "e (>=1)"]),
        ("pip install -r a.txt -c b.txt -i https://c --trusted-host d -t e -qU f", ["f"]),
        ("pip install --no-binary :all: --platform a --only-binary=:all: b", ["b"]),
        ("pip install . ./a '.[dev]' /b c/d e.whl", ["./a (path)"]),
        ("pip install git+https://a/b@v1 https://a/b.zip 'c @ git+https://a/c'", None),
        ("pip install a==$V $B", ["a ==$V", "$B (variable)"]),
        ("pip uninstall -y a", ["a"]),
        ("pip cache purge", []),
        ("uv pip install --system --python 3.12 a==1", ["a ==1"]),
        ("uv add --group dev a", ["a"]),
        ("uv tool install --with b ruff@0.1", ["ruff @0.1"]),
        ("uv python install 3.12", []),
        ("uv sync --extra a --no-group b", []),
        ("pipx install a==1", ["a ==1"]),
        ("poetry add --group dev a@^1", ["a @^1"]),
        ("pipenv install a", ["a"]),
        ("pdm add -G dev a", ["a"]),
        (
            "conda install -c conda-forge -n base -y a=1.2 b==1 'c>=2' d::e f=1=g",
            ["a =1.2", "b ==1", "c >=2", "e", "f =1=g"],
        ),
    ],
)
def test_packages_are_told_from_options_and_values(code: str, expected: list[str] | None) -> None:
    found = packages(code)
    if expected is None:
        assert found == ["git+https://a/b@v1 (vcs)", "https://a/b.zip (url)", "c @git+https://a/c (vcs)"]
    elif expected == ["./a (path)"]:
        assert found == [f"{path} (path)" for path in (".", "./a", ".[dev]", "/b", "c/d", "e.whl")]
    else:
        assert found == expected


@pytest.mark.parametrize(
    ("code", "manifests"),
    [
        ("pip install -r a.txt -rb.txt --requirement=c.txt", ("a.txt", "b.txt", "c.txt")),
        ("pip install a -c b.txt", ("b.txt",)),
        ("pip install . && true", (".",)),
        ("pip install -e '.[dev]'", (".",)),
        ("pip install ./a.whl", ()),
        ("uv sync", ("pyproject.toml", "uv.lock")),
        ("uv pip install -r pyproject.toml", ("pyproject.toml",)),
        ("uv pip install a", ()),
        ("poetry install", ("pyproject.toml", "poetry.lock")),
        ("pipenv install --deploy", ("Pipfile", "Pipfile.lock")),
        ("pipenv install a", ()),
        ("pdm install", ("pyproject.toml", "pdm.lock")),
        ("conda env create -f a.yml", ("a.yml",)),
        ("conda env update", ("environment.yml",)),
        ("micromamba install -y -n base -f b.yaml", ("b.yaml",)),
        ("conda install a", ()),
    ],
)
def test_the_files_that_say_what_to_install_are_known(code: str, manifests: tuple[str, ...]) -> None:
    assert call(code).manifests == manifests


@pytest.mark.parametrize(
    "code",
    ["pip install -r a.txt", "pip install .", "uv sync", "poetry install", "pipenv sync", "conda env create -f a.yml"],
)
def test_installing_what_a_project_asks_for_is_told_from_installing_a_package(code: str) -> None:
    assert call(code).project


@pytest.mark.parametrize("code", ["pip install a -r b.txt", "uv add a", "pip install git+https://a/b", "poetry lock"])
def test_naming_a_package_is_no_project_install(code: str) -> None:
    assert not call(code).project


@pytest.mark.parametrize(
    "code",
    [
        "uv sync --no-dev",
        "poetry install --only main",
        "poetry install --without=dev,test",
        "poetry install --no-dev",
        "pdm sync --prod",
    ],
)
def test_leaving_out_developers_packages_is_known(code: str) -> None:
    assert call(code).production
    assert not call(code.split(" -", maxsplit=1)[0]).production


@pytest.mark.parametrize(
    "code",
    [
        "uv sync --frozen",
        "uv sync --locked",
        "pip install --require-hashes -r a",
        "pipenv install --deploy",
        "pipenv sync",
        "pdm sync",
    ],
)
def test_holding_to_the_lock_is_known(code: str) -> None:
    assert call(code).frozen


@pytest.mark.parametrize("code", ["uv sync", "pip install -r a", "pipenv install", "pdm install"])
def test_not_holding_to_the_lock_is_known(code: str) -> None:
    assert not call(code).frozen


@pytest.mark.parametrize(
    ("code", "env"),
    [
        ("pip install --no-cache-dir a", {}),
        ("PIP_NO_CACHE_DIR=1 pip install a", {}),
        ("pip install a", {"PIP_NO_CACHE_DIR": "1"}),
        ("export PIP_NO_CACHE_DIR=1 && pip install a", {}),
        ("pip config set global.no-cache-dir true; pip install a", {}),
        ("uv pip install --no-cache a", {}),
        ("uv sync -n", {}),
        ("uv sync", {"UV_NO_CACHE": "1"}),
    ],
)
def test_keeping_no_downloads_is_known(code: str, env: dict[str, str]) -> None:
    assert calls(code, env)[-1].no_cache


def test_a_target_folder_is_known() -> None:
    found = [call(f"pip install {flag} a").target for flag in ("--target b", "--prefix=/c", "-t d", "")]
    assert found == ["b", "/c", "d", None]


def test_installing_for_one_user_or_in_place_is_known() -> None:
    assert call("pip install --user a").user
    assert call("pip install -e .").editable
    assert call("uv tool install a").global_
