"""npm, pnpm, yarn, bun."""

import pytest

from tests.dockerfile.shelling import call, calls, packages


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("npm install -g a b@1.2.3 @c/d @e/f@^2 g@latest", ["a", "b @1.2.3", "@c/d", "@e/f @^2", "g @latest"]),
        ("npm i --omit dev --registry https://a --prefix b c", ["c"]),
        ("npm install ./a a.tgz file:../b", ["./a (path)", "a.tgz (path)", "file:../b (path)"]),
        ("npm install git+ssh://a/b.git c/d github:e/f https://g/h.tar.gz", None),
        ("npm install -g a@$V @b/c@${W} $D", ["a @$V", "@b/c @${W}", "$D (variable)"]),
        ("npm ci", []),
        ("npm uninstall -g a", ["a"]),
        ("pnpm add -g -w --filter x a@1", ["a @1"]),
        ("pnpm -C /app add a", ["a"]),
        ("yarn global add a@1", ["a @1"]),
        ("yarn workspace x add a", ["a"]),
        ("yarn --cwd /x add a", ["a"]),
        ("yarn install --network-timeout 1000", []),
        ("bun add -d a", ["a"]),
    ],
)
def test_packages_are_told_from_options_and_values(code: str, expected: list[str] | None) -> None:
    special = ["git+ssh://a/b.git (vcs)", "c/d (vcs)", "github:e/f (vcs)", "https://g/h.tar.gz (url)"]
    assert packages(code) == (special if expected is None else expected)


@pytest.mark.parametrize(
    ("code", "manifests"),
    [
        ("npm install", ("package.json",)),
        ("npm ci", ("package.json", "package-lock.json")),
        ("npm install a", ()),
        ("npm install -g", ()),
        ("npm run build", ()),
        ("pnpm install", ("package.json", "pnpm-lock.yaml")),
        ("pnpm fetch", ("pnpm-lock.yaml",)),
        ("yarn", ("package.json", "yarn.lock")),
        ("yarn add a", ()),
        ("bun install", ("package.json", "bun.lock")),
    ],
)
def test_the_files_that_say_what_to_install_are_known(code: str, manifests: tuple[str, ...]) -> None:
    assert call(code).manifests == manifests


@pytest.mark.parametrize(
    ("code", "env"),
    [
        ("npm ci --omit=dev", {}),
        ("npm ci --omit dev", {}),
        ("npm ci --production", {}),
        ("npm install --only=production", {}),
        ("npm ci", {"NODE_ENV": "production"}),
        ("NODE_ENV=production npm ci", {}),
        ("npm config set omit dev && npm ci", {}),
        ("yarn install --production", {}),
        ("yarn --prod", {}),
        ("pnpm i -P", {}),
        ("pnpm install --prod", {}),
        ("bun install --production", {}),
    ],
)
def test_leaving_out_developers_packages_is_known(code: str, env: dict[str, str]) -> None:
    assert calls(code, env)[-1].production


@pytest.mark.parametrize("code", ["npm ci", "npm ci --production=false", "npm ci --omit=optional", "yarn", "pnpm i -D"])
def test_developers_packages_are_known(code: str) -> None:
    assert not call(code).production


@pytest.mark.parametrize(
    "code",
    [
        "npm ci",
        "yarn --frozen-lockfile",
        "yarn install --immutable",
        "pnpm i --frozen-lockfile",
        "bun ci",
        "CI=1 pnpm i",
    ],
)
def test_holding_to_the_lock_is_known(code: str) -> None:
    assert call(code).frozen


@pytest.mark.parametrize("code", ["npm install", "yarn", "pnpm i", "pnpm i --no-frozen-lockfile", "bun i"])
def test_not_holding_to_the_lock_is_known(code: str) -> None:
    assert not call(code).frozen


@pytest.mark.parametrize(
    "code",
    [
        "npm i -g a",
        "npm install --global a",
        "npm i --location=global a",
        "yarn global add a",
        "pnpm add -g a",
        "bun add -g a",
    ],
)
def test_installing_for_the_whole_system_is_known(code: str) -> None:
    assert call(code).global_


@pytest.mark.parametrize(
    ("code", "frozen"),
    [
        ("pnpm install --frozen-lockfile --no-frozen-lockfile", False),
        ("pnpm install --no-frozen-lockfile --frozen-lockfile", True),
        ("yarn install --immutable --immutable=false", False),
        ("CI=1 pnpm install --no-frozen-lockfile", False),
        ("CI=1 pnpm install", True),
        ("uv sync --frozen --no-dev --dev", True),
    ],
)
def test_of_an_option_and_its_opposite_the_last_counts(code: str, frozen: bool) -> None:  # noqa: FBT001 - expected value
    assert call(code).frozen is frozen


def test_an_option_that_takes_a_value_is_no_opposite() -> None:
    assert call("uv pip install --no-index --index https://a b").has("--no-index")
    assert call("pip install --no-cache-dir --cache-dir /x a").no_cache
    assert not call("apt-get install --no-install-recommends --install-recommends a").no_recommends
