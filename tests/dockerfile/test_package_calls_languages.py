"""gem, bundle, composer, go, cargo, dotnet, mix."""

import pytest

from tests.dockerfile.shelling import call, calls, packages


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("gem install -N a b:1.2 ./c.gem", ["a", "b :1.2", "./c.gem (path)"]),
        ("gem install a -v 2.3 --source https://b", ["a 2.3"]),
        ("gem install a -- --with-b=c", ["a"]),
        ("bundle install -j 4 --retry 3", []),
        ("bundle add a", ["a"]),
        ("composer require a/b:^1 c/d=2 -d x", ["a/b :^1", "c/d =2"]),
        ("composer global require a/b", ["a/b"]),
        ("composer create-project a/b:1 ./", ["a/b :1", "./ (path)"]),
        ("go install -ldflags '-s -w' -tags x a.org/b@v1.2 ./cmd/c", ["a.org/b @v1.2", "./cmd/c (path)"]),
        ("go build -o /a ./cmd", []),
        ("go get a.org/b", ["a.org/b"]),
        ("cargo install --locked a@1 b", ["a @1", "b"]),
        ("cargo install a --version 1.2 --features x", ["a 1.2"]),
        ("cargo +nightly install --git https://a b", ["b (vcs)"]),
        ("cargo build --release -p x --target y", []),
        ("dotnet tool install -g a --version 8.1 --tool-path /b", ["a 8.1"]),
        ("dotnet add x.csproj package a", ["a"]),
        ("dotnet restore x.csproj -r linux-x64 -p:A=B /p:C=D", []),
    ],
)
def test_packages_are_told_from_options_and_values(code: str, expected: list[str]) -> None:
    assert packages(code) == expected


@pytest.mark.parametrize(
    ("code", "manifests"),
    [
        ("bundle install", ("Gemfile", "Gemfile.lock")),
        ("bundle", ("Gemfile", "Gemfile.lock")),
        ("bundle exec a", ()),
        ("composer install", ("composer.json", "composer.lock")),
        ("composer require a/b", ()),
        ("go mod download", ("go.mod", "go.sum")),
        ("go build ./...", ("go.mod", "go.sum")),
        ("go install ./...", ("go.mod", "go.sum")),
        ("go install a.org/b@latest", ()),
        ("cargo build", ("Cargo.toml", "Cargo.lock")),
        ("cargo install --path .", ("Cargo.toml", "Cargo.lock")),
        ("cargo install a", ()),
        ("cargo chef cook --recipe-path recipe.json", ("recipe.json",)),
        ("dotnet restore src/a.csproj", ("src/a.csproj",)),
        ("dotnet publish -c Release", ("*.csproj",)),
        ("mix deps.get", ("mix.exs", "mix.lock")),
        ("mix release", ()),
    ],
)
def test_the_files_that_say_what_to_install_are_known(code: str, manifests: tuple[str, ...]) -> None:
    assert call(code).manifests == manifests


@pytest.mark.parametrize(
    ("code", "env"),
    [
        ("bundle install --without development test", {}),
        ("bundle install --without=development:test", {}),
        ("bundle config set --local without 'development test' && bundle install", {}),
        ("bundle config without development; bundle install", {}),
        ("bundle install", {"BUNDLE_WITHOUT": "development:test"}),
        ("composer install --no-dev", {}),
        ("COMPOSER_NO_DEV=1 composer install", {}),
    ],
)
def test_leaving_out_developers_packages_is_known(code: str, env: dict[str, str]) -> None:
    assert calls(code, env)[-1].production


@pytest.mark.parametrize("code", ["bundle install --without test", "bundle install", "composer install"])
def test_developers_packages_are_known(code: str) -> None:
    assert not call(code).production


@pytest.mark.parametrize(
    "code",
    [
        "bundle install --deployment",
        "bundle config set frozen true && bundle install",
        "BUNDLE_DEPLOYMENT=1 bundle install",
        "composer install",
        "go mod download",
        "GOFLAGS=-mod=vendor go build",
        "go build -mod=readonly",
        "cargo build --locked",
        "cargo install --frozen a",
        "dotnet restore --locked-mode",
    ],
)
def test_holding_to_the_lock_is_known(code: str) -> None:
    assert calls(code)[-1].frozen


@pytest.mark.parametrize("code", ["bundle install", "composer update", "cargo build", "dotnet restore"])
def test_not_holding_to_the_lock_is_known(code: str) -> None:
    assert not call(code).frozen


def test_options_of_msbuild_may_begin_with_a_slash() -> None:
    found = call("dotnet publish a.csproj /p:UseAppHost=false -p:B=C")
    assert (found.option("-p"), found.has("--no-restore"), found.manifests) == ("B=C", False, ("a.csproj",))
